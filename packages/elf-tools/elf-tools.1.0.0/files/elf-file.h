/* SPDX-License-Identifier: ISC
 * ELF files of any class and byte order (System V ABI, "Object Files"), read from memory with every access checked. */
#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bytes {
  unsigned char *data;
  size_t size;
};

struct elf {
  struct bytes file;
  int wide, big; /* 64 bits; the most significant byte first */
  uint64_t type, phoff, shoff;
  unsigned phnum, shnum, shstrndx;
};

struct section {
  uint64_t name, type, flags, addr, offset, size, link, info, align, entsize;
};

/* Where section headers have their fields, in the order of struct section: offset and size, of 32 and 64 bits. */
static const unsigned char SECTION_FIELDS[2][10][2] = {
    {{0, 4}, {4, 4}, {8, 4}, {12, 4}, {16, 4}, {20, 4}, {24, 4}, {28, 4}, {32, 4}, {36, 4}},
    {{0, 4}, {4, 4}, {8, 8}, {16, 8}, {24, 8}, {32, 8}, {40, 4}, {44, 4}, {48, 8}, {56, 8}},
};

static inline unsigned section_size(const struct elf *e) { return e->wide ? 64 : 40; }

/* The number of `size` bytes at `at`; 0 outside of the file. */
static inline uint64_t get(const struct elf *e, uint64_t at, unsigned size) {
  uint64_t value = 0;
  if (at > e->file.size || e->file.size - at < size) return 0;
  for (unsigned i = 0; i < size; i++) value = value << 8 | e->file.data[at + (e->big ? i : size - 1 - i)];
  return value;
}

static inline void put(const struct elf *e, unsigned char *at, unsigned size, uint64_t value) {
  for (unsigned i = 0; i < size; i++) at[e->big ? size - 1 - i : i] = (unsigned char)(value >> 8 * i);
}

static inline struct section section(const struct elf *e, unsigned number) {
  struct section s;
  uint64_t at = e->shoff + (uint64_t)number * section_size(e), *field = (uint64_t *)&s;
  for (int i = 0; i < 10; i++) field[i] = get(e, at + SECTION_FIELDS[e->wide][i][0], SECTION_FIELDS[e->wide][i][1]);
  return s;
}

/* A text of a string section; "" for what is not one. */
static inline const char *text(const struct elf *e, const struct section *strings, uint64_t at) {
  if (strings->type != SHT_STRTAB || at >= strings->size || strings->offset > e->file.size) return "";
  if (strings->size > e->file.size - strings->offset) return "";
  const char *start = (const char *)e->file.data + strings->offset + at;
  return memchr(start, 0, strings->size - at) ? start : "";
}

/* Whether it is an ELF file whose tables lie within it. */
static inline int open_elf(struct elf *e, struct bytes file) {
  memset(e, 0, sizeof *e);
  e->file = file;
  if (file.size < 52 || memcmp(file.data, ELFMAG, SELFMAG) != 0) return 0;
  e->wide = file.data[EI_CLASS] == ELFCLASS64;
  e->big = file.data[EI_DATA] == ELFDATA2MSB;
  e->type = get(e, 16, 2);
  e->phoff = get(e, e->wide ? 32 : 28, e->wide ? 8 : 4);
  e->shoff = get(e, e->wide ? 40 : 32, e->wide ? 8 : 4);
  unsigned counts = e->wide ? 56 : 44;
  e->phnum = (unsigned)get(e, counts, 2);
  e->shnum = (unsigned)get(e, counts + 4, 2);
  e->shstrndx = (unsigned)get(e, counts + 6, 2);
  return e->shoff <= file.size && (file.size - e->shoff) / section_size(e) >= e->shnum;
}

/* The whole file; its data are NULL when it cannot be read. */
static inline struct bytes read_file(const char *name) {
  struct bytes file = {NULL, 0};
  FILE *in = fopen(name, "rb");
  if (!in) return file;
  size_t room = 0, got = 1;
  while (got > 0) {
    if (file.size == room) file.data = realloc(file.data, room = room ? 2 * room : 1 << 16);
    if (!file.data) abort();
    got = fread(file.data + file.size, 1, room - file.size, in);
    file.size += got;
  }
  fclose(in);
  return file;
}
