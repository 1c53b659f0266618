"""Templates against what they will be given: unknown names, and values of the wrong kind."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Final

import msgspec

from tailorbird.content.email import EmailSource, html_tree
from tailorbird.content.languages import language
from tailorbird.content.library import described
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
    If,
    Logic,
    Negation,
    Node,
    Output,
    Partial,
    Path,
    Place,
    Span,
    TableRow,
)
from tailorbird.content.walk import bodies, inside, own_expressions, parts
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
_SLIP: Final = 0.75
"""How like a known name another must be to count as a slip of the pen."""
_LOOPS: Final = ("forloop", "tablerowloop")
NO_BLOCKS: Final[Mapping[str, frozenset[str]]] = {}
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
    tongue = language(source.syntax)
    trees = [
        tongue.plain(subject, f"{source.name}, subject {variant}")
        for variant, subject in source.subjects.items()
    ]
    trees.append(html)
    if source.text:
        trees.append(tongue.plain(source.text, f"{source.name}, text"))
    takes = {block.name: frozenset(block.takes) for block in described(blocks)}
    checker = _Checker(given, takes)
    for tree in trees:
        checker.body(tongue.look_ups(tree, sure=True), {})
    return tuple(dict.fromkeys(checker.found))


class _Checker:
    """Walks over a tree with the shapes of its local names.

    In a block, a name that nobody knows is an argument that need not be given, where the block's
    description says that it takes it, or where it has a `default` or a test around it, unless it
    looks like a slip of the pen. `_takes` are the blocks with what each takes, `_tested` says which
    paths were tested by here, `_asked` that this is a test itself.
    """

    def __init__(
        self, given: Mapping[str, Shape], takes: Mapping[str, frozenset[str]] = NO_BLOCKS
    ) -> None:
        self._given = given
        self._takes = takes
        self._asked = False
        self._tested: frozenset[str] = frozenset()
        self.found: list[Misfit] = []

    def body(self, body: Body, known: Mapping[str, Shape]) -> None:
        names = dict(known)
        for node in body:
            self._node(node, names)

    def _node(self, node: Node, names: dict[str, Shape]) -> None:
        asked, self._asked = self._asked, not isinstance(node, Output | Assign)
        for expression in own_expressions(node):
            self.shape(expression, names)
        self._asked = asked
        match node:
            case If(branches, otherwise):
                for branch in branches:
                    self._under(branch.test, branch.body, names)
                self.body(otherwise, names)
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

    def _under(self, test: Expression, body: Body, names: dict[str, Shape]) -> None:
        """Check a body that is reached when a test holds."""
        before = self._tested
        self._tested |= {_dotted(part) for part in parts(test) if isinstance(part, Path)}
        self.body(body, names)
        self._tested = before

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
            known = [*self._given, *names]
            if not self._may_lack(path, path.root, known):
                mend = nearest(path.root, known)
                self._tell(path.place, f"there is no variable {path.root!r}", mend)
            return ANY
        walked = path.root
        for step in path.steps:
            key = step.key.value if isinstance(step.key, Constant) else None
            fields = list(shape.fields) if shape.fields is not None else None
            unknown = fields is not None and isinstance(key, str) and key not in fields
            if fields is not None and unknown and self._may_lack(path, str(key), fields):
                return ANY
            shape = self._step(shape, key, step.dotted, walked, path.place)
            walked = f"{walked}.{key}" if isinstance(key, str) else f"{walked}[]"
        return shape

    def _may_lack(self, path: Path, name: str, known: list[str]) -> bool:
        """Return whether a name that is not known may be left out where it stands."""
        takes = self._takes.get(path.place.name)
        if takes is None:
            return False
        if name == path.root and name in takes:
            return True
        copes = self._asked or _dotted(path) in self._tested
        return copes and not difflib.get_close_matches(name, known, n=1, cutoff=_SLIP)

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
        asked, self._asked = self._asked, self._asked or node.name == "default"
        value = self.shape(node.value, names)
        self._asked = asked
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


def _dotted(path: Path) -> str:
    """Return a path in a form in which equal ones are equal."""
    keys = [str(step.key.value) if isinstance(step.key, Constant) else "" for step in path.steps]
    return ".".join([str(path.root), *keys])


def _said(shape: Shape) -> str:
    return shape.said or _SAID[shape.kind]


def _of_constant(value: object) -> Shape:
    if isinstance(value, bool):
        return TRUTH
    if isinstance(value, int | float):
        return NUMBER
    return TEXT if isinstance(value, str) else ANY
