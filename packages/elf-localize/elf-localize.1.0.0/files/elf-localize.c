/* SPDX-License-Identifier: ISC
 *
 * elf-localize [-k SYMBOL]... [-u PREFIX] INPUT OUTPUT
 *
 * Copies a relocatable 64-bit little-endian ELF object and makes every symbol it defines local,
 * but those named by -k. With -u, symbols it leaves undefined must begin with PREFIX: what a
 * program's own libraries lack must not be taken from whoever has that name. So a program with a C library of its own can go into a kernel that has
 * functions of the same names. File symbols (names of sources, often temporary) are dropped.
 *
 * In a symbol table the local symbols come first, so the table is put in a new order and
 * whatever refers to a symbol by number is rewritten: relocations and section groups.
 */
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef SHT_LLVM_ADDRSIG
#define SHT_LLVM_ADDRSIG 0x6fff4c03
#endif

static const char *input;

static _Noreturn void fail(const char *format, ...)
{
  va_list args;

  fprintf(stderr, "elf-localize: %s: ", input);
  va_start(args, format);
  vfprintf(stderr, format, args);
  va_end(args);
  fputc('\n', stderr);
  exit(1);
}

static void *get(size_t size)
{
  void *p = calloc(1, size > 0 ? size : 1);

  if (p == NULL) fail("no memory");
  return p;
}

/* ---- The object. Every offset and index of the file is checked before it is used. */

static unsigned char *file;
static size_t file_size;
static Elf64_Ehdr header;
static Elf64_Shdr *sections;
static unsigned char **contents;      /* per section; NULL when it has none in the file */
static unsigned nsections, symtab;

static void read_file(void)
{
  FILE *f = fopen(input, "rb");
  long size;

  if (f == NULL) fail("%s", strerror(errno));
  if (fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0) fail("%s", strerror(errno));
  rewind(f);
  file_size = (size_t)size;
  file = get(file_size);
  if (fread(file, 1, file_size, f) != file_size) fail("cannot read it whole");
  fclose(f);
}

static void parse(void)
{
  unsigned i;

  if (file_size < sizeof header) fail("not an ELF file");
  memcpy(&header, file, sizeof header);
  if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) fail("not an ELF file");
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
      header.e_type != ET_REL)
    fail("not a relocatable 64-bit little-endian object");
  if (header.e_shentsize != sizeof *sections || header.e_shnum == 0 ||
      header.e_shoff > file_size ||
      header.e_shnum > (file_size - header.e_shoff) / sizeof *sections)
    fail("bad section table");
  nsections = header.e_shnum;
  sections = get(nsections * sizeof *sections);
  contents = get(nsections * sizeof *contents);
  memcpy(sections, file + header.e_shoff, nsections * sizeof *sections);
  for (i = 1; i < nsections; i++) {
    Elf64_Shdr *s = &sections[i];

    if (s->sh_type == SHT_SYMTAB_SHNDX) fail("too many sections");
    if (s->sh_type == SHT_SYMTAB) {
      if (symtab != 0) fail("two symbol tables");
      symtab = i;
    }
    if (s->sh_type == SHT_NULL || s->sh_type == SHT_NOBITS) continue;
    if (s->sh_offset > file_size || s->sh_size > file_size - s->sh_offset)
      fail("section %u is not in the file", i);
    if ((s->sh_type == SHT_SYMTAB || s->sh_type == SHT_RELA) && s->sh_offset % 8 != 0)
      fail("section %u is not aligned", i);
    contents[i] = file + s->sh_offset;
  }
  if (symtab == 0) fail("no symbol table");
  if (sections[symtab].sh_link == 0 || sections[symtab].sh_link >= nsections ||
      sections[sections[symtab].sh_link].sh_type != SHT_STRTAB ||
      sections[symtab].sh_size % sizeof(Elf64_Sym) != 0)
    fail("bad symbol table");
  if (sections[symtab].sh_link == header.e_shstrndx)
    fail("symbols and sections have their names in one table; put it through ld -r first");
}

static const char *symbol_name(const Elf64_Sym *s)
{
  const Elf64_Shdr *strings = &sections[sections[symtab].sh_link];
  const char *base = (const char *)contents[sections[symtab].sh_link];

  if (s->st_name >= strings->sh_size ||
      memchr(base + s->st_name, '\0', strings->sh_size - s->st_name) == NULL)
    fail("bad symbol name");
  return base + s->st_name;
}

/* ---- The new symbol table */

static uint32_t *new_index, nsymbols, dropped = UINT32_MAX;
static const char *undefined_prefix = "";

static int count_undefined(const Elf64_Sym *table, uint32_t n)
{
  uint32_t i;
  int bad = 0;

  for (i = 1; i < n; i++) {
    const char *name = symbol_name(&table[i]);

    if (table[i].st_shndx != SHN_UNDEF || *name == '\0' ||
        strncmp(name, undefined_prefix, strlen(undefined_prefix)) == 0)
      continue;
    fprintf(stderr, "elf-localize: %s: undefined symbol: %s\n", input, name);
    bad++;
  }
  return bad;
}

static int kept(const char *name, char **keep, int nkeep)
{
  int i;

  for (i = 0; i < nkeep; i++)
    if (strcmp(name, keep[i]) == 0) return 1;
  return 0;
}

