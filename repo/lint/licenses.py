"""Licences in SPDX's form, as the field ``license`` should have them."""

from __future__ import annotations

import re

# SPDX keeps these for old documents only: each says less than the "-only" or "-or-later" one that took its place, or
# has been split up.  opam knows none of them (spdx_licenses lists the present ones).
_WITHDRAWN_TEXT = """
agpl-1.0 agpl-3.0 bsd-2-clause-freebsd bsd-2-clause-netbsd bzip2-1.0.5 ecos-2.0 gfdl-1.1 gfdl-1.2 gfdl-1.3 gpl-1.0
gpl-2.0 gpl-2.0-with-autoconf-exception gpl-2.0-with-bison-exception gpl-2.0-with-classpath-exception
gpl-2.0-with-font-exception gpl-2.0-with-gcc-exception gpl-3.0 gpl-3.0-with-autoconf-exception
gpl-3.0-with-gcc-exception lgpl-2.0 lgpl-2.1 lgpl-3.0 net-snmp nunit standardml-nj wxwindows
"""
_WITHDRAWN = frozenset(_WITHDRAWN_TEXT.split())
_WORD = re.compile(r"[^\s()]+")
_LONGEST = 1000  # characters; Python's reader compiles the expression
_REFERENCE = re.compile(r"documentref-[a-z0-9.-]+:licenseref-[a-z0-9.-]+", re.IGNORECASE)


def is_spdx(text: str) -> bool:
    """Whether the text is an expression over present SPDX licences (SPDX 2.3, annex D)."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    if len(text) > _LONGEST or any(word.lower().removesuffix("+") in _WITHDRAWN for word in _WORD.findall(text)):
        return False
    try:
        # References into other documents are valid too, which Python's reader does not know.
        canonicalize_license_expression(_REFERENCE.sub("LicenseRef-other", text))
    except InvalidLicenseExpression:
        return False
    return True
