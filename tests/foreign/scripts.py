"""Recognising the JavaScript that other systems' forms carry: read as text into a tree, by a small grammar, and never run.

What the grammar knows is what a condition can say: names, values, comparisons for equality, and, or, not, one-of-two. A script of any
other form is `Unrecognised`, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.foreign.conversion import Condition, Json, all_of, any_of, negated


class Unrecognised(Exception):
    """The script says something that a condition cannot. The message is the reason."""


@dataclass(frozen=True)
class Node:
    """A part of an expression: its sort, and its parts."""

    sort: str  # name, value, list, not, and, or, same, either
    parts: tuple[Any, ...]


TOKEN = re.compile(
    r"""\s+ | //[^\n]* | /\*.*?\*/
    | (?P<text>"[^"\n]*"|'[^'\n]*') | (?P<number>\d+(?:\.\d+)?) | (?P<name>[A-Za-z_$][\w$]*)
    | (?P<template>`[^`]*`) | (?P<sign>===|!==|==|!=|&&|\|\||\?\.|=>|\.\.\.|>=|<=|[!?:.()\[\]{},;=<>+\-*/])""",
    re.VERBOSE | re.DOTALL,
)
WORDS = {"true": True, "false": False, "null": None}
REASONS = {
    "`": "a text with values in it",
    "...": "a copied object",
    "{": "a copied object",
    "=>": "a function",
    "<": "a comparison of sizes",
}
REASONS |= {
    ">": REASONS["<"],
    "<=": REASONS["<"],
    ">=": REASONS["<"],
    "+": "arithmetic",
    "-": "arithmetic",
    "*": "arithmetic",
}


def script(text: str) -> Node:
    """What a script computes: its last assignment, with its constants put in their places."""
    return _Script(text).whole()


