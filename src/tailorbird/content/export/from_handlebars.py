"""The tree of a Handlebars template into the portable form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from tailorbird.content import tree
from tailorbird.content.export.portable import (
    Choice,
    Compared,
    Element,
    Field,
    Function,
    Joined,
    Loop,
    Made,
    Opposite,
    Part,
    Piece,
    Position,
    Root,
    Size,
    Term,
    Test,
    Truth,
    TruthKind,
    Value,
    Words,
    merged,
    printed,
    unfit,
)
from tailorbird.content.handlebars.values import js_text
from tailorbird.content.tree import Body, Constant, Expression, Node, Place

Operator = Literal["==", "!=", "<", ">", "<=", ">="]
_FUNCTIONS: Final[dict[str, Function]] = {
    "default": "default",
    "money": "money",
    "date": "date",
    "uppercase": "upper",
    "lowercase": "lower",
    "capitalize": "capitalize",
    "truncate": "truncate",
    "join": "join",
    "trim": "trim",
    "concat": "concat",
}
_COMPARED: Final[dict[str, Operator]] = {
    "eq": "==",
    "equals": "==",
    "ne": "!=",
    "notEquals": "!=",
    "lt": "<",
    "lessThan": "<",
    "lte": "<=",
    "gt": ">",
    "greaterThan": ">",
    "gte": ">=",
}
_MOST_ARGUMENTS = {"date": 2, "join": 2, "default": 2}


def _known_truth(helped: tree.Helped) -> tuple[Expression, TruthKind] | None:
    """Return the value and the truth that our own export writes as two tests of one value."""
    match helped.name, helped.arguments:
        case (
            "and",
            (
                tree.Helped("ne", (value, Constant(None))),
                tree.Helped("ne", (again, Constant(False))),
            ),
        ) if value == again:
            return value, "present"
        case ("or", (value, tree.Helped("eq", (again, Constant(0))))) if value == again:
            return value, "filled"
    return None


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around a node: contexts and loops, the outermost first.

    `levels` holds what the parameters of each block stand for.
    """

    contexts: tuple[Term, ...] = (Root(),)
    loops: tuple[int, ...] = ()
    levels: tuple[tuple[Term, Term], ...] = ()
    given: tuple[tuple[str, Term], ...] = ()
    count: int = 0


