"""Loops of the tree into Python loops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from tailorbird.content.generate.expressions import SPECIAL_STEPS, Loop, Names
from tailorbird.content.generate.memory import fields_read, links_of, reads_setting
from tailorbird.content.generate.program import Program
from tailorbird.content.generate.writer import Writer
from tailorbird.content.tree import Body, Constant, Expression, For, Path, Place, Step, TableRow
from tailorbird.content.walk import expressions


class Unit(Protocol):
    """What a loop needs of the unit that it is written into."""

    writer: Writer
    names: Names
    program: Program
    links: str
    """The Python name of what gives each person's own address of a link."""
    out: str
    """The Python name of the list that output goes to."""

    def value(self, expression: Expression) -> str:
        """Return Python that gives an expression's value."""

    def body(self, body: Body) -> None:
        """Write every node of a body."""

    def into(self, out: str, links: str) -> AbstractContextManager[None]:
        """Write what is written inside into another list, its links given by another function."""

    def check_output(self, place: Place) -> None:
        """Write a check that the output has not outgrown its budget, nor the time."""


@dataclass(frozen=True, slots=True)
class _Into:
    """The Python of what a loop runs over, and the names of where its turns print and link."""

    runs: str
    out: str
    links: str


def write_for(unit: Unit, node: For) -> None:
    """Write a `for` loop."""
    writer, each, framed = unit.writer, node.each, unit.program.framed
    turns, index, element, length = map(writer.fresh, "eivn")
    writer.line(f"{turns} = {_turns(unit, node)}", node.place)
    writer.line(f"{length} = len({turns})")
    outer = _outer_loop(unit) if framed else "None"
    kept = [] if framed or unit.program.printing else fields_read(node, unit.names.passing)
    fields = {name: writer.fresh("h") for name in _fields_read(node)}
    loop = Loop(each.variable, element, index, length, each.key, outer=outer, fields=fields)
    frame = open_frame(writer) if framed else ""
    into = _Into(f"enumerate({turns})", unit.out, unit.links)
    if kept:
        into = _write_memo(unit, node, kept, loop, turns)
    with writer.block(f"for {index}, {element} in {into.runs}:", node.place):
        unit.names.loops.append(loop)
        unit.check_output(node.place)
        if fields:
            writer.line(_reading(element, fields))
        if framed:
            record = writer.fresh("q")
            writer.line(f"{record} = {unit.names.record(loop)}")
            shown = f"'forloop': {record}, ' loop': {record}, {each.variable!r}: {element}"
            writer.line(f"{frame}.update({{{shown}}})")
        with unit.into(into.out, into.links) if kept else nullcontext():
            unit.body(node.body)
        unit.names.loops.pop()
    if framed:
        writer.line("scope.frames.pop()")
    if node.otherwise:
        with writer.block(f"if not {length}:"):
            unit.body(node.otherwise)


def _write_memo(unit: Unit, node: For, kept: list[str], loop: Loop, turns: str) -> _Into:
    """Write the question whether turns are looked for in a memo, and return where they print."""
    writer = unit.writer
    runs, out, links, made = map(writer.fresh, "jolm")
    found = links_of(node)
    memo = unit.program.memo(kept, found[0].escape if found else True)
    writer.line(f"{runs} = enumerate({turns}); {out} = {unit.out}; {links} = {unit.links}")
    with writer.block(f"if {memo}.awake({loop.length}):"):
        read = "setting(scope.data)" if reads_setting(node) else "()"
        given = f"{turns}, {read}, {out}, {links}, {made}"
        writer.line(f"{made} = Made()")
        writer.line(f"{runs} = {memo}.turns({given})")
        writer.line(f"{out} = {made}.out; {links} = {made}")
    writer.line(f"{out}x = {out}.extend")
    return _Into(runs, out, links)


