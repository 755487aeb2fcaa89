/* SPDX-License-Identifier: ISC
 *
 * Loads a module as FreeBSD/amd64's linker for relocatable objects does (sys/kern/link_elf_obj.c
 * and sys/amd64/amd64/elf_machdep.c): sections that are allocated are mapped, here in the low
 * 2 GiB as there in the top 2 GiB, and relocated with the types that linker knows. It is
 * stricter where the kernel would fail later or in silence: a value that does not fit is an
 * error, and so is an undefined symbol that nothing refers to.
 * Nothing in the file is believed: a broken file ends in BAD_FORMAT, never in a crash.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "harness.h"

#define PAGE 4096ULL
#define LIMIT (1ULL << 30) /* of a file, and of what it asks to be mapped */

enum kind { CODE, CONSTANT, DATA, KINDS, NOWHERE };

struct image {
  unsigned char *file;
  size_t file_size;
  Elf64_Shdr *sections;
  unsigned nsections, symtab, strtab, shstrtab;
  uintptr_t *addresses;          /* of each section; 0 when it is not loaded */
  Elf64_Sym *symbols;            /* with their final values */
  size_t nsymbols;
  char *used;                    /* per symbol: a relocation needs it */
  unsigned char *base;
  size_t size, extent[KINDS], start[KINDS];
  unsigned long relocations[64];
};

static _Noreturn void bad(const char *what) { host_fail(BAD_FORMAT, "not a loadable module: %s", what); }

static void *get(size_t n, size_t size)
{
  void *p = calloc(n > 0 ? n : 1, size);

  if (p == NULL) host_fail(USAGE, "no memory");
  return p;
}

/* ---- The file */

static void read_file(struct image *m, const char *path)
{
  FILE *f = fopen(path, "rb");
  long size;

  if (f == NULL) host_fail(USAGE, "%s: cannot be opened", path);
  if (fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0) host_fail(USAGE, "%s: cannot be read", path);
  if ((unsigned long)size > LIMIT) bad("file is too large");
  rewind(f);
  m->file_size = (size_t)size;
  m->file = get(m->file_size, 1);
  if (fread(m->file, 1, m->file_size, f) != m->file_size) host_fail(USAGE, "%s: cannot be read", path);
  fclose(f);
}

static const char *string_at(const struct image *m, unsigned section, uint64_t offset)
{
  const Elf64_Shdr *s = &m->sections[section];
  const char *base = (const char *)m->file + s->sh_offset;

  if (offset >= s->sh_size || memchr(base + offset, '\0', s->sh_size - offset) == NULL)
    bad("a name is outside its string table");
  return base + offset;
}

static int is_strings(const struct image *m, uint64_t i)
{
  return i > 0 && i < m->nsections && m->sections[i].sh_type == SHT_STRTAB;
}

static void check_section(struct image *m, unsigned i)
{
  Elf64_Shdr *s = &m->sections[i];

  if (s->sh_type != SHT_NOBITS && s->sh_type != SHT_NULL &&
      (s->sh_offset > m->file_size || s->sh_size > m->file_size - s->sh_offset))
    bad("a section is not in the file");
  if (s->sh_size > LIMIT) bad("a section is too large");
  if (s->sh_addralign > PAGE || (s->sh_addralign & (s->sh_addralign - 1)) != 0)
    bad("a section's alignment is not a power of two up to a page");
  switch (s->sh_type) {
  case SHT_SYMTAB:
    if (m->symtab != 0) bad("more than one symbol table");
    if (s->sh_entsize != sizeof(Elf64_Sym) || s->sh_size % sizeof(Elf64_Sym) != 0)
      bad("bad symbol table");
    m->symtab = i;
    break;
  case SHT_REL:
    bad("relocations without addends");
  case SHT_RELA:
    if (s->sh_entsize != sizeof(Elf64_Rela) || s->sh_size % sizeof(Elf64_Rela) != 0 ||
        s->sh_info == 0 || s->sh_info >= m->nsections)
      bad("bad relocation section");
    break;
  default:
    break;
  }
}

