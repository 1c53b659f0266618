"""Expressions of the tree into Python expressions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tailorbird.content.filters import FILTERS
from tailorbird.content.generate.writer import Writer
from tailorbird.content.tree import (
    Compare,
    Constant,
    Expression,
    Filtered,
    Logic,
    Negation,
    Path,
    Span,
    Special,
    Step,
)
from tailorbird.content.values import bound

SPECIAL_STEPS = frozenset({"size", "first", "last"})
OWN = "own_"
"""How the Python names of own names begin."""
_COMPARISONS = {"<": "less", ">": "more", "<=": "less_or_equal", ">=": "more_or_equal"}
_TEXT_FILTERS = frozenset(
    {"append", "prepend", "capitalize", "upcase", "downcase", "strip", "lstrip", "rstrip", "json"}
    | {"strip_newlines", "strip_html", "newline_to_br", "escape_once", "replace", "remove"}
    | {"replace_first", "remove_first", "join", "money"}
)
"""Filters that always give a str."""


@dataclass(frozen=True, slots=True)
class Loop:
    """The Python names of a loop that is being written, and what the template calls it."""

    variable: str
    element: str
    index: str
    length: str
    key: str
    record: str = "forloop"
    columns: str = ""
    outer: str = "None"
    """The loop around the unit, where this is its outermost."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Fields of the element that were read at the top of the loop."""


@dataclass(slots=True)
class Names:
    """How the names of a template are found in one unit.

    `mutable` names can change while rendering and are looked up each time. `given` ones are looked
    up once, at the top, and `own` ones too, which then hold what the unit assigns; all the others
    are read from the data once, at the top.
    """

    mutable: frozenset[str]
    given: frozenset[str] = frozenset()
    own: Mapping[str, str] = field(default_factory=dict)
    """Python names of those that only this unit assigns."""
    passing: frozenset[str] = frozenset()
    """Own names of which nobody reads what was assigned in an earlier turn of a loop."""
    loops: list[Loop] = field(default_factory=list)
    roots: dict[str, str] = field(default_factory=dict)

    def read(self, name: str) -> str:
        """Return the Python expression that gives a name's value."""
        for loop in reversed(self.loops):
            if loop.variable == name:
                return loop.element
            if loop.record == name:
                return self.record(loop)
        if name in self.own:
            return self.own[name]
        if name in self.mutable:
            return f"look({name!r})"
        return self.roots.setdefault(name, f"r{len(self.roots)}")

    def fields(self, element: str) -> Mapping[str, str]:
        """Return the names of the fields of a loop's element that were read already."""
        return next((loop.fields for loop in self.loops if loop.element == element), {})

    def record(self, loop: Loop) -> str:
        """Return the Python expression of a whole `forloop`."""
        if loop.columns:
            return f"row_record({loop.index}, {loop.length}, {loop.columns})"
        outer = self.parent(loop)
        parent = self.record(outer) if outer else loop.outer
        return f"record({loop.key!r}, {loop.index}, {loop.length}, {parent})"

    def parent(self, loop: Loop) -> Loop | None:
        """Return the loop around a loop, in the same unit."""
        around = self.loops[: self.loops.index(loop)]
        return next((each for each in reversed(around) if not each.columns), None)

    def innermost(self, record: str) -> Loop | None:
        """Return the innermost loop whose record has this name, unless a variable hides it."""
        for loop in reversed(self.loops):
            if loop.variable == record:
                return None
            if loop.record == record:
                return loop
        return None


def _blank(code: str) -> str:
    if code.isidentifier():
        return f"(not {code}.strip() if {code}.__class__ is str else is_blank({code}))"
    return f"is_blank({code})"


def _may_change(code: str) -> bool:
    """Return whether Python can give another value when it is run again in the same turn."""
    return any(each in code for each in ("look(", "scope.", ":=", OWN))


_FIELDS = {
    "index": "({i} + 1)",
    "index0": "{i}",
    "first": "({i} == 0)",
    "last": "({i} == {n} - 1)",
    "length": "{n}",
    "rindex": "({n} - {i})",
    "rindex0": "({n} - {i} - 1)",
}


