"""Tokens to values by recursive descent; each function's docstring is its production."""

from __future__ import annotations

from typing import NoReturn

from xpkg.repo.opamfile.errors import OpamSyntaxError
from xpkg.repo.opamfile.lexer import Token, tokenize
from xpkg.repo.opamfile.values import (
    Bool,
    Field,
    Group,
    Ident,
    Integer,
    Item,
    List,
    Logical,
    Option,
    Prefix,
    PrefixRelation,
    Relation,
    Section,
    String,
    Update,
    Value,
)

MAX_SIZE = 1 << 20
"""Characters; the largest recipe of the public repository has under 200,000."""
MAX_DEPTH = 60
"""Levels of brackets, braces and prefixes; far below where Python's own stack would end."""
_CLOSING = {"[": "]", "(": ")", "{": "}"}


def parse_items(text: str, filename: str) -> tuple[Item, ...]:
    """The fields and sections of a whole file.  OpamSyntaxError names the place of what is wrong."""
    if len(text) > MAX_SIZE:
        raise OpamSyntaxError(
            f"the file has {len(text)} characters, more than the {MAX_SIZE} allowed",
            filename=filename,
            text=text[:200],
            offset=0,
        )
    parser = _Parser(text, filename)
    return parser.items("end")


class _Parser:
    """A position in a list of tokens."""

    __slots__ = ("depth", "filename", "next", "text", "tokens")

    def __init__(self, text: str, filename: str) -> None:
        self.text = text
        self.filename = filename
        self.tokens = tokenize(text, filename)
        self.next = 0
        self.depth = 0

    def fail(self, problem: str, token: Token) -> NoReturn:
        raise OpamSyntaxError(problem, filename=self.filename, text=self.text, offset=token.start)

    def deeper(self, token: Token) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(f"nested deeper than {MAX_DEPTH} levels", token)

    def items(self, closing: str) -> tuple[Item, ...]:
        """items := (WORD ":" value | WORD STRING? "{" items "}")*"""
        items: list[Item] = []
        while True:
            name = self.tokens[self.next]
            if name.kind == closing:
                return tuple(items)
            if name.kind != "word":
                self.fail(f"expected a field or a section, found {_described(name)}", name)
            mark = self.tokens[self.next + 1]
            self.next += 2
            if mark.kind == ":":
                value = self.value()
                items.append(Field(name.start, value.end, name.value, value))
            elif mark.kind == "{" or mark.kind == "string":
                items.append(self.section(name, mark))
            else:
                self.fail(f"expected ':' or '{{' after {name.value!r}, found {_described(mark)}", mark)

    def section(self, kind: Token, mark: Token) -> Section:
        """The rest of a section, after its word and the string or brace that follows it."""
        name = None
        if mark.kind == "string":
            name = mark.value
            mark = self.tokens[self.next]
            if mark.kind != "{":
                self.fail(f"expected '{{', found {_described(mark)}", mark)
            self.next += 1
        self.deeper(mark)
        items = self.items("}")
        self.depth -= 1
        end = self.tokens[self.next].end
        self.next += 1
        return Section(kind.start, end, kind.value, name, items)

    def value(self) -> Value:
        """value := conjunction ("|" conjunction)*"""
        first = self.conjunction()
        if self.tokens[self.next].kind != "|":
            return first
        parts = [first]
        while self.tokens[self.next].kind == "|":
            self.next += 1
            parts.append(self.conjunction())
        return Logical(first.start, parts[-1].end, "|", tuple(parts))

    def conjunction(self) -> Value:
        """conjunction := prefixed ("&" prefixed)*"""
        first = self.prefixed()
        if self.tokens[self.next].kind != "&":
            return first
        parts = [first]
        while self.tokens[self.next].kind == "&":
            self.next += 1
            parts.append(self.prefixed())
        return Logical(first.start, parts[-1].end, "&", tuple(parts))

    def prefixed(self) -> Value:
        """prefixed := ("!" | "?")* primary ("{" value* "}")*"""
        tokens = self.tokens
        begin = self.next
        while tokens[self.next].kind == "prefix":
            self.next += 1
        prefixes = self.next - begin
        if prefixes + self.depth > MAX_DEPTH:
            self.fail(f"nested deeper than {MAX_DEPTH} levels", tokens[begin])
        value = self.primary()
        options = 0
        while tokens[self.next].kind == "{":
            options += 1
            if options + self.depth > MAX_DEPTH:
                self.fail(f"nested deeper than {MAX_DEPTH} levels", tokens[self.next])
            self.next += 1
            inside = self.values("{")
            value = Option(value.start, tokens[self.next - 1].end, value, inside)
        for token in reversed(tokens[begin : begin + prefixes]):
            value = Prefix(token.start, value.end, token.value, value)
        return value

    def values(self, opening: str) -> tuple[Value, ...]:
        """Values up to the closing bracket, which is taken too."""
        closing = _CLOSING[opening]
        opened = self.tokens[self.next - 1]
        self.deeper(opened)
        values: list[Value] = []
        while (token := self.tokens[self.next]).kind != closing:
            if token.kind == "end":
                self.fail(f"{opening!r} is never closed", opened)
            values.append(self.value())
        self.next += 1
        self.depth -= 1
        return tuple(values)

    def primary(self) -> Value:
        """primary := "[" value* "]" | "(" value* ")" | RELATION atom | atom ((RELATION | UPDATE) atom)?"""
        token = self.tokens[self.next]
        kind = token.kind
        if kind == "[" or kind == "(":
            self.next += 1
            items = self.values(kind)
            node = List if kind == "[" else Group
            return node(token.start, self.tokens[self.next - 1].end, items)
        if kind == "relation":
            self.next += 1
            value = self.atom()
            return PrefixRelation(token.start, value.end, token.value, value)
        left = self.atom()
        operator = self.tokens[self.next]
        if operator.kind == "relation":
            self.next += 1
            right = self.atom()
            return Relation(left.start, right.end, operator.value, left, right)
        if operator.kind == "update":
            self.next += 1
            right = self.atom()
            return Update(left.start, right.end, operator.value, left, right)
        return left

    def atom(self) -> Value:
        """atom := STRING | WORD | BOOLEAN | INTEGER"""
        kind, start, end, value = token = self.tokens[self.next]
        self.next += 1
        if kind == "string":
            return String(start, end, value)
        if kind == "word":
            return Ident(start, end, value)
        if kind == "boolean":
            return Bool(start, end, value == "true")
        if kind != "integer":
            self.fail(f"expected a value, found {_described(token)}", token)
        if end - start > 18:
            self.fail("the number is too large", token)
        return Integer(start, end, int(value))


def _described(token: Token) -> str:
    """A token in words."""
    if token.kind == "end":
        return "the end of the file"
    if token.kind == "string":
        return "a string"
    return repr(token.value)
