"""Expressions of a Handlebars tree into Python expressions."""

from __future__ import annotations

from dataclasses import dataclass, field

from tailorbird.content.generate.writer import Writer
from tailorbird.content.handlebars.functions import HELPERS
from tailorbird.content.tree import (
    Constant,
    Escape,
    Expression,
    Helped,
    Member,
    Negation,
    Parameter,
    Private,
    This,
    Truth,
)

_TESTS = frozenset(name for name, found in HELPERS.items() if found.kind == "test")
_TEXTS = frozenset({"pluralize", "uppercase", "lowercase", "join", "concat", "money", "number"})
"""Helpers that always give a str."""
_SAFE = frozenset({"money"})
"""Helpers whose text never holds what HTML takes for a mark."""


@dataclass(slots=True)
class Loop:
    """The Python names of a loop. `listed`: whether it runs over a list, where that can vary."""

    index: str
    length: str
    keys: str
    listed: str = ""


@dataclass(slots=True)
class Context:
    """The Python names of what a block stands for. `chain` holds it and the contexts around it."""

    value: str
    get: str
    chain: str
    loop: Loop | None = None


@dataclass(slots=True)
class Names:
    """What can be seen from one place of a unit: contexts, the outermost first."""

    contexts: list[Context]
    frame: str
    block: str
    inlines: str
    main: bool
    levels: list[Context] = field(default_factory=list)
    """Those of blocks, which can have parameters."""
    loops: list[Loop] = field(default_factory=list)
    printed: dict[tuple[Expression, Escape, int], str] = field(default_factory=dict)
    """Python names of the texts that were printed already, on every way to here."""
    around: Context = field(default_factory=lambda: Context("None", "", "(None,)"))
    """What was around when the function of the block here was made."""


class Expressions:
    """Writes expressions for one function."""

    def __init__(self, writer: Writer, names: Names) -> None:
        self._writer = writer
        self.names = names

    def value(self, expression: Expression) -> str:
        """Return Python that gives an expression's value."""
        match expression:
            case Constant(value):
                return repr(value)
            case This():
                return self._this(expression)
            case Member():
                return self._member(expression)
            case Private(name, up):
                return self._private(name, up, len(self.names.loops))
            case Parameter():
                return self._parameter(expression)
            case Helped():
                return self._helped(expression)
        return f"({self.truth(expression)})"

    def truth(self, expression: Expression) -> str:
        """Return Python that gives whether a test holds."""
        match expression:
            case Negation(value):
                return f"not {self.truth(value)}"
            case Truth(Helped(name), None) if name in _TESTS - {"and", "or"}:
                return self.value(expression.value)
            case Truth(Helped("and" | "or" as name, arguments), None):
                parts = [self.truth(Truth(each)) for each in arguments]
                return "(" + f" {name} ".join(parts) + ")"
            case Truth(value, None):
                name = self._writer.fresh()
                return f"(({name} := {self.value(value)}) or {name}.__class__ is dict)"
            case Truth(value, zero) if zero is not None:
                return f"(filled if true({self.value(zero)}) else truthy)({self.value(value)})"
        return f"truthy({self.value(expression)})"

    def printed(self, expression: Expression, escape: Escape) -> str:
        """Return Python that gives the str to print."""
        if isinstance(expression, Helped) and expression.name in _SAFE and escape != "css":
            return self.value(expression)
        if isinstance(expression, Member):
            return self._remembered(expression, escape)
        return self._escaped(expression, escape)

    def _remembered(self, member: Member, escape: Escape) -> str:
        """Return Python that prints a field: once made, its text is used again in the same body."""
        known = self.names.printed.get((member, escape, len(self.names.contexts)))
        if known is not None:
            return known
        name = self._writer.fresh("x")
        code = f"({name} := {self._escaped(member, escape)})"
        self.names.printed[(member, escape, len(self.names.contexts))] = name
        return code

    def _escaped(self, expression: Expression, escape: Escape) -> str:
        value = self.value(expression)
        if escape == "mustache":
            return f"escape_mustache({value})"
        if not (isinstance(expression, Helped) and expression.name in _TEXTS):
            name = self._writer.fresh()
            value = f"({name} if ({name} := {value}).__class__ is str else js_text({name}))"
        return value if escape == "none" else f"escape_{escape}({value})"

    def named(self, pairs: tuple[tuple[str, Expression], ...]) -> str:
        """Return Python that gives a dictionary of named values."""
        return "{" + ", ".join(f"{key!r}: {self.value(value)}" for key, value in pairs) + "}"

    # -- look-ups ---------------------------------------------------------------------------------

    def _this(self, this: This) -> str:
        context = self.names.contexts[-1]
        if this.up:
            chain = context.chain
            return f"({chain}[{this.up}] if len({chain}) > {this.up} else None)"
        if this.filled:
            return f"(NOTHING if {context.value} is None else {context.value})"
        return context.value

    def _member(self, member: Member) -> str:
        if isinstance(member.value, This) and not member.value.up:
            return f"{self.names.contexts[-1].get}({member.name!r})"
        value = self.value(member.value)
        if member.private and member.value != Private("root"):
            return f"further({value}, {member.name!r})"
        name = self._writer.fresh()
        got = f"{name}.get({member.name!r})"
        return f"({got} if ({name} := {value}).__class__ is dict else own({name}, {member.name!r}))"

    def _parameter(self, parameter: Parameter) -> str:
        context = self.names.levels[parameter.level]
        if parameter.position == 0:
            return context.value
        if parameter.position > 1 or context.loop is None:
            return "None"
        return _key(context.loop)

    def _private(self, name: str, up: int, inside: int) -> str:
        """Return Python that gives a private value, seen from within so many loops."""
        if name == "partial-block":
            return f"({self.names.block} is not None)"
        if name == "root" and not up:
            return "scope.data"
        if not inside:
            if self.names.main:
                return "None"
            if name == "root":
                return f"(scope.data if reaches({self.names.frame}, {up}) else None)"
            return f"framed({self.names.frame}, {up}, {name!r})"
        loop = self.names.loops[inside - 1]
        own = _field(loop, name) if up == 0 else self._private(name, up - 1, inside - 1)
        if not loop.listed:
            return own
        return f"({own} if {loop.listed} else {self._private(name, up, inside - 1)})"

    def frame(self) -> str:
        """Return Python that gives the frame of what is called from here."""
        code = self.names.frame
        for loop in self.names.loops:
            fields = ", ".join(_field(loop, name) for name in ("index", "key", "first", "last"))
            made = f"({fields}, {code})"
            code = f"({made} if {loop.listed} else {code})" if loop.listed else made
        return code

    # -- helpers ----------------------------------------------------------------------------------

    def _helped(self, helped: Helped) -> str:
        parts = ["scope"] if HELPERS[helped.name].scoped else []
        parts += map(self.value, helped.arguments)
        parts += [f"{key}={self.value(value)}" for key, value in dict(helped.named).items()]
        return f"h_{helped.name}({', '.join(parts)})"


def _field(loop: Loop, name: str) -> str:
    match name:
        case "root":
            return "scope.data"
        case "index":
            return loop.index
        case "first":
            return f"({loop.index} == 0)"
        case "last":
            return f"({loop.index} == {loop.length} - 1)"
    return _key(loop)


def _key(loop: Loop) -> str:
    plain = f"({loop.index} if {loop.keys} is None else {loop.keys}[{loop.index}])"
    return f"({plain} if {loop.listed} else None)" if loop.listed else plain