static void parse(struct image *m)
{
  Elf64_Ehdr h;
  unsigned i;

  if (m->file_size < sizeof h) bad("too short");
  memcpy(&h, m->file, sizeof h);
  if (memcmp(h.e_ident, ELFMAG, SELFMAG) != 0) bad("no ELF file");
  if (h.e_ident[EI_CLASS] != ELFCLASS64 || h.e_ident[EI_DATA] != ELFDATA2LSB)
    bad("not 64-bit little-endian");
  if (h.e_ident[EI_VERSION] != EV_CURRENT || h.e_version != EV_CURRENT) bad("ELF version");
  if (h.e_type != ET_REL) bad("not a relocatable object");
  if (h.e_machine != EM_X86_64) bad("made for another machine");
  if (h.e_shentsize != sizeof(Elf64_Shdr) || h.e_shnum == 0 || h.e_shoff > m->file_size ||
      h.e_shnum > (m->file_size - h.e_shoff) / sizeof(Elf64_Shdr))
    bad("bad section table");
  m->nsections = h.e_shnum;
  m->sections = get(m->nsections, sizeof *m->sections);
  memcpy(m->sections, m->file + h.e_shoff, m->nsections * sizeof *m->sections);
  for (i = 1; i < m->nsections; i++) check_section(m, i);
  if (m->symtab == 0) bad("no symbol table");
  m->strtab = m->sections[m->symtab].sh_link;
  m->shstrtab = h.e_shstrndx;
  if (!is_strings(m, m->strtab) || !is_strings(m, m->shstrtab)) bad("bad string table");
}

/* ---- Memory: code, then constants, then data, each on pages of its own */

static enum kind kind_of(const Elf64_Shdr *s)
{
  if ((s->sh_flags & SHF_ALLOC) == 0) return NOWHERE;
  switch (s->sh_type) {
  case SHT_PROGBITS: case SHT_NOBITS: case SHT_INIT_ARRAY: case SHT_FINI_ARRAY:
  case SHT_X86_64_UNWIND:
    break;
  default:
    return NOWHERE;
  }
  if (s->sh_flags & SHF_TLS) bad("thread-local data");
  if (s->sh_flags & SHF_EXECINSTR) return CODE;
  return (s->sh_flags & SHF_WRITE) ? DATA : CONSTANT;
}

static uint64_t up(uint64_t n, uint64_t align) { return (n + align - 1) & ~(align - 1); }