class Expressions:
    """Writes expressions for one unit."""

    def __init__(self, writer: Writer, names: Names) -> None:
        self._writer = writer
        self.names = names

    def value(self, expression: Expression) -> str:
        """Return Python that gives an expression's value."""
        match expression:
            case Constant(value):
                return repr(value)
            case Special():
                return "''"
            case Path():
                return self._path(expression)
            case Span(first, last):
                if isinstance(first, Constant) and isinstance(last, Constant):
                    return f"span({bound(first.value)}, {bound(last.value)})"
                return f"span({self.value(first)}, {self.value(last)})"
            case Filtered():
                return self._filtered(expression)
            case _:
                return f"({self.truth(expression)})"

    def truth(self, expression: Expression) -> str:
        """Return Python that gives whether an expression counts as true."""
        match expression:
            case Compare():
                return self._compare(expression)
            case Logic(operator, left, right):
                return f"({self.truth(left)} {operator} {self.truth(right)})"
            case Negation(value):
                return f"(not {self.truth(value)})"
            case Special():
                return "True"
            case Constant(value):
                return repr(value is not None and value is not False)
            case _:
                value = self.value(expression)
                if value.isidentifier():
                    return f"({value} is not None and {value} is not False)"
                name = self._writer.fresh()
                return f"(({name} := {value}) is not None and {name} is not False)"

    def printed(self, expression: Expression, escape: str) -> str:
        """Return Python that gives the str to print."""
        value = self.value(expression)
        if escape != "none":
            code = f"escape_{escape}({value})"
            return code if _may_change(value) else self._writer.shared(code)
        if isinstance(expression, Filtered) and expression.name in _TEXT_FILTERS:
            return value
        if value.isidentifier():
            return f"({value} if {value}.__class__ is str else text({value}))"
        name = self._writer.fresh()
        return f"({name} if ({name} := {value}).__class__ is str else text({name}))"

    # -- look-ups ---------------------------------------------------------------------------------

    def _path(self, path: Path) -> str:
        if not isinstance(path.root, str):
            return self._walk(f"look({self.value(path.root)})", path.steps)
        loop = self.names.innermost(path.root) if path.root == "forloop" else None
        if loop and path.steps:
            return self._loop_field(loop, path.steps)
        code = self.names.read(path.root)
        first = path.steps[0] if path.steps else None
        if first and first.dotted and isinstance(first.key, Constant):
            read = self.names.fields(code).get(str(first.key.value))
            if read:
                return self._walk(read, path.steps[1:])
        return self._walk(code, path.steps)

    def _loop_field(self, loop: Loop, steps: tuple[Step, ...]) -> str:
        while steps and steps[0] == Step(Constant("parentloop"), dotted=True):
            outer = self.names.parent(loop)
            if outer is None:
                return self._walk(loop.outer, steps[1:])
            loop, steps = outer, steps[1:]
        if len(steps) == 1 and isinstance(steps[0].key, Constant):
            form = _FIELDS.get(str(steps[0].key.value))
            if form:
                return form.format(i=loop.index, n=loop.length)
        return self._walk(self.names.record(loop), steps)

    def _walk(self, code: str, steps: tuple[Step, ...]) -> str:
        for step in steps:
            key = step.key
            if not step.dotted or not isinstance(key, Constant):
                code = f"index({code}, {self.value(key)})"
            elif key.value in SPECIAL_STEPS:
                code = f"special({code}, {key.value!r})"
            elif code.isidentifier():
                code = f"({code}.get({key.value!r}) if {code}.__class__ is dict else None)"
            else:
                name = self._writer.fresh()
                got = f"{name}.get({key.value!r})"
                code = f"({got} if ({name} := {code}).__class__ is dict else None)"
        return code

    # -- filters and comparisons ------------------------------------------------------------------

    def _filtered(self, filtered: Filtered) -> str:
        found = FILTERS.get(filtered.name)
        if found is None:  # only what was read leniently gets here
            return self.value(filtered.value)
        given = list(map(self.value, filtered.arguments))
        named = {name: self.value(value) for name, value in filtered.named}
        if not named.keys() <= set(found.named):
            if not found.named or not given:  # Ruby takes them for one more argument: a hash
                given.append(
                    "{" + ", ".join(f"{key!r}: {code}" for key, code in named.items()) + "}"
                )
                named = {}
            named = {key: code for key, code in named.items() if key in found.named}
        if not found.least <= len(given) <= found.most:
            return f"wrong_count({len(given)}, {found.least}, {found.most})"
        parts: list[str] = [found.wants] if found.wants else []
        parts += [self.value(filtered.value), *given]
        parts += [f"{name}={code}" for name, code in named.items()]
        return f"f_{filtered.name}({', '.join(parts)})"

    def _compare(self, compare: Compare) -> str:
        left, right, operator = compare.left, compare.right, compare.operator
        if operator in ("==", "!="):
            code = self._equal(left, right)
            return code if operator == "==" else f"(not {code})"
        if isinstance(left, Special):
            return "False"
        if isinstance(right, Special):
            return f"is_text({self.value(left)})" if operator == "contains" else "False"
        one, other = self.value(left), self.value(right)
        if operator == "contains":
            return f"contains({one}, {other})"
        return f"{_COMPARISONS[operator]}({one}, {other})"

    def equal_to(self, subject: str, value: Expression) -> str:
        """Return Python that compares the value of a Python name with an expression."""
        if isinstance(value, Special):
            return f"is_{value.kind}({subject})"
        return f"equal({subject}, {self.value(value)})"

    def _equal(self, left: Expression, right: Expression) -> str:
        tests: dict[str, Callable[[Expression], str]] = {
            "empty": lambda value: f"is_empty({self.value(value)})",
            "blank": lambda value: _blank(self.value(value)),
        }
        if isinstance(left, Special):
            return "False" if isinstance(right, Special) else tests[left.kind](right)
        if isinstance(right, Special):
            return tests[right.kind](left)
        for side in (left, right):
            if isinstance(side, Constant) and isinstance(side.value, str):
                return f"({self.value(left)} == {self.value(right)})"
        return f"equal({self.value(left)}, {self.value(right)})"
