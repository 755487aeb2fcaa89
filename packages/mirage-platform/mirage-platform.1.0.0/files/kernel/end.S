# SPDX-License-Identifier: ISC
# Object after the program's: where its writable data ends.
        .data
        .globl  mirage_data_end
mirage_data_end:
        .bss
        .globl  mirage_bss_end
mirage_bss_end:
        .section .note.GNU-stack,"",@progbits
