"""Templates against what they will be given: unknown names, and values of the wrong kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from tailorbird.content import liquid
from tailorbird.content.email import EmailSource, html_tree
from tailorbird.content.shapes import ANY, LOOP, NUMBER, TEXT, TRUTH, Kind, Shape
from tailorbird.content.tree import (
    Assign,
    Body,
    Capture,
    Compare,
    Constant,
    Count,
    Expression,
    Filtered,
    For,
    Logic,
    Negation,
    Node,
    Partial,
    Path,
    Place,
    Span,
    TableRow,
)
from tailorbird.content.walk import bodies, inside, own_expressions
from tailorbird.errors import TemplateError
from tailorbird.yaml_text import nearest

_ARITHMETIC: Final = frozenset(
    {"plus", "minus", "times", "divided_by", "modulo", "round", "ceil", "floor", "abs"}
    | {"at_least", "at_most", "money"}
)
_DATES: Final = ("date", "format_date", "format_time")
_OF_LISTS: Final = frozenset({"join", "map", "where", "sort", "uniq", "compact", "reverse", "sum"})
_GIVES: Final[dict[str, Shape]] = {
    **dict.fromkeys(_ARITHMETIC - {"money"}, NUMBER),
    **dict.fromkeys(
        ("append", "prepend", "capitalize", "upcase", "downcase", "strip", "date", "money", "join"),
        TEXT,
    ),
    "size": NUMBER,
}
_SAID: Final[dict[Kind, str]] = {
    "text": "text", "number": "a number", "truth": "true or false", "instant": "a date",
    "list": "a list", "mapping": "a mapping", "any": "unknown",
}  # fmt: skip
_LOOPS: Final = ("forloop", "tablerowloop")
_INTERNAL: Final = " "
"""Starts the names that no author can write."""


class Misfit(msgspec.Struct, frozen=True):
    """One place where a template does not fit what it is given."""

    where: str
    what: str
    mend: str

    def error(self) -> TemplateError:
        """Return it as an error to raise."""
        return TemplateError(self.what, where=self.where, mend=self.mend)


def misfits(
    source: EmailSource, blocks: Mapping[str, str], given: Mapping[str, Shape]
) -> tuple[Misfit, ...]:
    """Return the places where a mail does not fit what it is given, each once, in order.

    Raises:
        TemplateError: it is not valid at all.
    """
    html, _ = html_tree(source, blocks)
    trees = [
        liquid.parse(subject, f"{source.name}, subject {variant}")
        for variant, subject in source.subjects.items()
    ]
    trees.append(html)
    if source.text:
        trees.append(liquid.parse(source.text, f"{source.name}, text"))
    checker = _Checker(given)
    for tree in trees:
        checker.body(tree, {})
    return tuple(dict.fromkeys(checker.found))


class _Checker:
    """Walks over a tree with the shapes of its local names."""

    def __init__(self, given: Mapping[str, Shape]) -> None:
        self._given = given
        self.found: list[Misfit] = []

    def body(self, body: Body, known: Mapping[str, Shape]) -> None:
        names = dict(known)
        for node in body:
            self._node(node, names)

    def _node(self, node: Node, names: dict[str, Shape]) -> None:
        for expression in own_expressions(node):
            self.shape(expression, names)
        match node:
            case Assign(name, value):
                names[name] = _quiet(self._given).shape(value, names)
            case Capture(name, body):
                self.body(body, names)
                names[name] = TEXT
            case Count(name):
                names[name] = NUMBER
            case For(each, body, otherwise, place):
                self._loop(each.variable, each.collection, body, names, place)
                self.body(otherwise, names)
            case TableRow(each, _, body, place):
                self._loop(each.variable, each.collection, body, names, place)
            case Partial():
                self._partial(node, names)
            case _:
                for inner in bodies(node):
                    self.body(inner, names)

    def _loop(
        self,
        variable: str,
        collection: Expression,
        body: Body,
        names: dict[str, Shape],
        place: Place,
    ) -> None:
        over = _quiet(self._given).shape(collection, names)
        if over.kind in ("text", "number", "truth", "instant"):
            what = f"a loop over {_said(over)}, which is no list"
            self._tell(place, what, "loop over a list, or print the value")
        inner = {**names, variable: over.element or ANY, **dict.fromkeys(_LOOPS, LOOP)}
        self.body(body, inner)

    def _partial(self, node: Partial, names: dict[str, Shape]) -> None:
        found = {} if node.isolated else dict(names)
        quiet = _quiet(self._given)
        for name, value in node.arguments:
            found[name] = quiet.shape(value, names)
        if node.bound is not None:
            bound = quiet.shape(node.bound, names)
            found[node.alias] = (bound.element or ANY) if node.each else bound
            found["forloop"] = LOOP
        self.body(node.body or (), found)

    # -- expressions ------------------------------------------------------------------------------

    def shape(self, expression: Expression, names: Mapping[str, Shape]) -> Shape:
        """Return the shape of an expression's value; what does not fit is noted."""
        match expression:
            case Constant(value):
                return _of_constant(value)
            case Path():
                return self._path(expression, names)
            case Filtered():
                return self._filtered(expression, names)
            case Compare(operator, left, right, place):
                one, two = self.shape(left, names), self.shape(right, names)
                if operator in ("<", ">", "<=", ">="):
                    self._check_order(one, two, place)
                return TRUTH
            case Logic(_, left, right):
                self.shape(left, names)
                self.shape(right, names)
                return TRUTH
            case Negation(value):
                self.shape(value, names)
                return TRUTH
            case Span():
                return Shape("list", element=NUMBER)
        for inner in inside(expression):
            self.shape(inner, names)
        return ANY

    def _path(self, path: Path, names: Mapping[str, Shape]) -> Shape:
        for step in path.steps:
            if not isinstance(step.key, Constant):
                self.shape(step.key, names)
        if not isinstance(path.root, str) or path.root.startswith(_INTERNAL):
            return ANY
        shape = names.get(path.root) or self._given.get(path.root)
        if shape is None:
            mend = nearest(path.root, [*self._given, *names])
            self._tell(path.place, f"there is no variable {path.root!r}", mend)
            return ANY
        walked = path.root
        for step in path.steps:
            key = step.key.value if isinstance(step.key, Constant) else None
            shape = self._step(shape, key, step.dotted, walked, path.place)
            walked = f"{walked}.{key}" if isinstance(key, str) else f"{walked}[]"
        return shape

    def _step(self, shape: Shape, key: object, dotted: bool, walked: str, place: Place) -> Shape:
        if dotted and key == "size" and shape.kind in ("text", "list", "mapping", "any"):
            return NUMBER
        if shape.kind == "list":
            return shape.element or ANY
        if shape.kind != "mapping" or shape.fields is None or not isinstance(key, str):
            if shape.kind in ("text", "number", "truth", "instant") and isinstance(key, str):
                what = f"{walked} is {_said(shape)} and has no {key!r}"
                self._tell(place, what, f"print {walked} itself")
            return ANY
        if key not in shape.fields:
            mend = nearest(key, list(shape.fields))
            self._tell(place, f"{walked} has no {key!r}", mend)
            return ANY
        return shape.fields[key]

    def _filtered(self, node: Filtered, names: Mapping[str, Shape]) -> Shape:
        value = self.shape(node.value, names)
        for argument in (*node.arguments, *(each for _, each in node.named)):
            self.shape(argument, names)
        wrong = ""
        if node.name in _ARITHMETIC and value.kind in ("text", "instant", "truth", "list"):
            wrong = "a number"
        elif node.name in _DATES and value.kind in ("number", "truth", "list", "mapping"):
            wrong = "a date"
        elif node.name in _OF_LISTS and value.kind in ("text", "number", "truth", "instant"):
            wrong = "a list"
        if wrong:
            what = f"{node.name} takes {wrong}, and is given {_said(value)}"
            self._tell(node.place, what, "take the filter out, or put it on another value")
        if node.name == "default":
            fallback = self.shape(node.arguments[0], names) if node.arguments else ANY
            return value if value.kind == fallback.kind else ANY
        if node.name in ("first", "last"):
            return value.element or ANY
        return _GIVES.get(node.name, ANY)

    def _check_order(self, one: Shape, two: Shape, place: Place) -> None:
        kinds = {one.kind, two.kind}
        if "number" in kinds and kinds & {"text", "instant", "truth", "list", "mapping"}:
            what = f"{_said(one)} is compared with {_said(two)}"
            self._tell(place, what, "compare numbers with numbers, dates with dates")

    def _tell(self, place: Place, what: str, mend: str) -> None:
        self.found.append(Misfit(str(place), what, mend))


def _quiet(given: Mapping[str, Shape]) -> _Checker:
    """Return one that looks at what was checked already: nothing is told twice."""
    return _Checker(given)


def _said(shape: Shape) -> str:
    return shape.said or _SAID[shape.kind]


def _of_constant(value: object) -> Shape:
    if isinstance(value, bool):
        return TRUTH
    if isinstance(value, int | float):
        return NUMBER
    return TEXT if isinstance(value, str) else ANY
