"""What must be known of all units together before one of them is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tailorbird.content.generate.assigned import assigned
from tailorbird.content.scope import unknown_block
from tailorbird.content.tree import (
    Body,
    Constant,
    Count,
    Cycle,
    For,
    IfChanged,
    Partial,
    Path,
    TableRow,
)
from tailorbird.content.values import text
from tailorbird.content.walk import expressions, nodes
from tailorbird.errors import TemplateError

MAIN = "\0"
"""Name of the unit of the template itself; no call reaches it."""


class Program:
    """The units that a template needs, and the facts that decide how their code is written."""

    def __init__(
        self,
        main: Body,
        blocks: Mapping[str, str],
        parse: Callable[[str, str], Body],
        *,
        printing: bool = False,
    ) -> None:
        self.units: dict[str, Body] = {}
        self.constants: dict[str, str] = {}
        self.printing = printing
        """What does not fit is printed where it stands, instead of ending the rendering."""
        self._blocks = blocks
        self._parse = parse
        self._inlined: dict[int, str] = {}
        self._add(MAIN, main)
        self.given = frozenset(self._given())
        """What a unit can be given by another, or by a loop around its call."""
        self.mutable = self.given.union(*map(assigned, self.units.values()))
        self.continued = frozenset(
            node.each.key
            for body in self.units.values()
            for node in nodes(body)
            if isinstance(node, For | TableRow) and node.each.offset == "continue"
        )
        self._alone = printing or any(
            isinstance(node, Count) for body in self.units.values() for node in nodes(body)
        )
        """Calls must hide counters, and put everything back after a fault."""
        self.framed = self._needs_frames()
        """Loops must show their variables to units that they include, or to computed names."""

    def _add(self, name: str, body: Body) -> None:
        self.units[name] = body
        for node in nodes(body):
            if isinstance(node, Partial):
                self._need(node)

    def _need(self, node: Partial) -> None:
        if node.body is not None:
            name = f" {len(self.units)} {node.place}"
            self._inlined[id(node)] = name
            self.units[name] = node.body
        elif not isinstance(node.name, Constant):
            for each in self._blocks:
                self._block(each)
        elif text(node.name.value) in self._blocks:
            self._block(text(node.name.value))
        elif not self.printing:
            fault = unknown_block(text(node.name.value), self._blocks)
            raise TemplateError(fault.what, where=str(node.place), mend=fault.mend)

    def _block(self, name: str) -> None:
        if name not in self.units:
            self._add(name, self._parse(self._blocks[name], name))

    def constant(self, code: str) -> str:
        """Return the name of a value that is made once for the whole program."""
        return self.constants.setdefault(code, f"made{len(self.constants)}")

    def memo(self, fields: list[str], escape: bool) -> str:
        """Return the name of a memo of its own."""
        return self.constant(f"Memo({fields!r}, {escape})  # {len(self.constants)}")

    def target(self, node: Partial) -> str | None:
        """Return the unit that a partial calls, or None where only rendering can tell."""
        if node.body is not None:
            return self._inlined[id(node)]
        return text(node.name.value) if isinstance(node.name, Constant) else None

    def plain(self, node: Partial) -> str | None:
        """Return the Python name of the unit that a partial calls, where that needs only a frame.

        Such a unit does not cycle, compare with what it printed, or go on with a loop.
        """
        name = self.target(node)
        if self._alone or not node.isolated or node.bound is not None or name not in self.units:
            return None
        for each in nodes(self.units[name]):
            match each:
                case Cycle() | IfChanged() | Partial(isolated=False):
                    return None
                case For(loop) | TableRow(loop) if loop.key in self.continued:
                    return None
        return f"unit{list(self.units).index(name)}"

    def _given(self) -> set[str]:
        names = {"forloop", "tablerowloop"}
        for body in self.units.values():
            for node in nodes(body):
                match node:
                    case For(each) | TableRow(each):
                        names.add(each.variable)
                    case Partial():
                        names.add(node.alias)
                        names.update(key for key, _ in node.arguments)
                        if not node.alias:
                            names.update(each.rpartition("/")[2] for each in self._blocks)
        return names

    def _needs_frames(self) -> bool:
        for body in self.units.values():
            for node in nodes(body):
                if isinstance(node, Partial) and not node.isolated:
                    return True
            for expression in expressions(body):
                if isinstance(expression, Path) and not isinstance(expression.root, str):
                    return True
        return False
