/* SPDX-License-Identifier: ISC
 *
 * nm [OPTION]... FILE...: the symbols of ELF files and archives, as POSIX's nm and GNU's print them, for any machine.
 */
#include "elf-file.h"

static int posix, unsorted, numeric, external, undefined, defined, with_file, all, dynamic;

struct symbol {
  const char *name;
  uint64_t value, size;
  char letter;
};

static char letter_of(const struct elf *e, unsigned info, uint64_t index) {
  unsigned bind = info >> 4, type = info & 15;
  char letter;
  if (index == SHN_UNDEF) return bind == STB_WEAK ? (type == STT_OBJECT ? 'v' : 'w') : 'U';
  if (index == SHN_COMMON) return 'C';
  if (bind == STB_WEAK) return type == STT_OBJECT ? 'V' : 'W';
  if (bind == STB_GNU_UNIQUE) return 'u';
  if (type == STT_GNU_IFUNC) return 'i';
  struct section s = section(e, (unsigned)index);
  if (index == SHN_ABS || index >= e->shnum) letter = 'A';
  else if (s.flags & SHF_EXECINSTR) letter = 'T';
  else if (s.flags & SHF_WRITE) letter = s.type == SHT_NOBITS ? 'B' : 'D';
  else letter = s.flags & SHF_ALLOC ? 'R' : 'N';
  return bind == STB_LOCAL ? (char)(letter + 'a' - 'A') : letter;
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const struct symbol *)a)->name, ((const struct symbol *)b)->name);
}

static int by_value(const void *a, const void *b) {
  uint64_t x = ((const struct symbol *)a)->value, y = ((const struct symbol *)b)->value;
  return x < y ? -1 : x > y ? 1 : by_name(a, b);
}

static void show(const struct elf *e, const struct symbol *s, const char *file) {
  int digits = e->wide ? 16 : 8, has_value = !strchr("Uwv", s->letter);
  if (with_file) printf("%s:%s", file, posix ? " " : "");
  if (posix) {
    printf("%s %c ", s->name, s->letter);
    if (has_value) printf("%llx %llx", (unsigned long long)s->value, (unsigned long long)s->size);
    putchar('\n');
  } else if (has_value) {
    printf("%0*llx %c %s\n", digits, (unsigned long long)s->value, s->letter, s->name);
  } else {
    printf("%*s %c %s\n", digits, "", s->letter, s->name);
  }
}

static void list(const struct elf *e, const char *file) {
  unsigned wanted = dynamic ? SHT_DYNSYM : SHT_SYMTAB, each = e->wide ? 24 : 16;
  for (unsigned i = 0; i < e->shnum; i++) {
    struct section table = section(e, i);
    if (table.type != wanted || table.offset > e->file.size || table.size > e->file.size - table.offset) continue;
    struct section strings = section(e, (unsigned)table.link);
    size_t count = 0, room = table.size / each;
    struct symbol *found = calloc(room + 1, sizeof *found);
    if (!found) abort();
    for (uint64_t n = 1; n < room; n++) {
      uint64_t at = table.offset + n * each, index = get(e, at + (e->wide ? 6 : 14), 2);
      unsigned info = (unsigned)get(e, at + (e->wide ? 4 : 12), 1);
      struct symbol s = {text(e, &strings, get(e, at, 4)), get(e, at + (e->wide ? 8 : 4), e->wide ? 8 : 4),
                         get(e, at + (e->wide ? 16 : 8), e->wide ? 8 : 4), letter_of(e, info, index)};
      unsigned type = info & 15;
      if (!all && (type == STT_FILE || type == STT_SECTION || !*s.name)) continue;
      if ((external && info >> 4 == STB_LOCAL) || (undefined && index != 0) || (defined && index == 0)) continue;
      found[count++] = s;
    }
    if (!unsorted) qsort(found, count, sizeof *found, numeric ? by_value : by_name);
    for (size_t n = 0; n < count; n++) show(e, &found[n], file);
    free(found);
  }
}

static int named(const char *name, struct bytes file, const char *shown, int heading) {
  struct elf e;
  if (!open_elf(&e, file)) {
    fprintf(stderr, "nm: %s: file format not recognized\n", name);
    return 1;
  }
  if (heading && !with_file) printf(posix ? "%s:\n" : "\n%s:\n", shown);
  list(&e, name);
  return 0;
}