static void localize(char **keep, int nkeep)
{
  Elf64_Shdr *table = &sections[symtab], *strings = &sections[table->sh_link];
  const Elf64_Sym *old = (const Elf64_Sym *)contents[symtab];
  uint32_t i, n = (uint32_t)(table->sh_size / sizeof *old), used = 1;
  size_t text_size = 1;
  Elf64_Sym *new = get(n * sizeof *new);
  char *text;
  int pass;

  if (count_undefined(old, n) > 0) exit(1);
  for (i = 0; i < n; i++) text_size += strlen(symbol_name(&old[i])) + 1;
  text = get(text_size);
  text_size = 1;
  nsymbols = n;
  new_index = get(n * sizeof *new_index);
  for (pass = 0; pass < 2; pass++) {
    for (i = 1; i < n; i++) {
      Elf64_Sym s = old[i];
      const char *name = symbol_name(&s);
      unsigned bind = ELF64_ST_BIND(s.st_info), type = ELF64_ST_TYPE(s.st_info);

      if (type == STT_FILE) {
        new_index[i] = dropped;
        continue;
      }
      if (bind != STB_LOCAL && s.st_shndx != SHN_UNDEF && !kept(name, keep, nkeep)) {
        if (s.st_shndx == SHN_COMMON) fail("%s is a common symbol", name);
        bind = STB_LOCAL;
        s.st_info = ELF64_ST_INFO(bind, type);
        s.st_other = STV_DEFAULT;
      }
      if ((bind == STB_LOCAL) != (pass == 0)) continue;
      new_index[i] = used;
      s.st_name = 0;
      if (*name != '\0') {
        s.st_name = (Elf64_Word)text_size;
        strcpy(text + text_size, name);
        text_size += strlen(name) + 1;
      }
      new[used++] = s;
    }
    if (pass == 0) table->sh_info = used;
  }
  contents[symtab] = (unsigned char *)new;
  table->sh_size = used * sizeof *new;
  contents[table->sh_link] = (unsigned char *)text;
  strings->sh_size = text_size;
}

static uint32_t renumber(uint64_t index, const char *what)
{
  if (index >= nsymbols || new_index[index] == dropped) fail("bad symbol number in %s", what);
  return new_index[index];
}

static void rewrite_references(void)
{
  unsigned i;
  uint64_t j;

  for (i = 1; i < nsections; i++) {
    Elf64_Shdr *s = &sections[i];

    switch (s->sh_type) {
    case SHT_RELA:
      if (s->sh_size % sizeof(Elf64_Rela) != 0 || s->sh_link != symtab) fail("bad relocations");
      for (j = 0; j < s->sh_size / sizeof(Elf64_Rela); j++) {
        Elf64_Rela *r = (Elf64_Rela *)contents[i] + j;

        r->r_info = ELF64_R_INFO((uint64_t)renumber(ELF64_R_SYM(r->r_info), "relocations"),
                                 ELF64_R_TYPE(r->r_info));
      }
      break;
    case SHT_REL:
      fail("relocations without addends");
    case SHT_GROUP:
      s->sh_info = renumber(s->sh_info, "a section group");
      break;
    case SHT_LLVM_ADDRSIG:
      /* Symbol numbers that only a linker would use, to fold functions. */
      s->sh_type = SHT_NULL;
      s->sh_size = 0;
      contents[i] = NULL;
      break;
    default:
      break;
    }
  }
}

/* ---- Output: the sections one after the other, then their table */

static void put(FILE *f, const void *p, size_t size, uint64_t *at)
{
  if (size > 0 && fwrite(p, 1, size, f) != size) fail("cannot write: %s", strerror(errno));
  *at += size;
}

static void pad(FILE *f, uint64_t align, uint64_t *at)
{
  static const char zeros[1];

  if (align > 4096) align = 4096;
  while (align > 1 && *at % align != 0) put(f, zeros, 1, at);
}

static void write_file(const char *output)
{
  FILE *f = fopen(output, "wb");
  uint64_t at = 0;
  unsigned i;

  if (f == NULL) fail("%s: %s", output, strerror(errno));
  put(f, &header, sizeof header, &at);
  for (i = 1; i < nsections; i++) {
    if (contents[i] != NULL) pad(f, sections[i].sh_addralign, &at);
    sections[i].sh_offset = at;
    if (contents[i] != NULL) put(f, contents[i], sections[i].sh_size, &at);
  }
  pad(f, 8, &at);
  header.e_shoff = at;
  put(f, sections, nsections * sizeof *sections, &at);
  rewind(f);
  put(f, &header, sizeof header, &at);
  if (fclose(f) != 0) fail("%s: %s", output, strerror(errno));
}

int main(int argc, char **argv)
{
  char **keep = get((size_t)argc * sizeof *keep);
  int nkeep = 0, i = 1;

  for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
    if (strcmp(argv[i], "-k") == 0) keep[nkeep++] = argv[i + 1];
    else if (strcmp(argv[i], "-u") == 0) undefined_prefix = argv[i + 1];
    else break;
  }
  if (argc - i != 2 || argv[i][0] == '-') {
    fputs("usage: elf-localize [-k SYMBOL]... [-u PREFIX] INPUT OUTPUT\n", stderr);
    return 2;
  }
  input = argv[i];
  read_file();
  parse();
  localize(keep, nkeep);
  rewrite_references();
  write_file(argv[i + 1]);
  return 0;
}
