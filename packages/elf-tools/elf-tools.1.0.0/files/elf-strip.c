/* SPDX-License-Identifier: ISC
 *
 * strip [OPTION]... [-o OUTPUT] FILE...: programs and shared objects of any machine without symbols and debugging
 * information.  Relocatable objects and archives are left as they are: what links them needs their symbols.
 */
#include "elf-file.h"
#include <sys/stat.h>

static int debug_only;

static int starts(const char *name, const char *with) { return strncmp(name, with, strlen(with)) == 0; }

static int goes(const struct elf *e, unsigned number, const struct section *names) {
  struct section s = section(e, number);
  const char *name = text(e, names, s.name);
  if (number == 0 || number == e->shstrndx || s.flags & SHF_ALLOC) return 0;
  if (starts(name, ".debug") || starts(name, ".zdebug") || starts(name, ".stab") || starts(name, ".gdb_index")) return 1;
  return !debug_only && (s.type == SHT_SYMTAB || s.type == SHT_STRTAB || s.type == SHT_SYMTAB_SHNDX);
}

/* The end of what is loaded, or describes it: segments, their table, sections that are part of them. */
static uint64_t loaded(const struct elf *e) {
  unsigned each = e->wide ? 56 : 32;
  uint64_t end = e->phoff + (uint64_t)e->phnum * each;
  for (unsigned i = 0; i < e->phnum; i++) {
    uint64_t at = e->phoff + (uint64_t)i * each;
    uint64_t last = get(e, at + (e->wide ? 8 : 4), e->wide ? 8 : 4) + get(e, at + (e->wide ? 32 : 16), e->wide ? 8 : 4);
    if (last > end) end = last;
  }
  for (unsigned i = 1; i < e->shnum; i++) {
    struct section s = section(e, i);
    if (s.flags & SHF_ALLOC && s.type != SHT_NOBITS && s.offset + s.size > end) end = s.offset + s.size;
  }
  return end;
}

/* The size of all sections that are not loaded. */
static uint64_t others(const struct elf *e) {
  uint64_t size = 0;
  for (unsigned i = 1; i < e->shnum; i++) {
    struct section s = section(e, i);
    if (!(s.flags & SHF_ALLOC) && s.type != SHT_NOBITS) size += s.size;
  }
  return size;
}

/* Copies what is loaded, then the other sections that stay, then their headers with new numbers. */
static struct bytes stripped(const struct elf *e) {
  struct section names = section(e, e->shstrndx);
  uint64_t end = loaded(e);
  unsigned *number = calloc(e->shnum + 1, sizeof *number), count = 0, each = section_size(e);
  /* The header, what is loaded, the others each behind up to 15 bytes, the table of their headers behind up to 7. */
  unsigned char *out = calloc(1, 64 + end + others(e) + 16 * (uint64_t)e->shnum + 8 + (uint64_t)e->shnum * each);
  if (!number || !out) abort();
  memcpy(out, e->file.data, end);
  for (unsigned i = 0; i < e->shnum; i++) number[i] = goes(e, i, &names) ? 0 : count++;
  unsigned char *headers = calloc(count, each);
  if (!headers) abort();
  for (unsigned i = 0; i < e->shnum; i++) {
    struct section s = section(e, i);
    if (goes(e, i, &names)) continue;
    if (i > 0 && !(s.flags & SHF_ALLOC) && s.type != SHT_NOBITS) {
      uint64_t align = s.align > 1 && s.align <= 16 ? s.align : 1;
      end = (end + align - 1) / align * align;
      memcpy(out + end, e->file.data + s.offset, s.size);
      s.offset = end;
      end += s.size;
    }
    s.link = s.link < e->shnum ? number[s.link] : 0;
    if (s.type == SHT_REL || s.type == SHT_RELA || s.flags & SHF_INFO_LINK) s.info = s.info < e->shnum ? number[s.info] : 0;
    const uint64_t *field = (const uint64_t *)&s;
    for (int f = 0; f < 10; f++)
      put(e, headers + (size_t)number[i] * each + SECTION_FIELDS[e->wide][f][0], SECTION_FIELDS[e->wide][f][1], field[f]);
  }
  end = (end + 7) / 8 * 8;
  memcpy(out + end, headers, (size_t)count * each);
  put(e, out + (e->wide ? 40 : 32), e->wide ? 8 : 4, end);
  put(e, out + (e->wide ? 60 : 48), 2, count);
  put(e, out + (e->wide ? 62 : 50), 2, number[e->shstrndx]);
  return (struct bytes){out, end + (uint64_t)count * each};
}

