/* SPDX-License-Identifier: ISC
 *
 * OCaml's runtime includes this to ask a terminal for its size, if TIOCGWINSZ is defined.
 */
