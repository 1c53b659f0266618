"""The tree of a Liquid template into the portable form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    Value,
    Words,
    merged,
    printed,
    unfit,
)
from tailorbird.content.generate.assigned import assigned, passing
from tailorbird.content.tree import Body, Constant, Expression, Node, Place

Names = Mapping[str, Term]
"""What names stand for that are no fields of the data."""
_FUNCTIONS: Final[dict[str, tuple[Function, int]]] = {
    "default": ("default", 1),
    "money": ("money", 1),
    "date": ("date", 1),
    "upcase": ("upper", 0),
    "downcase": ("lower", 0),
    "capitalize": ("capitalize", 0),
    "truncate": ("truncate", 2),
    "join": ("join", 1),
    "strip": ("trim", 0),
    "append": ("concat", 1),
    "prepend": ("concat", 1),
}
_SILENT = (tree.Assign, tree.Capture, tree.Count)


class FromLiquid:
    """Reads trees; `parse` reads the blocks that they render."""

    def __init__(self, blocks: Mapping[str, str], parse: Callable[[str, str], Body]) -> None:
        self._blocks = blocks
        self._parse = parse
        self._inside: list[str] = []
        self._passing: frozenset[str] = frozenset()

    def whole(self, body: Body) -> Part:
        """Return a whole template in the portable form. Raises as `part`."""
        self._passing = passing(body, assigned(body))
        return self.part(body, {})

    def part(self, body: Body, names: Names, loops: int = 0, *, top: bool = True) -> Part:
        """Return a body in the portable form. `top`: names assigned in it are seen nowhere else.

        Inside of a block only such names may be assigned that are read in the same block.

        Raises:
            TemplateError: it says something that not every dialect can say; `where` is its place.
        """
        known = dict(names)
        done: list[Piece] = []
        for node in body:
            if isinstance(node, tree.Assign) and (top or node.name in self._passing):
                known[node.name] = self.term(node.value, known, node.place)
            else:
                done += self._node(node, known, loops)
        return merged(done)

    def _node(self, node: Node, names: Names, loops: int) -> Part:
        match node:
            case tree.Text(text):
                return (Words(text),)
            case tree.Output(value, place, escape):
                return (self._printed(value, place, escape, names),)
            case tree.If(branches, otherwise, place):
                return (self._if(branches, otherwise, place, names, loops),)
            case tree.Case():
                return (self._case(node, names, loops),)
            case tree.For():
                return (self._for(node, names, loops),)
            case tree.Partial():
                return self._partial(node, names, loops)
        place = getattr(node, "place", Place("template", 1, 1))
        what = type(node).__name__.lower()
        if isinstance(node, _SILENT):
            raise unfit(
                place,
                f"{what} inside a block has no match elsewhere where it is read outside",
                "move it to the top",
            )
        raise unfit(place, f"{what} has no match in other dialects", "write it another way")

    def _printed(self, value: Expression, place: Place, escape: tree.Escape, names: Names) -> Piece:
        if isinstance(value, tree.Filtered) and value.name in ("escape", "h"):
            return printed(self.term(value.value, names, place), "html", place)
        return printed(self.term(value, names, place), escape, place)

    def _if(
        self,
        branches: tuple[tree.Branch, ...],
        otherwise: Body,
        place: Place,
        names: Names,
        loops: int,
    ) -> Choice:
        done = tuple(
            (self.test(each.test, names, place), self.part(each.body, names, loops, top=False))
            for each in branches
        )
        return Choice(done, self.part(otherwise, names, loops, top=False), place)

    def _case(self, node: tree.Case, names: Names, loops: int) -> Choice:
        subject = self.term(node.subject, names, node.place)
        seen: set[object] = set()
        branches: list[tuple[Test, Part]] = []
        otherwise: Part = ()
        for values, body in node.arms:
            part = self.part(body, names, loops, top=False)
            if not values:
                otherwise = part
                continue
            test: Test | None = None
            for value in reversed(values):
                if not isinstance(value, Constant) or value.value in seen or otherwise:
                    raise unfit(
                        node.place, "the values of a case must differ", "write if and elsif"
                    )
                seen.add(value.value)
                found: Test = Compared("==", subject, Value(value.value))
                test = found if test is None else Joined("or", found, test)
            assert test is not None  # noqa: S101 - there is a value
            branches.append((test, part))
        return Choice(tuple(branches), otherwise, node.place)

    def _for(self, node: tree.For, names: Names, loops: int) -> Loop:
        each = node.each
        start = self._option(each.offset, names, node.place)
        end = self._option(each.limit, names, node.place)
        if each.reversed:
            raise unfit(node.place, "a reversed loop has no match elsewhere", "turn the list round")
        values = self.term(each.collection, names, node.place)
        inner = {**names, each.variable: Element(loops), "forloop": Element(-1 - loops)}
        first = start or 0
        last = None if end is None else first + end
        return Loop(
            loops,
            values,
            self.part(node.body, inner, loops + 1, top=False),
            self.part(node.otherwise, names, loops, top=False),
            node.place,
            first,
            last,
        )

    def _option(
        self, option: Expression | Literal["continue"] | None, names: Names, place: Place
    ) -> int | None:
        if option is None:
            return None
        found = None if option == "continue" else self.term(option, names, place)
        if isinstance(found, Value) and isinstance(found.value, int) and found.value > 0:
            return found.value
        raise unfit(place, "a loop's limit and offset must be numbers", "write the number itself")

    def _partial(self, node: tree.Partial, names: Names, loops: int) -> Part:
        name = node.name.value if isinstance(node.name, Constant) else None
        if node.body is None and (not isinstance(name, str) or name not in self._blocks):
            raise unfit(node.place, "the block is not known before rendering", "name it in quotes")
        if node.each or name in self._inside:
            raise unfit(node.place, "render ... for has no match elsewhere", "write a for loop")
        given: dict[str, Term] = {} if node.isolated else dict(names)
        for key, value in node.arguments:
            given[key] = self.term(value, names, node.place)
        if node.bound is not None:
            alias = node.alias or str(name)
            given[alias] = self.term(node.bound, names, node.place)
        self._inside.append(str(name))
        body = (
            node.body if node.body is not None else self._parse(self._blocks[str(name)], str(name))
        )
        outer = self._passing
        self._passing = passing(body, assigned(body)) if node.isolated else frozenset()
        part = self.part(body, given, loops, top=node.isolated)
        self._passing = outer
        self._inside.pop()
        return part

    # -- expressions ------------------------------------------------------------------------------

    def term(self, expression: Expression, names: Names, place: Place) -> Term:
        """Return a value in the portable form. Raises as `part`."""
        match expression:
            case Constant(value):
                return Value(value)
            case tree.Path():
                return self._path(expression, names)
            case tree.Filtered():
                return self._filtered(expression, names)
        raise unfit(place, "this value has no match in other dialects", "give it with the data")

    def _path(self, path: tree.Path, names: Names) -> Term:
        if not isinstance(path.root, str):
            raise unfit(path.place, "a computed name has no match elsewhere", "write the name")
        found = names.get(path.root, Field(Root(), path.root))
        steps: list[object] = [
            step.key.value for step in path.steps if isinstance(step.key, Constant)
        ]
        if isinstance(found, Element) and found.loop < 0:
            return _position(-1 - found.loop, steps, path.place)
        if len(steps) < len(path.steps):
            raise unfit(path.place, "a computed field has no match elsewhere", "write its name")
        for step, key in zip(path.steps, steps, strict=True):
            if step.dotted and key == "size":
                found = Size(found)
            elif not isinstance(key, str) or (step.dotted and key in ("first", "last")):
                raise unfit(path.place, "one element of a list has no match elsewhere", "loop")
            else:
                found = Field(found, key)
        return found

    def _filtered(self, filtered: tree.Filtered, names: Names) -> Term:
        known = _FUNCTIONS.get(filtered.name)
        if filtered.name == "size":
            return Size(self.term(filtered.value, names, filtered.place))
        if known is None or filtered.named or len(filtered.arguments) > known[1]:
            raise unfit(
                filtered.place,
                f"filter {filtered.name!r} has no match in other dialects",
                f"these have: {', '.join(_FUNCTIONS)}",
            )
        terms = [self.term(each, names, filtered.place) for each in filtered.arguments]
        if filtered.name == "join" and not terms:
            terms = [Value(" ")]
        given = (self.term(filtered.value, names, filtered.place), *terms)
        if filtered.name == "default" and isinstance(given[0], Value):
            return given[0] if given[0].value not in (None, False, "") else given[-1]
        if filtered.name == "prepend":
            given = given[::-1]
        return Made(known[0], given, filtered.place)

    def test(self, expression: Expression, names: Names, place: Place) -> Test:
        """Return a test in the portable form. Raises as `part`."""
        match expression:
            case tree.Negation(value):
                return Opposite(self.test(value, names, place))
            case tree.Logic(operator, left, right):
                return Joined(
                    operator, self.test(left, names, place), self.test(right, names, place)
                )
            case tree.Compare("contains", place=where):
                raise unfit(where, "contains has no match in other dialects", "use a trait")
            case tree.Compare():
                return self._compared(expression, names)
        return Truth(self.term(expression, names, place), "present")

    def _compared(self, compare: tree.Compare, names: Names) -> Test:
        left, right, place = compare.left, compare.right, compare.place
        if isinstance(left, tree.Special):
            left, right = right, left
        if isinstance(right, tree.Special):
            if isinstance(left, tree.Special) or compare.operator not in ("==", "!="):
                raise unfit(place, "this comparison has no match elsewhere", "compare with a value")
            found = Truth(self.term(left, names, place), right.kind)
            return found if compare.operator == "==" else Opposite(found)
        assert compare.operator != "contains"  # noqa: S101 - refused before
        return Compared(
            compare.operator, self.term(left, names, place), self.term(right, names, place)
        )


def _position(loop: int, steps: list[object], place: Place) -> Position:
    """Return what a field of `forloop` is."""
    while steps[:1] == ["parentloop"] and loop:
        loop, steps = loop - 1, steps[1:]
    match steps:
        case ["index0"]:
            return Position(loop, "index")
        case ["first"]:
            return Position(loop, "first")
        case ["last"]:
            return Position(loop, "last")
    raise unfit(
        place, "of forloop only index0, first and last have a match elsewhere", "use one of them"
    )