def _fields_read(node: For) -> list[str]:
    """Return the fields of the element that the body reads more than once."""
    found: Counter[str] = Counter()
    for expression in expressions(node.body):
        match expression:
            case Path(root, (Step(Constant(str(name)), dotted=True), *_)) if (
                root == node.each.variable and name not in SPECIAL_STEPS
            ):
                found[name] += 1
    return [name for name, times in found.items() if times > 1]


def _reading(element: str, fields: Mapping[str, str]) -> str:
    """Return Python that reads the fields of an element into their names."""
    given = "".join(f"{element}.get({name!r}), " for name in fields)
    names, missing = ", ".join(fields.values()), "None, " * len(fields)
    return f"{names}, = ({given}) if {element}.__class__ is dict else ({missing})"


def _turns(unit: Unit, node: For) -> str:
    """Return Python that gives what a loop runs over."""
    each = node.each
    collection = unit.value(each.collection)
    plain = each.limit is None and each.offset is None and not each.reversed
    if plain and each.key not in unit.program.continued:
        return f"scope.turns({collection})"
    limit = unit.value(each.limit) if each.limit else "None"
    if each.offset == "continue":
        offset = "..."
    else:
        offset = unit.value(each.offset) if each.offset else "None"
    return f"scope.part({collection}, {each.key!r}, {limit}, {offset}, {each.reversed})"


def _outer_loop(unit: Unit) -> str:
    """Write the look-up of the loop around the unit and return its Python name."""
    if any(not loop.columns for loop in unit.names.loops):
        return "None"
    name = unit.writer.fresh("p")
    unit.writer.line(f"{name} = look(' loop')")
    return name


def open_frame(writer: Writer) -> str:
    """Write a new frame on top of the scope and return its Python name."""
    frame = writer.fresh("g")
    writer.line(f"{frame} = {{}}")
    writer.line(f"scope.frames.append({frame})")
    return frame


def write_rows(unit: Unit, node: TableRow) -> None:
    """Write a `tablerow` loop. What is nil or false gives no table at all."""
    writer, each = unit.writer, node.each

    def optional(value: Expression | None) -> str:
        return unit.value(value) if value is not None else "..."

    turns, index, element, length, columns = map(writer.fresh, "eivnk")
    offset = None if each.offset == "continue" else each.offset
    options = f"{optional(each.limit)}, {optional(offset)}"
    writer.line(f"{turns} = scope.cells({unit.value(each.collection)}, {options})", node.place)
    with writer.block(f"if {turns} is not None:"):
        writer.line(f"{length} = len({turns})")
        writer.line(f"{columns} = columns_of({optional(node.columns)}, {length})", node.place)
        writer.put("'<tr class=\"row1\">\\n'")
        frame = open_frame(writer) if unit.program.framed else ""
        loop = Loop(each.variable, element, index, length, each.key, "tablerowloop", columns)
        with writer.block(f"for {index}, {element} in enumerate({turns}):", node.place):
            _cell(unit, node, loop, frame)
        if frame:
            writer.line("scope.frames.pop()")
        writer.put("'</tr>\\n'")


def _cell(unit: Unit, node: TableRow, loop: Loop, frame: str) -> None:
    writer, index, columns = unit.writer, loop.index, loop.columns
    with writer.block(f"if {index} and not {index} % {columns}:"):
        row = f"str({index} // {columns} + 1)"
        writer.put(f"'</tr>\\n<tr class=\"row' + {row} + '\">'")
    writer.put(f"'<td class=\"col' + str({index} % {columns} + 1) + '\">'")
    unit.names.loops.append(loop)
    if frame:
        record = unit.names.record(loop)
        shown = f"'tablerowloop': {record}, {loop.variable!r}: {loop.element}"
        writer.line(f"{frame}.update({{{shown}}})")
    with writer.block("try:"):
        unit.body(node.body)
    with writer.block("finally:"):  # a jump out of the cell still closes it
        writer.put("'</td>'")
    unit.names.loops.pop()