class FromHandlebars:
    """Reads trees; `parse` reads the partials that they call."""

    def __init__(self, blocks: Mapping[str, str], parse: Callable[[str, str], Body]) -> None:
        self._blocks = blocks
        self._parse = parse
        self._inside: list[str] = []

    def part(self, body: Body, around: Around) -> Part:
        """Return a body in the portable form.

        Raises:
            TemplateError: it says something that not every dialect can say; `where` is its place.
        """
        done: list[Piece] = []
        for node in body:
            done += self._node(node, around)
        return merged(done)

    def _node(self, node: Node, around: Around) -> Part:
        match node:
            case tree.Text(text):
                return (Words(text),)
            case tree.Output(value, place, escape):
                return (self._printed(value, place, escape, around),)
            case tree.If(branches, otherwise, place):
                done = tuple(
                    (self.test(each.test, around, place), self.part(each.body, around))
                    for each in branches
                )
                return (Choice(done, self.part(otherwise, around), place),)
            case tree.Within():
                return (self._within(node, around),)
            case tree.Insertion():
                return self._insertion(node, around)
        place = getattr(node, "place", Place("template", 1, 1))
        raise unfit(place, "an inline partial has no match in other dialects", "make it a block")

    def _printed(
        self, value: Expression, place: Place, escape: tree.Escape, around: Around
    ) -> Piece:
        """Return what prints a value; what our own export writes beside braces is words again."""
        if isinstance(value, tree.Helped) and value.name in ("concat", "lookup"):
            texts = [each.value for each in value.arguments if isinstance(each, Constant)]
            if value.name == "lookup" and texts[:1] == [None]:
                return Words("")
            if value.name == "concat" and len(texts) == len(value.arguments):
                return Words("".join(map(js_text, texts)))
        return printed(self.term(value, around, place), escape, place)

    def _within(self, node: tree.Within, around: Around) -> Piece:
        value = self.term(node.value, around, node.place)
        otherwise = self.part(node.otherwise, around)
        if node.kind == "with":
            inner = replace(
                around,
                contexts=(*around.contexts, value),
                levels=(*around.levels, (value, value)),
                given=(),
            )
            return Choice(
                ((Truth(value, "filled"), self.part(node.body, inner)),), otherwise, node.place
            )
        if node.kind == "section":
            raise unfit(
                node.place, "a plain block may be a test or a loop", "write #if, #each or #with"
            )
        number = around.count
        inner = Around(
            (*around.contexts, Element(number)),
            (*around.loops, number),
            (*around.levels, (Element(number), Position(number, "index"))),
            (),
            number + 1,
        )
        return Loop(number, value, self.part(node.body, inner), otherwise, node.place)

    def _insertion(self, node: tree.Insertion, around: Around) -> Part:
        name = node.name.value if isinstance(node.name, Constant) else None
        if not isinstance(name, str) or name not in self._blocks or node.body is not None:
            raise unfit(
                node.place, "only plain partials have a match elsewhere", "write {{> name}}"
            )
        if name in self._inside:
            raise unfit(node.place, f"partial {name!r} calls itself", "write a loop")
        given = tuple(
            (key, self.term(value, around, node.place)) for key, value in node.named or ()
        )
        context = self.term(node.context, around, node.place)
        self._inside.append(name)
        inner = Around((context,), around.loops, (), given, around.count)
        part = self.part(self._parse(self._blocks[name], name), inner)
        self._inside.pop()
        return part

    # -- expressions ------------------------------------------------------------------------------

    def term(self, expression: Expression, around: Around, place: Place) -> Term:
        """Return a value in the portable form. Raises as `part`."""
        match expression:
            case Constant(value):
                return Value(value)
            case tree.This(up):
                if up >= len(around.contexts):
                    raise unfit(place, "../ leads out of the template", "use @root")
                return around.contexts[-1 - up]
            case tree.Member():
                return self._member(expression, around, place)
            case tree.Private(name, up):
                return self._private(name, up, around, place)
            case tree.Parameter(level=level, position=position) if position < 2:
                return around.levels[level][position]
            case tree.Helped():
                return self._helped(expression, around)
        raise unfit(place, "this value has no match in other dialects", "give it with the data")

    def _member(self, member: tree.Member, around: Around, place: Place) -> Term:
        if isinstance(member.value, tree.This) and not member.value.up:
            for key, value in around.given:
                if key == member.name:
                    return value
        value = self.term(member.value, around, place)
        if isinstance(value, Position):
            raise unfit(place, "a position has no fields", "remove what stands behind it")
        return Size(value) if member.name == "length" else Field(value, member.name)

    def _private(self, name: str, up: int, around: Around, place: Place) -> Term:
        if name == "root":
            return Root()
        if name in ("index", "first", "last") and up < len(around.loops):
            kind: Literal["index", "first", "last"] = (
                "index" if name == "index" else "first" if name == "first" else "last"
            )
            return Position(around.loops[-1 - up], kind)
        raise unfit(place, f"@{name} has no match in other dialects", "use @index, @first or @last")

    def _helped(self, helped: tree.Helped, around: Around) -> Term:
        arguments = [self.term(each, around, helped.place) for each in helped.arguments]
        name = helped.name
        if name == "length":
            return Size(arguments[0])
        if name == "lookup" and isinstance(arguments[1], Value):
            key = arguments[1].value
            if isinstance(key, str):
                return Field(arguments[0], key)
        function = _FUNCTIONS.get(name)
        if function is None or helped.named or len(arguments) > _MOST_ARGUMENTS.get(name, 9):
            raise unfit(
                helped.place,
                f"helper {name!r} has no match in other dialects",
                f"these have: {', '.join(_FUNCTIONS)}, {', '.join(_COMPARED)}",
            )
        if name == "join" and len(arguments) == 1:
            arguments.append(Value(", "))
        if name == "date" and len(arguments) == 1:
            arguments.append(Value("%-d %B %Y"))
        return Made(function, tuple(arguments), helped.place)

    def test(self, expression: Expression, around: Around, place: Place) -> Test:
        """Return a test in the portable form. Raises as `part`."""
        match expression:
            case tree.Negation(value):
                return Opposite(self.test(value, around, place))
            case tree.Truth(tree.Helped() as helped, None):
                return self._test_of(helped, around)
            case tree.Truth(value, None):
                return Truth(self.term(value, around, place), "script")
            case tree.Truth(value, Constant()):
                return Truth(self.term(value, around, place), "filled")
        raise unfit(place, "this test has no match in other dialects", "write a plain #if")

    def _test_of(self, helped: tree.Helped, around: Around) -> Test:
        place = helped.place
        if helped.name in _COMPARED:
            left, right = (self.term(each, around, place) for each in helped.arguments)
            return Compared(_COMPARED[helped.name], left, right)
        if helped.name in ("and", "or"):
            known = _known_truth(helped)
            if known is not None:
                return Truth(self.term(known[0], around, place), known[1])
            tests = [self.test(tree.Truth(each), around, place) for each in helped.arguments]
            found = tests.pop()
            for test in reversed(tests):
                found = Joined("and" if helped.name == "and" else "or", test, found)
            return found
        if helped.name == "not":
            return Opposite(self.test(tree.Truth(helped.arguments[0]), around, place))
        if helped.name in ("blank", "empty"):
            value = self.term(helped.arguments[0], around, place)
            return Truth(value, "blank" if helped.name == "blank" else "empty")
        return Truth(self._helped(helped, around), "script")
