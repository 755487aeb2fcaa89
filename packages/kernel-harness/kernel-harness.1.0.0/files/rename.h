/* SPDX-License-Identifier: ISC
 *
 * Included before anything else in kernel.c: the kernel's functions get names of their own, so
 * that they can live in one program with the C library's.
 */
#define malloc kern_malloc
#define free kern_free
#define malloc_init kern_malloc_init
#define malloc_uninit kern_malloc_uninit
#define printf kern_printf
#define panic kern_panic
#define _sleep kern__sleep
#define wakeup kern_wakeup
#define wakeup_one kern_wakeup_one
#define pause_sbt kern_pause_sbt
#define _mtx_init kern__mtx_init
#define _mtx_destroy kern__mtx_destroy
#define mtx_sysinit kern_mtx_sysinit
#define __mtx_lock_flags kern___mtx_lock_flags
#define __mtx_unlock_flags kern___mtx_unlock_flags
#define kthread_add kern_kthread_add
#define kthread_exit kern_kthread_exit
#define fpu_kern_thread kern_fpu_kern_thread
#define module_register_init kern_module_register_init
#define sysctl___kern kern_sysctl___kern
#define sysctl_handle_int kern_sysctl_handle_int
#define sysctl_handle_string kern_sysctl_handle_string
#define nanotime kern_nanotime
#define nanouptime kern_nanouptime
#define microtime kern_microtime
#define microuptime kern_microuptime
#define arc4random_buf kern_arc4random_buf
#define strlcpy kern_strlcpy