static void place(struct image *m, uint64_t common)
{
  uint64_t at = 0;
  int kind;
  unsigned i;

  m->addresses = get(m->nsections, sizeof *m->addresses);
  for (kind = 0; kind < KINDS; kind++) {
    at = up(at, PAGE);
    m->start[kind] = at;
    for (i = 1; i < m->nsections; i++) {
      const Elf64_Shdr *s = &m->sections[i];

      if ((int)kind_of(s) != kind) continue;
      at = up(at, s->sh_addralign > 0 ? s->sh_addralign : 1);
      m->addresses[i] = at;
      at += s->sh_size;
      if (at > LIMIT) bad("it asks for too much memory");
    }
    if (kind == DATA) at = up(at, 64) + common;
    m->extent[kind] = up(at, PAGE) - m->start[kind];
  }
  m->size = up(at, PAGE);
  if (m->size == 0) bad("no contents");
  m->base = mmap(NULL, m->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  if (m->base == MAP_FAILED || (uintptr_t)m->base + m->size > 0x7fffffff)
    host_fail(USAGE, "no memory in the low 2 GiB");
  for (i = 1; i < m->nsections; i++) {
    const Elf64_Shdr *s = &m->sections[i];

    if (kind_of(s) == NOWHERE) continue;
    m->addresses[i] += (uintptr_t)m->base;
    if (s->sh_type != SHT_NOBITS)
      memcpy((void *)m->addresses[i], m->file + s->sh_offset, s->sh_size);
  }
}

/* ---- Symbols */

/* Room for common symbols, which have no section: their value is an alignment. */
static uint64_t common_size(const struct image *m)
{
  uint64_t total = 0;
  size_t i;

  for (i = 1; i < m->nsymbols; i++) {
    const Elf64_Sym *s = &m->symbols[i];

    if (s->st_shndx != SHN_COMMON) continue;
    if (s->st_value > PAGE || (s->st_value & (s->st_value - 1)) != 0 || s->st_size > LIMIT)
      bad("bad common symbol");
    total = up(total, s->st_value > 0 ? s->st_value : 1) + s->st_size;
    if (total > LIMIT) bad("it asks for too much memory");
  }
  return total;
}

static void define_symbols(struct image *m, uint64_t common)
{
  uintptr_t at = (uintptr_t)m->base + m->size - up(common, PAGE);
  size_t i;

  /* The common block was put last among the data, behind a multiple of 64. */
  if (common > 0) at = up((uintptr_t)m->base + m->start[DATA], 64);
  for (i = 1; common > 0 && i < m->nsections; i++)
    if (kind_of(&m->sections[i]) == DATA && m->addresses[i] + m->sections[i].sh_size > at)
      at = up(m->addresses[i] + m->sections[i].sh_size, 64);
  for (i = 1; i < m->nsymbols; i++) {
    Elf64_Sym *s = &m->symbols[i];

    string_at(m, m->strtab, s->st_name);
    if (ELF64_ST_TYPE(s->st_info) == STT_TLS) bad("a thread-local symbol");
    if (ELF64_ST_TYPE(s->st_info) == STT_GNU_IFUNC) bad("an indirect function");
    switch (s->st_shndx) {
    case SHN_UNDEF: case SHN_ABS:
      break;
    case SHN_COMMON:
      at = up(at, s->st_value > 0 ? s->st_value : 1);
      s->st_value = at;
      at += s->st_size;
      break;
    default:
      if (s->st_shndx >= m->nsections) bad("a symbol's section does not exist");
      if (s->st_value > m->sections[s->st_shndx].sh_size) bad("a symbol is outside its section");
      s->st_value += m->addresses[s->st_shndx];
    }
  }
}

static int is_set_bound(const char *name)
{
  return strncmp(name, "__start_set_", 12) == 0 || strncmp(name, "__stop_set_", 11) == 0;
}

static void resolve_symbols(struct image *m, void *(*resolve)(const char *))
{
  int missing = 0;
  size_t i;

  for (i = 1; i < m->nsymbols; i++) {
    Elf64_Sym *s = &m->symbols[i];
    const char *name = string_at(m, m->strtab, s->st_name);
    void *address;

    if (s->st_shndx != SHN_UNDEF) continue;
    /* The kernel finds linker sets by their sections; nobody may refer to these names. */
    if (!m->used[i] && is_set_bound(name)) continue;
    if (ELF64_ST_BIND(s->st_info) == STB_LOCAL || *name == '\0') {
      if (m->used[i]) bad("a relocation refers to no symbol");
      continue;
    }
    address = resolve(name);
    if (address == NULL && ELF64_ST_BIND(s->st_info) == STB_WEAK) continue;
    if (address == NULL) {
      host_note("undefined symbol: %s", name);
      missing++;
    }
    s->st_value = (uintptr_t)address;
  }
  if (missing > 0)
    host_fail(UNDEFINED_SYMBOL, "%d symbol%s not in the kernel's interface", missing,
              missing == 1 ? " is" : "s are");
}

/* ---- Relocations */

static const char *relocation_name(unsigned type, char *buffer, size_t size)
{
  static const char *const names[] = {
    "NONE", "64", "PC32", "GOT32", "PLT32", "COPY", "GLOB_DAT", "JUMP_SLOT", "RELATIVE",
    "GOTPCREL", "32", "32S", "16", "PC16", "8", "PC8", "DTPMOD64", "DTPOFF64", "TPOFF64",
    "TLSGD", "TLSLD", "DTPOFF32", "GOTTPOFF", "TPOFF32", "PC64", "GOTOFF64", "GOTPC32"
  };

  if (type == R_X86_64_GOTPCRELX) return "R_X86_64_GOTPCRELX";
  if (type == R_X86_64_REX_GOTPCRELX) return "R_X86_64_REX_GOTPCRELX";
  if (type < sizeof names / sizeof *names) snprintf(buffer, size, "R_X86_64_%s", names[type]);
  else snprintf(buffer, size, "type %u", type);
  return buffer;
}

static _Noreturn void bad_relocation(const struct image *m, const Elf64_Rela *r, const char *why)
{
  char buffer[32];
  const Elf64_Sym *s = &m->symbols[ELF64_R_SYM(r->r_info)];
  const char *name = string_at(m, m->strtab, s->st_name);

  host_fail(BAD_RELOCATION, "relocation %s against %s %s",
            relocation_name(ELF64_R_TYPE(r->r_info), buffer, sizeof buffer),
            *name != '\0' ? name : "a section", why);
}

/* The width of the field, 0 for no field at all; unknown types end here. */
static unsigned width_of(const struct image *m, const Elf64_Rela *r)
{
  switch (ELF64_R_TYPE(r->r_info)) {
  case R_X86_64_NONE: return 0;
  case R_X86_64_64: return 8;
  case R_X86_64_PC32: case R_X86_64_PLT32: case R_X86_64_32S: return 4;
  default: bad_relocation(m, r, "is not one the kernel's linker supports");
  }
}

static void relocate_one(struct image *m, const Elf64_Rela *r, uintptr_t place)
{
  uint64_t value = m->symbols[ELF64_R_SYM(r->r_info)].st_value + (uint64_t)r->r_addend;
  unsigned width = width_of(m, r);

  if (width == 0) return;
  if (width == 4) {
    if (ELF64_R_TYPE(r->r_info) != R_X86_64_32S) value -= place;
    if ((int64_t)value != (int32_t)value) bad_relocation(m, r, "is out of range");
  }
  memcpy((void *)place, &value, width);
}

static void each_relocation(struct image *m, int apply)
{
  unsigned i;
  uint64_t j;

  for (i = 1; i < m->nsections; i++) {
    const Elf64_Shdr *s = &m->sections[i], *to;

    if (s->sh_type != SHT_RELA || m->addresses[s->sh_info] == 0) continue;
    to = &m->sections[s->sh_info];
    if (s->sh_link != m->symtab) bad("relocations for another symbol table");
    for (j = 0; j < s->sh_size / sizeof(Elf64_Rela); j++) {
      Elf64_Rela r;
      unsigned width;

      memcpy(&r, m->file + s->sh_offset + j * sizeof r, sizeof r);
      if (ELF64_R_SYM(r.r_info) >= m->nsymbols) bad("a relocation's symbol does not exist");
      width = width_of(m, &r);
      if (r.r_offset > to->sh_size || width > to->sh_size - r.r_offset)
        bad("a relocation is outside its section");
      if (to->sh_type == SHT_NOBITS) bad("relocations for a section without contents");
      if (apply) relocate_one(m, &r, m->addresses[s->sh_info] + r.r_offset);
      else {
        m->used[ELF64_R_SYM(r.r_info)] = 1;
        m->relocations[ELF64_R_TYPE(r.r_info) % 64]++;
      }
    }
  }
}

/* ---- The whole */

struct image *image_load(const char *path, void *(*resolve)(const char *))
{
  static const int protection[KINDS] = {
    [CODE] = PROT_READ | PROT_EXEC, [CONSTANT] = PROT_READ, [DATA] = PROT_READ | PROT_WRITE
  };
  struct image *m = get(1, sizeof *m);
  uint64_t common;
  int kind;

  read_file(m, path);
  parse(m);
  m->nsymbols = m->sections[m->symtab].sh_size / sizeof(Elf64_Sym);
  m->symbols = get(m->nsymbols, sizeof *m->symbols);
  memcpy(m->symbols, m->file + m->sections[m->symtab].sh_offset, m->nsymbols * sizeof *m->symbols);
  m->used = get(m->nsymbols, 1);
  common = common_size(m);
  place(m, common);
  define_symbols(m, common);
  each_relocation(m, 0);
  resolve_symbols(m, resolve);
  each_relocation(m, 1);
  for (kind = 0; kind < KINDS; kind++)
    if (m->extent[kind] > 0 &&
        mprotect(m->base + m->start[kind], m->extent[kind], protection[kind]) != 0)
      host_fail(USAGE, "memory cannot be protected");
  return m;
}

void image_print(const struct image *m)
{
  char buffer[32];
  unsigned type;

  host_note("loaded at %p: code %zu KiB, constants %zu KiB, data %zu KiB", (void *)m->base,
            m->extent[CODE] / 1024, m->extent[CONSTANT] / 1024, m->extent[DATA] / 1024);
  for (type = 0; type < 64; type++)
    if (m->relocations[type] > 0)
      host_note("%8lu relocations %s", m->relocations[type],
                relocation_name(type, buffer, sizeof buffer));
}

void image_unload(struct image *m)
{
  munmap(m->base, m->size);
  free(m->file);
  free(m->sections);
  free(m->addresses);
  free(m->symbols);
  free(m->used);
  free(m);
}

struct set image_set(const struct image *m, const char *name)
{
  struct set set = { NULL, NULL };
  unsigned i;

  for (i = 1; i < m->nsections; i++) {
    const char *section = string_at(m, m->shstrtab, m->sections[i].sh_name);

    if (m->addresses[i] == 0 || strncmp(section, "set_", 4) != 0 || strcmp(section + 4, name) != 0)
      continue;
    set.begin = (void **)m->addresses[i];
    set.end = set.begin + m->sections[i].sh_size / sizeof(void *);
    break;
  }
  return set;
}

const char *image_symbol(const struct image *m, uintptr_t address, uintptr_t *offset)
{
  const Elf64_Sym *best = NULL;
  size_t i;

  if (address < (uintptr_t)m->base || address >= (uintptr_t)m->base + m->size) return NULL;
  for (i = 1; i < m->nsymbols; i++) {
    const Elf64_Sym *s = &m->symbols[i];

    if (s->st_shndx == SHN_UNDEF || s->st_shndx == SHN_ABS || s->st_value > address ||
        ELF64_ST_TYPE(s->st_info) == STT_SECTION || s->st_name == 0)
      continue;
    if (best == NULL || s->st_value >= best->st_value) best = s;
  }
  if (best == NULL) return NULL;
  *offset = address - best->st_value;
  return (const char *)m->file + m->sections[m->strtab].sh_offset + best->st_name;
}
