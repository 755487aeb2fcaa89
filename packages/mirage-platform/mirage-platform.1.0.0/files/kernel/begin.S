# SPDX-License-Identifier: ISC
# First object of the link: where the program's writable data begins.
        .data
        .balign 64
        .globl  mirage_data_begin
mirage_data_begin:
        .bss
        .balign 64
        .globl  mirage_bss_begin
mirage_bss_begin:
        .section .note.GNU-stack,"",@progbits
