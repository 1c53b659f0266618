"""What must be known of a Handlebars template and its partials before they are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tailorbird.content.scope import unknown_block
from tailorbird.content.tree import Body, Constant, Inline, Insertion, Private, This
from tailorbird.content.values import text
from tailorbird.content.walk import expressions, nodes
from tailorbird.errors import TemplateError

_OF_LOOPS = frozenset({"index", "key", "first", "last"})


class Program:
    """The template (its name is empty) and every partial that it can call."""

    def __init__(
        self, main: Body, blocks: Mapping[str, str], parse: Callable[[str, str], Body]
    ) -> None:
        self.units: dict[str, Body] = {}
        self.memos: list[str] = []
        """The Python that makes each memo of a loop."""
        self._blocks = blocks
        self._parse = parse
        self._wanted: list[Insertion] = []
        self._add("", main)
        found = [node for body in self.units.values() for node in nodes(body)]
        self.inlines = frozenset(node.name for node in found if isinstance(node, Inline))
        self._check()
        read = [each for body in self.units.values() for each in expressions(body)]
        self.reaches_up = any(isinstance(each, This) and each.up for each in read)
        """Something reads `../`, so every context must know those around it."""
        self.framed = any(isinstance(node, Insertion) for node in found) and any(
            isinstance(each, Private) and (each.up or each.name in _OF_LOOPS) for each in read
        )
        """A partial may read `@index` of a loop around its call."""

    def _add(self, name: str, body: Body) -> None:
        self.units[name] = body
        for node in nodes(body):
            if isinstance(node, Insertion):
                self._need(node)

    def _need(self, node: Insertion) -> None:
        if isinstance(node.name, Constant):
            name = text(node.name.value)
            self._wanted.append(node)
            if name in self._blocks:
                self._block(name)
        elif not isinstance(node.name, Private):
            for each in self._blocks:
                self._block(each)

    def _block(self, name: str) -> None:
        if name not in self.units:
            self._add(name, self._parse(self._blocks[name], name))

    def _check(self) -> None:
        """Refuse the call of a partial that is nowhere."""
        for node in self._wanted:
            name = text(node.name.value) if isinstance(node.name, Constant) else ""
            if name not in self.units and name not in self.inlines and node.body is None:
                fault = unknown_block(name, {**self._blocks, **dict.fromkeys(self.inlines)})
                raise TemplateError(fault.what, where=str(node.place), mend=fault.mend)

    def function(self, name: str) -> str | None:
        """Return the Python name of a partial."""
        names = list(self.units)
        return f"unit{names.index(name)}" if name in self.units and name else None

    def memo(self, fields: list[str], escape: bool) -> str:
        """Return the Python name of a memo of its own."""
        self.memos.append(f"Memo({fields!r}, {escape})")
        return f"made{len(self.memos) - 1}"
