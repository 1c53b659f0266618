"""What generated code works with while it renders: names, registers, budgets, partials."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from tailorbird.content.faults import Unfit
from tailorbird.content.lists import Lists
from tailorbird.content.values import JumpKind, bound, inspect, text, whole
from tailorbird.errors import TemplateError
from tailorbird.schema import Instant

STEPS: Final = 100_000
"""Most turns of all loops together in one rendering."""
MOST_PIECES: Final = 1_000_000
"""Most pieces that the output of one rendering may have before they are joined."""
DEEPEST: Final = 60
"""Most partials inside each other."""

Links: TypeAlias = Callable[[str, int], str]
Unit: TypeAlias = "Callable[[list[str], Scope], JumpKind]"
"""One template as a function: it adds to the output and says how it ended."""
Record: TypeAlias = dict[str, object]


@dataclass(slots=True)
class Budget:
    """What is left to one rendering, shared by all its scopes."""

    steps: int = STEPS
    depth: int = 0


class Scope:
    """Where names are looked up: frames from the inside out, then counters, then the data."""

    __slots__ = (
        "alone",
        "budget",
        "changed",
        "counters",
        "cycles",
        "data",
        "deadline",
        "frames",
        "links",
        "lists",
        "now",
        "offsets",
        "units",
    )

    def __init__(
        self,
        data: Mapping[str, object],
        units: Mapping[str, Unit],
        now: Instant,
        links: Links,
    ) -> None:
        self.data = data
        self.units = units
        self.now = now
        self.links = links
        self.lists: Lists | None = None
        self.deadline: Callable[[], bool] | None = None
        self.budget = Budget()
        self.alone = False
        self.frames: list[Record] = [{}]
        self.counters: dict[str, int] = {}
        self.cycles: dict[str, int] = {}
        self.offsets: dict[str, int] = {}
        self.changed: str | None = None

    def look(self, name: object) -> object:
        """Return what a name stands for, or None."""
        for frame in reversed(self.frames):
            if name in frame:
                return frame[name]
        if name in self.counters:
            return self.counters[name]
        return self.data.get(name) if isinstance(name, str) else None

    def count(self, name: str, step: int) -> str:
        """Return what `increment` (step 1) or `decrement` (step -1) prints, and move on."""
        before = self.counters.get(name, 0)
        self.counters[name] = before + step
        return str(before if step > 0 else before + step)

    def cycle(self, group: object, values: tuple[object, ...]) -> object:
        """Return the next of the values that belong to a group."""
        key = inspect(group)
        place = self.cycles.get(key, 0)
        self.cycles[key] = 0 if place + 1 >= len(values) else place + 1
        return values[place] if place < len(values) else None

    def if_changed(self, written: str) -> str:
        """Return what was written, or nothing when it is what was written before."""
        same, self.changed = written == self.changed, written
        return "" if same else written

    # -- loops ------------------------------------------------------------------------------------

    def turns(self, collection: object) -> list[object] | range:
        """Return what a loop runs over, its turns taken from the budget.

        Raises:
            TemplateError: the loops of this rendering run too often.
        """
        found: list[object] | range
        if collection.__class__ is list or isinstance(collection, list | range):
            found = collection
        elif isinstance(collection, dict):
            found = [[key, value] for key, value in collection.items()]
        else:
            found = [collection] if isinstance(collection, str) and collection else []
        self.charge(len(found))
        return found

    def charge(self, steps: int) -> None:
        """Take turns from the budget. Raises as `turns`."""
        self.budget.steps -= steps
        if self.budget.steps < 0:
            raise TemplateError(
                f"the loops run more than {STEPS:,} turns",
                mend="give the loop a limit, or a smaller list",
            )

    def overflow(self) -> None:
        """Stop a rendering whose output has too many pieces, or whose time is over."""
        if self.deadline is not None and self.deadline():
            raise TemplateError(
                "the time for this template is over",
                mend="give its loops a limit, or a smaller list",
            )
        raise TemplateError(
            f"the output has more than {MOST_PIECES:,} pieces",
            mend="give the loop a limit, or a smaller list",
        )

    def part(
        self, collection: object, key: str, limit: object, offset: object, backwards: bool
    ) -> list[object]:
        """Return the part of a collection that a loop with options runs over.

        `offset` is None, a number, or `...` to go on where the last loop with this key ended.
        """
        start = self.offsets.get(key, 0) if offset is ... else _option(offset, "offset") or 0
        most = _option(limit, "limit")
        elements = self._elements(collection)
        if isinstance(collection, str):
            start, most = 0, None
        end = len(elements) if most is None else max(0, start + most)
        found = list(elements[max(0, start) : end])
        self.offsets[key] = start + len(found)
        self.charge(len(found))
        return found[::-1] if backwards else found

    def cells(
        self, collection: object, limit: object, offset: object
    ) -> list[object] | range | None:
        """Return what a table runs over, or None for no table; `...` is an option not given."""
        if collection is None or collection is False:
            return None
        start = 0 if offset is ... else bound(offset)
        most = None if limit is ... else _option(limit, "limit") or 0
        found = self._elements(collection)
        if not isinstance(collection, str):
            end = len(found) if most is None else max(0, start + most)
            found = found[max(0, start) : end]
        self.charge(len(found))
        return found

    def _elements(self, collection: object) -> list[object] | range:
        steps = self.budget.steps
        if isinstance(collection, range):
            return collection
        found = self.turns(collection)
        self.budget.steps = steps
        return found

    # -- partials ---------------------------------------------------------------------------------

    def render(self, out: list[str], call: Call, bound_value: object, frame: Record) -> JumpKind:
        """Run another template in a scope of its own."""
        unit = self._enter(call.name)
        if call.each and isinstance(bound_value, list | dict | range):
            turns = self.turns(bound_value)
            for index, element in enumerate(turns):
                loop = record(call.alias, index, len(turns), None)
                self._alone(unit, out, {"forloop": loop, **frame, call.alias: element})
        else:
            if bound_value is not None:
                frame[call.alias] = bound_value
            self._alone(unit, out, frame)
        self.budget.depth -= 1
        return ""

    def _alone(self, unit: Unit, out: list[str], frame: Record) -> None:
        """Run another template that sees only `frame` and the data, and put all names back."""
        kept = self.alone, self.frames, self.counters, self.cycles, self.offsets, self.changed
        self.alone, self.changed = True, None
        self.frames, self.counters, self.cycles, self.offsets = [frame], {}, {}, {}
        try:
            unit(out, self)
        finally:
            self.alone, self.frames, self.counters, self.cycles, self.offsets, self.changed = kept

    def include(self, out: list[str], call: Call, bound_value: object, frame: Record) -> JumpKind:
        """Run another template in this scope, the frame on top, and take the frame off again.

        Its `break` and `continue` act on the loop that includes it.
        """
        unit = self._enter(call.name)
        alias = call.alias or text(call.name).rpartition("/")[2]
        if self.alone:
            raise Unfit(
                "include cannot be used inside render",
                shopify="include usage is not allowed in this context",
                mend="use render there too",
            )
        jump: JumpKind = ""
        for element in self.turns(bound_value) if isinstance(bound_value, list) else [bound_value]:
            frame[alias] = element
            jump = unit(out, self)
            if jump:
                break
        self.frames.pop()
        self.budget.depth -= 1
        return jump

    def render_plain(self, out: list[str], unit: Unit, name: str, frame: Record) -> None:
        """Run a template as `render` does that needs no more than a frame of its own."""
        self._deeper(name)
        kept, self.frames = self.frames, [frame]
        unit(out, self)
        self.frames = kept
        self.budget.depth -= 1

    def _enter(self, name: object) -> Unit:
        if not isinstance(name, str):
            raise Unfit(
                f"a block is called by {inspect(name)[:40]}, which is no name",
                shopify="Argument error in tag 'include' - Illegal template name",
                mend="give the name of a block as a text",
            )
        unit = self.units.get(name)
        if unit is None:
            raise unknown_block(name, self.units)
        self._deeper(name)
        return unit

    def _deeper(self, name: str) -> None:
        self.charge(1)
        self.budget.depth += 1
        if self.budget.depth > DEEPEST:
            raise TemplateError(
                f"blocks call each other more than {DEEPEST} deep",
                mend=f"look for a block that calls itself: {name!r}",
            )


@dataclass(frozen=True, slots=True)
class Call:
    """How a partial is called. `each`: once for every element of what is bound to its alias."""

    name: object
    alias: str
    each: bool


def unknown_block(name: str, known: Mapping[str, object]) -> Unfit:
    """Return the error of a call to a block that is not there."""
    near = difflib.get_close_matches(name, known, n=1)
    listed = ", ".join(sorted(known)[:8]) or "none"
    mend = f"did you mean {near[0]!r}?" if near else f"known blocks: {listed}"
    return Unfit(f"there is no block {name!r}", shopify=f"Could not find asset {name}", mend=mend)


def record(name: str, index: int, length: int, parent: object) -> Record:
    """Return what `forloop` shows in one turn."""
    return {
        "name": name,
        "length": length,
        "index": index + 1,
        "index0": index,
        "rindex": length - index,
        "rindex0": length - index - 1,
        "first": index == 0,
        "last": index == length - 1,
        "parentloop": parent,
    }


def row_record(index: int, length: int, columns: int) -> Record:
    """Return what `tablerowloop` shows in one turn."""
    column = index % columns
    return {
        **record("", index, length, None),
        "col": column + 1,
        "col0": column,
        "col_first": column == 0,
        "col_last": column == columns - 1,
        "row": index // columns + 1,
    }


def columns_of(value: object, length: int) -> int:
    """Return how many columns a table has: one for each value where nothing is said (`...`)."""
    wanted = length if value is ... else bound(value)
    return wanted if wanted > 0 else sys.maxsize


def _option(value: object, name: str) -> int | None:
    return None if value is None else whole(value, f"the {name} of a loop")