/* Whether all is within the file, and no two of the sections that are copied are the same bytes. */
static int within(const struct elf *e) {
  if (e->shnum == 0 || e->shstrndx >= e->shnum || loaded(e) > e->file.size) return 0;
  for (unsigned i = 1; i < e->shnum; i++) {
    struct section s = section(e, i);
    if (s.type != SHT_NOBITS && (s.offset > e->file.size || s.size > e->file.size - s.offset)) return 0;
  }
  return others(e) <= e->file.size;
}

/* The old file stays until the new one is whole; a program that runs keeps the old one. */
static int write_file(const char *output, struct bytes file, mode_t mode) {
  char *beside = malloc(strlen(output) + sizeof ".stripped");
  if (!beside) abort();
  sprintf(beside, "%s.stripped", output);
  FILE *to = fopen(beside, "wb");
  int done = to && fwrite(file.data, 1, file.size, to) == file.size;
  if (to && fclose(to) != 0) done = 0;
  done = done && chmod(beside, mode) == 0 && rename(beside, output) == 0;
  if (!done) {
    fprintf(stderr, "strip: %s: cannot be written\n", output);
    if (to) remove(beside);
  }
  free(beside);
  return !done;
}

static int strip(const char *input, const char *output) {
  struct bytes file = read_file(input);
  struct stat status;
  struct elf e;
  if (!file.data || stat(input, &status) != 0) {
    fprintf(stderr, "strip: '%s': No such file\n", input);
    return 1;
  }
  int is_archive = file.size >= 8 && memcmp(file.data, "!<arch>\n", 8) == 0;
  if (!is_archive && !open_elf(&e, file)) {
    fprintf(stderr, "strip: %s: file format not recognized\n", input);
    return 1;
  }
  if (!is_archive && (e.type == ET_EXEC || e.type == ET_DYN) && within(&e)) file = stripped(&e);
  else if (output == input) return 0;
  return write_file(output, file, status.st_mode & 07777);
}

/* The option says how much of the symbols goes, or what is no matter here: all go, as none is needed. */
static int is_known(const char *word) {
  static const char *const known[] = {
      "--strip-all", "--strip-unneeded", "--discard-all", "--discard-locals", "--preserve-dates", "--wildcard",
      "--enable-deterministic-archives", "--disable-deterministic-archives", "--verbose", NULL};
  static const char *const with_name[] = {"--remove-section=", "--keep-symbol=", "--strip-symbol=", "--keep-section=", NULL};
  for (int i = 0; known[i]; i++)
    if (!strcmp(word, known[i])) return 1;
  for (int i = 0; with_name[i]; i++)
    if (starts(word, with_name[i])) return 1;
  return word[1] != '-' && strspn(word + 1, "sxXpDUwv") == strlen(word + 1);
}

int main(int argc, char **argv) {
  const char *output = NULL;
  int files = 0, failed = 0;
  for (int i = 1; i < argc; i++) {
    char *word = argv[i];
    if (!strcmp(word, "--version") || !strcmp(word, "-V") || !strcmp(word, "--help")) {
      puts("strip (xpkg elf-tools) 1.0.0: takes options of GNU strip: -s -g -S -d -x -p -D -o FILE, -R and -K without effect");
      return 0;
    }
    if (!strcmp(word, "-o") && i + 1 < argc) output = argv[++i];
    else if ((!strcmp(word, "-R") || !strcmp(word, "-K") || !strcmp(word, "-N")) && i + 1 < argc) i++;
    else if (!strcmp(word, "-g") || !strcmp(word, "-S") || !strcmp(word, "-d") || !strcmp(word, "--strip-debug")) debug_only = 1;
    else if (word[0] != '-' || !word[1]) argv[++files] = word;
    else if (!is_known(word)) {
      fprintf(stderr, "strip: %s: not supported\n", word);
      return 1;
    }
  }
  if (files == 0 || (output && files > 1)) {
    fprintf(stderr, "strip: %s\n", files ? "-o is for one file" : "no file is named");
    return 1;
  }
  for (int i = 1; i <= files; i++) failed |= strip(argv[i], output ? output : argv[i]);
  return failed;
}