class _Script:
    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.at = 0
        self.constants: dict[str, Node] = {}

    # --- statements -------------------------------------------------------------------------------------------------

    def whole(self) -> Node:
        found = self.statements()
        if found is None:
            raise Unrecognised("a script that gives no value")
        if self.at < len(self.tokens):
            raise Unrecognised("several statements")
        return found

    def statements(self) -> Node | None:
        found: Node | None = None
        while self.at < len(self.tokens) and self.seen() != "}":
            if found is not None:
                raise Unrecognised("several statements")
            if self.take("const"):
                name = self.next()
                if name in ("[", "{"):
                    raise Unrecognised("a value taken apart")
                self.must("=")
                self.constants[name] = self.expression()
            elif self.take("if"):
                found = self.branches()
            elif self.tokens[self.at : self.at + 3] == ["instance", ".", "setValue"]:
                self.at += 3
                self.must("(")
                found = self.expression()
                self.must(")")
            elif self.take("show") or self.take("value") or self.take("valid"):
                self.must("=")
                found = self.expression()
            else:
                raise Unrecognised(
                    "a statement that changes another answer" if "=" in self.tokens else "several statements"
                )
            self.take(";")
        return found

    def branches(self) -> Node:
        self.must("(")
        test = self.expression()
        self.must(")")
        first = self.block()
        if not self.take("else"):
            return Node("either", (test, first, Node("value", (None,))))
        return Node("either", (test, first, self.block()))

    def block(self) -> Node:
        self.must("{")
        found = self.statements()
        self.must("}")
        if found is None:
            raise Unrecognised("a script that gives no value")
        return found

    # --- expressions, from the loosest binding to the tightest -----------------------------------------------------------

    def expression(self) -> Node:
        test = self.alternatives()
        if not self.take("?"):
            return test
        first = self.expression()
        self.must(":")
        return Node("either", (test, first, self.expression()))

    def alternatives(self) -> Node:
        found = self.conjunction()
        while self.take("||"):
            found = Node("or", (found, self.conjunction()))
        return found

    def conjunction(self) -> Node:
        found = self.comparison()
        while self.take("&&"):
            found = Node("and", (found, self.comparison()))
        return found

    def comparison(self) -> Node:
        found = self.unary()
        while (sign := self.seen()) in ("===", "!==", "==", "!="):
            self.at += 1
            same = Node("same", (found, self.unary()))
            found = same if sign in ("===", "==") else Node("not", (same,))
        return found

    def unary(self) -> Node:
        if self.take("!"):
            return Node("not", (self.unary(),))
        return self.primary()

    def primary(self) -> Node:
        if self.take("("):
            found = self.expression()
            self.must(")")
            return found
        if self.take("["):
            return self.listed()
        token = self.next()
        if token[0] in "\"'":
            return Node("value", (token[1:-1],))
        if token[0].isdigit():
            return Node("value", (int(token) if token.isdecimal() else float(token),))
        if token in WORDS:
            return Node("value", (WORDS[token],))
        if not re.match(r"[A-Za-z_$]", token):
            raise Unrecognised(REASONS.get(token[0], f"“{token}”"))
        return self.named(token)

    def listed(self) -> Node:
        items: list[Node] = []
        while not self.take("]"):
            items.append(self.expression())
            if self.seen() != "]":
                self.must(",")
        if not self.take("."):
            return Node("list", tuple(items))
        if self.next() != "includes":
            raise Unrecognised("a call of a function")
        self.must("(")
        sought = self.expression()
        self.must(")")
        found = Node("value", (False,))
        for item in items:
            found = Node("or", (found, Node("same", (sought, item))))
        return found

    def named(self, first: str) -> Node:
        names = [first]
        while self.take(".") or self.take("?."):
            names.append(self.next())
        if self.seen() == "(":
            if names[-1] != "trim":
                raise Unrecognised("a call of a function")
            self.at += 1
            self.must(")")
            names.pop()
        if names[0] in self.constants and len(names) == 1:
            return self.constants[names[0]]
        if names[0] not in ("data", "row") or len(names) == 1:
            raise Unrecognised("a value of the surrounding system")
        return Node("name", (names[0], tuple(names[1:])))

    # --- tokens -------------------------------------------------------------------------------------------------------

    def seen(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def next(self) -> str:
        if not (token := self.seen()):
            raise Unrecognised("a script that breaks off")
        self.at += 1
        return token

    def take(self, token: str) -> bool:
        if self.seen() == token:
            self.at += 1
            return True
        return False

    def must(self, token: str) -> None:
        if not self.take(token):
            raise Unrecognised(REASONS.get(self.seen(), f"“{self.seen()}”"))


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    while at < len(text):
        if not (m := TOKEN.match(text, at)):
            raise Unrecognised(f"“{text[at]}”")
        if m.lastgroup:
            found.append(m[0])
        at = m.end()
    return found


# --- what an expression means, as a condition of a definition ---------------------------------------------------------------


@dataclass(frozen=True)
class Subject:
    """Something that conditions can look at: what it means that it is given, and that it is a certain value."""

    given: Condition
    equals: Callable[[Any], Condition]


Find = Callable[[str, tuple[str, ...]], Subject]


def condition_of(node: Node, find: Find) -> Condition:
    """The condition under which an expression is true, as JavaScript counts truth."""
    if node.sort == "value":
        return bool(node.parts[0])
    if node.sort == "name":
        return find(*node.parts).given
    if node.sort == "not":
        return negated(condition_of(node.parts[0], find))
    if node.sort in ("and", "or"):
        join = all_of if node.sort == "and" else any_of
        return join([condition_of(part, find) for part in node.parts])
    if node.sort == "same":
        one, other = node.parts
        return _same(one, other, find)
    if node.sort == "either":
        test, first, second = (condition_of(part, find) for part in node.parts)
        return any_of([all_of([test, first]), all_of([negated(test), second])])
    raise Unrecognised("a list where a condition is due")


def _same(one: Node, other: Node, find: Find) -> Condition:
    if one.sort == "value":
        one, other = other, one
    if one.sort != "name" or other.sort != "value":
        raise Unrecognised("a comparison of two answers")
    return find(*one.parts).equals(other.parts[0])


def values_of(node: Node, find: Find) -> list[tuple[Json, Condition]]:
    """The values an expression can have, each with its condition; the first whose condition holds is the one."""
    if node.sort == "value":
        return [] if node.parts[0] is None else [(node.parts[0], True)]
    if node.sort == "list" and all(item.sort == "value" for item in node.parts):
        return [([item.parts[0] for item in node.parts], True)]
    if node.sort == "either":
        test = condition_of(node.parts[0], find)
        first = [(value, all_of([test, when])) for value, when in values_of(node.parts[1], find)]
        second = [(value, all_of([negated(test), when])) for value, when in values_of(node.parts[2], find)]
        return [(value, when) for value, when in [*first, *second] if when is not False]
    if node.sort == "name":
        raise Unrecognised("a copy of another answer")
    return [(value, when) for value, when in [(True, condition_of(node, find)), (False, True)] if when is not False]