/* Members by the archive's headers (ar(5)); long names are in the member "//", or before the data as BSD has them. */
static int archive(const char *name, struct bytes file) {
  const char *names = "";
  size_t names_size = 0;
  for (size_t at = 8; at + 60 <= file.size;) {
    const char *header = (const char *)file.data + at;
    char number[11] = {0}, label[256] = {0};
    memcpy(number, header + 48, 10);
    size_t size = strtoul(number, NULL, 10), start = at + 60, skip = 0;
    if (size > file.size - start) break;
    if (memcmp(header, "#1/", 3) == 0) {
      skip = strtoul(header + 3, NULL, 10);
      if (skip > size) break;
      snprintf(label, sizeof label, "%.*s", (int)skip, (const char *)file.data + start);
    } else if (header[0] == '/' && header[1] >= '0' && header[1] <= '9') {
      size_t offset = strtoul(header + 1, NULL, 10), end = offset;
      while (end < names_size && names[end] != '\n') end++;
      if (end > offset && names[end - 1] == '/') end--;
      if (offset < names_size) snprintf(label, sizeof label, "%.*s", (int)(end - offset), names + offset);
    } else {
      int length = 0;
      while (length < 16 && header[length] != '/' && header[length] != ' ') length++;
      snprintf(label, sizeof label, "%.*s", length, header);
    }
    struct bytes member = {file.data + start + skip, size - skip};
    if (memcmp(header, "// ", 3) == 0) names = (const char *)file.data + start, names_size = size;
    else if (header[0] != '/' || label[0]) {
      char full[600];
      snprintf(full, sizeof full, with_file ? "%s:%s" : "%s[%s]", name, label);
      struct elf e;
      if (strncmp(label, "__.SYMDEF", 9) != 0 && open_elf(&e, member)) named(with_file ? full : name, member, posix ? full : label, 1);
    }
    at = start + size + (size & 1);
  }
  return 0;
}

static int one(const char *name, int several) {
  struct bytes file = read_file(name);
  if (!file.data) {
    fprintf(stderr, "nm: '%s': No such file\n", name);
    return 1;
  }
  if (file.size >= 8 && memcmp(file.data, "!<arch>\n", 8) == 0) return archive(name, file);
  return named(name, file, name, several);
}

static int format(const char *name) {
  posix = name[0] == 'p';
  return name[0] == 'p' || name[0] == 'b';
}

static int long_option(const char *word) {
  if (!strncmp(word, "format=", 7)) return format(word + 7);
  if (!strcmp(word, "portability")) posix = 1;
  else if (!strcmp(word, "no-sort")) unsorted = 1;
  else if (!strcmp(word, "numeric-sort")) numeric = 1;
  else if (!strcmp(word, "extern-only")) external = 1;
  else if (!strcmp(word, "undefined-only")) undefined = 1;
  else if (!strcmp(word, "defined-only")) defined = 1;
  else if (!strcmp(word, "print-file-name")) with_file = 1;
  else if (!strcmp(word, "dynamic")) dynamic = 1;
  else if (!strcmp(word, "debug-syms")) all = 1;
  else return !strcmp(word, "demangle") || !strcmp(word, "no-demangle");
  return 1;
}

static int short_options(const char *letters) {
  for (; *letters; letters++) switch (*letters) {
    case 'B': posix = 0; break;
    case 'P': posix = 1; break;
    case 'p': unsorted = 1; break;
    case 'n': case 'v': numeric = 1; break;
    case 'g': external = 1; break;
    case 'u': undefined = 1; break;
    case 'U': defined = 1; break;
    case 'A': case 'o': with_file = 1; break;
    case 'a': all = 1; break;
    case 'D': dynamic = 1; break;
    case 'C': break;
    default: return 0;
    }
  return 1;
}

int main(int argc, char **argv) {
  int files = 0, failed = 0;
  for (int i = 1; i < argc; i++) {
    char *word = argv[i];
    if (!strcmp(word, "--version") || !strcmp(word, "-V") || !strcmp(word, "--help")) {
      puts("nm (xpkg elf-tools) 1.0.0: takes options of GNU nm: -aABCDgnopPuUv, --format=bsd|posix");
      return 0;
    }
    int known = 1;
    if (!strcmp(word, "-f") && i + 1 < argc) known = format(argv[i + 1]), argv[++i] = NULL;
    else if (!strncmp(word, "--", 2)) known = long_option(word + 2);
    else if (word[0] == '-' && word[1]) known = short_options(word + 1);
    else { argv[++files] = word; continue; }
    if (!known) {
      fprintf(stderr, "nm: unknown option '%s'\n", word);
      return 1;
    }
  }
  if (files == 0) argv[++files] = "a.out";
  for (int i = 1; i <= files; i++) failed |= one(argv[i], files > 1);
  return failed;
}
