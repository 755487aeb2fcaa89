"""opam's checks of single fields: who made the package, what it is, where it comes from."""

from __future__ import annotations

from collections.abc import Iterator

from xpkg.repo.lint.addresses import read_address
from xpkg.repo.lint.findings import Found, error, warning
from xpkg.repo.lint.licenses import is_spdx
from xpkg.repo.lint.subject import KNOWN_FLAGS, Subject
from xpkg.repo.opamfile.values import String
from xpkg.repo.version_order import compare

_DEFAULT_MAINTAINER = "contact@ocamlpro.com"
_PEOPLE_READ = ("maintainer", "homepage", "authors", "author", "license", "doc", "tags", "bug-reports")


@error("3", "every field and section is known and has its form", "opam reads on without the field")
def field_form(subject: Subject) -> Iterator[Found]:
    yield from subject.malformed


@warning("4", "name and version are those of the directory", "the directory decides; xpkg refuses the recipe")
def identity(subject: Subject) -> Iterator[Found]:
    for field, expected in (("name", subject.name), ("version", subject.version)):
        stated = subject.text(field)
        if None not in (stated, expected) and stated is not None and stated.value.strip() != expected:
            yield Found(stated, f"the {field} is {stated.value[:80]!r}, but the directory says {expected!r}")


@warning("20", "opam-version is MAJOR.MINOR", "it names a format, which patch releases do not change")
def format_patch(subject: Subject) -> Iterator[Found]:
    stated = subject.text("opam-version")
    if stated is not None and stated.value.count(".") > 1:
        yield Found(stated, f"{stated.value[:20]!r} names a patch release")


@error("21", 'opam-version is "2.0"', "checks are those of that format; opam upgrades an older recipe when it reads it")
def format_version(subject: Subject) -> Iterator[Found]:
    stated = subject.text("opam-version")
    if stated is not None and compare(stated.value, "2.0") != 0:
        yield Found(stated, f"the recipe is of format {stated.value[:20]!r}")


@error("22", "a field that is there says something", "an empty text passes for an answer")
def empty_field(subject: Subject) -> Iterator[Found]:
    for name in _PEOPLE_READ:
        values = subject.elements(name)
        if len(values) == 1 and isinstance(values[0], String) and not values[0].value:
            yield Found(values[0], f"{name} is empty", "fill it or leave it out")


@error("23", "there is a maintainer", "somebody has to answer for the recipe")
def maintainer(subject: Subject) -> Iterator[Found]:
    if not subject.texts("maintainer"):
        yield Found(None, "the field maintainer is missing")


@error("24", "the maintainer is not opam's old default", "nobody there knows the package")
def default_maintainer(subject: Subject) -> Iterator[Found]:
    own = any(tag.value == "org:ocamlpro" for tag in subject.texts("tags"))
    for person in subject.texts("maintainer"):
        if person.value == _DEFAULT_MAINTAINER and not own:
            yield Found(person, f"the maintainer is the default, {_DEFAULT_MAINTAINER}")


@warning("25", "the authors are named", "credit, and whom to ask about the licence")
def authors(subject: Subject) -> Iterator[Found]:
    if not subject.texts("authors") and not subject.texts("author"):
        yield Found(None, "the field authors is missing")


@error(
    "28", "flags among the tags are known", "opam takes a tag flags:NAME for a flag, and ignores one it does not know"
)
def unknown_flag(subject: Subject) -> Iterator[Found]:
    for tag, flag in subject.tag_flags:
        if flag not in KNOWN_FLAGS:
            yield Found(tag, f"there is no flag {flag[:80]!r}")


@warning("35", "there is a homepage", "people look for documentation")
def homepage(subject: Subject) -> Iterator[Found]:
    if not subject.texts("homepage"):
        yield Found(None, "the field homepage is missing")


@warning("36", "there is an address for bug reports", "people who find a bug look here")
def bug_reports(subject: Subject) -> Iterator[Found]:
    if not subject.texts("bug-reports"):
        yield Found(None, "the field bug-reports is missing")


@warning("37", "a package with a source has dev-repo", "one who fixes it needs the repository")
def dev_repo(subject: Subject) -> Iterator[Found]:
    if subject.url is not None and subject.text("dev-repo") is None:
        yield Found(None, "the field dev-repo is missing")


@error("42", "dev-repo is under version control", "it is cloned")
def dev_repo_control(subject: Subject) -> Iterator[Found]:
    place = subject.text("dev-repo")
    if place is not None and not read_address(place.value).is_version_control:
        yield Found(place, "dev-repo names no version control system", "write git+https://... or hg+https://...")


@warning("44", "the name of a plugin begins with opam-", "opam finds its plugins by name")
def plugin_name(subject: Subject) -> Iterator[Found]:
    name = subject.stated_name
    if "plugin" in subject.flags and name is not None and not name.startswith("opam-"):
        yield Found(subject.fields.get("flags"), "the flag plugin is set, but the name does not begin with opam-")


def _synopsis(subject: Subject) -> tuple[String | None, str]:
    """The synopsis and its place; the first line of opam 1's ``descr`` serves as well."""
    old = subject.text("descr")
    place = subject.text("synopsis") if old is None else old
    if place is None:
        return None, ""
    text = place.value.strip()
    return place, text if old is None else text.partition("\n")[0].strip()


@warning("47", "the synopsis begins with a capital and ends without a dot", "lists of packages look alike")
def synopsis_style(subject: Subject) -> Iterator[Found]:
    place, text = _synopsis(subject)
    data = text.encode("utf-8", "surrogateescape")
    if place is None or not data:
        return
    # opam looks at bytes and takes them for Latin-1, where these are small letters.
    small = data[:1].islower() or data[0] == 0xB5 or (data[0] >= 0xDF and data[0] != 0xF7)
    if small:
        yield Found(place, "the synopsis does not begin with a capital")
    elif data.endswith(b".") or len(data) < 2:
        yield Found(place, "the synopsis ends with a dot" if data.endswith(b".") else "the synopsis is one character")


@error("57", "there is a synopsis", "lists of packages show it")
def synopsis(subject: Subject) -> Iterator[Found]:
    place, text = _synopsis(subject)
    if not text:
        yield Found(place, "the synopsis is empty" if place else "the field synopsis is missing")


@warning("62", "the licence is an SPDX expression", "programs that collect licences read nothing else")
def license_form(subject: Subject) -> Iterator[Found]:
    for one in subject.texts("license"):
        if not is_spdx(one.value):
            yield Found(one, f"{one.value[:80]!r} is no SPDX licence", "the list is at https://spdx.org/licenses")


@warning("68", "there is a licence", "without one nobody may use the package")
def license_missing(subject: Subject) -> Iterator[Found]:
    if not subject.texts("license"):
        yield Found(None, "the field license is missing")


CHECKS = (
    field_form,
    identity,
    format_patch,
    format_version,
    empty_field,
    maintainer,
    default_maintainer,
    authors,
    unknown_flag,
    homepage,
    bug_reports,
    dev_repo,
    dev_repo_control,
    plugin_name,
    synopsis_style,
    synopsis,
    license_form,
    license_missing,
)
