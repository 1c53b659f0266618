"""A Handlebars tree said in look-ups from the top of the data, for those who ask what it reads.

What a block stands for is known without running it, but for `{{#name}}`: that runs over a list,
goes into a mapping, and stays where it is for what is just true. Such a tree is never rendered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from tailorbird.content.handlebars.functions import HELPERS
from tailorbird.content.tree import (
    Body,
    Branch,
    Compare,
    Constant,
    Each,
    Expression,
    Filtered,
    For,
    Helped,
    If,
    Inline,
    Insertion,
    Link,
    Logic,
    Member,
    Negation,
    Node,
    Operator,
    Output,
    Parameter,
    Path,
    Place,
    Private,
    Step,
    This,
    Truth,
    Within,
)

UNKNOWN: Final = Constant(None)
_NOWHERE: Final = Place("", 0, 0)
_MOST: Final = 8
"""So many things one block may stand for; of nested sections no more are followed."""
_DEEPEST: Final = 12
"""Inline partials inside each other are followed so far."""
_COMPARED: Final[Mapping[str, Operator]] = {
    "eq": "==", "equals": "==", "ne": "!=", "notEquals": "!=", "lt": "<", "lessThan": "<",
    "lte": "<=", "gt": ">", "greaterThan": ">", "gte": ">=", "includes": "contains",
}  # fmt: skip
_FILTERS: Final = {"uppercase": "upcase", "lowercase": "downcase", "length": "size"}
"""Helpers that Liquid knows by another name."""
_PRODUCTS: Final = Path("recommendations", (), _NOWHERE)
_OF_PRODUCTS: Final = ("recommendations", "products_in_category")


@dataclass(frozen=True, slots=True)
class _Top:
    """All of the data."""


Stand: TypeAlias = "_Top | Path"


@dataclass(frozen=True, slots=True)
class Context:
    """What a block may stand for, nothing where nobody can say; `named` lies on top of it."""

    stands: tuple[Stand, ...] = ()
    named: Mapping[str, Expression] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reader:
    """Says what can be seen from one place of a tree: contexts and levels, the outermost first.

    With `sure`, nothing is said of what stands in a section, which could mean several things.
    """

    contexts: tuple[Context, ...] = (Context((_Top(),)),)
    levels: tuple[Context, ...] = ()
    inlines: Mapping[str, Body] = field(default_factory=dict)
    depth: int = 0
    sure: bool = False
    place: Place = _NOWHERE

    # -- blocks -----------------------------------------------------------------------------------

    def within(self, node: Within) -> Reader:
        """Return who reads the body of a block."""
        found = self._stands(node.value)
        each = tuple(_element(path) for path in found if isinstance(path, Path))
        here = self.contexts[-1]
        match node.kind:
            case "each":
                context = Context(each)
            case "with":
                context = Context(found)
            case "section":
                helped = isinstance(node.value, Helped)
                stands = each if helped else (*found, *each, *here.stands)
                sure = helped or not self.sure
                found = tuple(dict.fromkeys(stands))[:_MOST] if sure else ()
                context = Context(found, here.named)
        return replace(self, contexts=(*self.contexts, context), levels=(*self.levels, context))

    def _stands(self, value: Expression) -> tuple[Stand, ...]:
        if isinstance(value, This) and not value.up:
            return self.contexts[-1].stands
        if isinstance(value, Helped) and value.name in _OF_PRODUCTS:
            return (_PRODUCTS,)
        if isinstance(value, Helped) and value.name == "slot":
            return (_Top(),)
        return tuple(each for each in self.meanings(value) if isinstance(each, Path))

    def body(self, body: Body) -> Body:
        """Return a body's tree in look-ups."""
        known = {node.name: node.body for node in body if isinstance(node, Inline)}
        inner = replace(self, inlines={**self.inlines, **known}) if known else self
        return tuple(made for node in body for made in inner.node(node))

    def node(self, node: Node) -> Body:
        """Return what a node is in look-ups."""
        match node:
            case Output(value, place):
                here = replace(self, place=place)
                return tuple(replace(node, value=each) for each in here.meanings(value))
            case If(branches, otherwise, place):
                here = replace(self, place=place)
                made = tuple(
                    Branch(here.expression(branch.test), self.body(branch.body))
                    for branch in branches
                )
                return (If(made, self.body(otherwise), place),)
            case Within():
                return self._block(node)
            case Insertion():
                return self._partial(node)
            case Link(parts=parts):
                return (replace(node, parts=self.body(parts)),)
            case Inline():
                return ()
        return (node,)

    def _block(self, node: Within) -> Body:
        here, inner = replace(self, place=node.place), self.within(node)
        values = here.meanings(node.value)
        body, otherwise = inner.body(node.body), self.body(node.otherwise)
        if node.kind == "each":
            loops = [For(Each("", value, ""), (), (), node.place) for value in values[1:]]
            return (*loops, For(Each("", values[0], ""), body, otherwise, node.place))
        tests = [If((Branch(value, ()),), (), node.place) for value in values[1:]]
        return (*tests, If((Branch(values[0], body),), otherwise, node.place))

    def _partial(self, node: Insertion) -> Body:
        """Return what a partial of the template's own reads, and what is given to it."""
        here = replace(self, place=node.place, depth=self.depth + 1)
        given = [here.expression(value) for _, value in node.named or ()]
        asked: list[Node] = [If((Branch(each, ()),), (), node.place) for each in given]
        name = node.name.value if isinstance(node.name, Constant) else None
        if isinstance(name, str) and name in self.inlines and self.depth < _DEEPEST:
            names = {key: here.expression(value) for key, value in node.named or ()}
            context = replace(self.contexts[-1], stands=self._stands(node.context))
            context = replace(context, named={**context.named, **names})
            inner = replace(here, contexts=(*self.contexts, context), levels=())
            asked += inner.body(self.inlines[name])
        return (*asked, *(self.body(node.body) if node.body else ()))

    # -- expressions ------------------------------------------------------------------------------

    def expression(self, expression: Expression) -> Expression:
        """Return an expression in look-ups; where it may be several, the first."""
        return self.meanings(expression)[0]

    def meanings(self, expression: Expression) -> tuple[Expression, ...]:
        """Return everything that an expression may stand for, at least one."""
        match expression:
            case This(up):
                stands = self._context(up).stands
                return tuple(each for each in stands if isinstance(each, Path)) or (UNKNOWN,)
            case Member():
                return self._member(expression)
            case Parameter(_, level, position):
                stands = self.levels[level].stands if level < len(self.levels) else ()
                paths = tuple(each for each in stands if isinstance(each, Path))
                return paths if paths and position == 0 else (UNKNOWN,)
            case Private(name):
                return (Constant(0) if name == "index" else UNKNOWN,)
            case Helped():
                return (self._helped(expression),)
            case Truth(value):
                return self.meanings(value)
            case Negation(value):
                return (Negation(self.expression(value)),)
        return (expression,)

    def _context(self, up: int) -> Context:
        return self.contexts[-1 - up] if up < len(self.contexts) else Context()

    def _member(self, member: Member) -> tuple[Expression, ...]:
        step = Step(Constant(member.name), dotted=False)
        if isinstance(member.value, This):
            context = self._context(member.value.up)
            if member.name in context.named:
                return (context.named[member.name],)
            stands: tuple[Stand, ...] = context.stands
        elif member.value == Private("root"):
            stands = (_Top(),)
        else:
            stands = tuple(p for p in self.meanings(member.value) if isinstance(p, Path))
        found = tuple(
            Path(each.root, (*each.steps, step), self.place)
            if isinstance(each, Path)
            else Path(member.name, (), self.place)
            for each in stands
        )
        return found or (UNKNOWN,)

    def _helped(self, helped: Helped) -> Expression:
        name, place = helped.name, helped.place
        here = replace(self, place=place)
        arguments = tuple(here.expression(each) for each in helped.arguments)
        named = tuple((key, here.expression(each)) for key, each in helped.named)
        if name in _COMPARED:
            return Compare(_COMPARED[name], arguments[0], arguments[1], place)
        if name in ("and", "or"):
            found = arguments[0]
            for each in arguments[1:]:
                found = Logic("and" if name == "and" else "or", found, each)
            return found
        if name == "not":
            return Negation(arguments[0])
        if name == "default":
            found = arguments[0]
            for each in arguments[1:]:
                found = Filtered(found, "default", (each,), (), place)
            return found
        if name == "lookup" and isinstance(arguments[0], Path):
            step = Step(arguments[1], dotted=False)
            return Path(arguments[0].root, (*arguments[0].steps, step), place)
        first, rest = (arguments[0], arguments[1:]) if arguments else (UNKNOWN, ())
        if HELPERS[name].kind == "list":
            first, rest = replace(_PRODUCTS, place=place), arguments
        return Filtered(first, _FILTERS.get(name, name), rest, named, place)


def _element(path: Path) -> Path:
    return replace(path, steps=(*path.steps, Step(Constant(0), dotted=False)))


def in_look_ups(body: Body, *, sure: bool = False) -> Body:
    """Return a template's tree in look-ups from the top of the data; `sure` as of a `Reader`."""
    return Reader(sure=sure).body(body)
