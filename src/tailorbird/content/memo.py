"""What the turns of a loop printed, kept for the next mail that shows the same things.

Mails of one send often show the same products. Only loops that read nothing but fields of their
elements keep anything, and only while that pays: where too few turns come again, a memo forgets
what it has and rests. Addresses of links are left open, for they are each person's own. Where
whole lists come again, so does what the whole loop printed (`runs`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from operator import itemgetter
from typing import Final, TypeAlias

from tailorbird.content.runs import OVERHEAD, Links, Row, Run, Runs, Trial, Turn
from tailorbird.content.values import escape_html, inspect, text

MOST_CHARACTERS: Final = 8_000_000
"""What one memo may hold of single turns, and again of whole runs; then it begins anew."""
_MISSING: Final = ("missing",)
"""Stands for a field that an element does not have."""

Kept: TypeAlias = dict[Row, Turn]


class Memo:
    """What one loop of one template printed, by what it was printed from."""

    __slots__ = ("_fields", "_kept", "_read", "_runs", "_safe", "_size", "_trial")

    def __init__(self, fields: Sequence[str], escape: bool) -> None:
        self._fields = tuple(fields)
        both = self._fields if len(self._fields) > 1 else self._fields * 2  # so it gives a tuple
        self._read = itemgetter(*both)
        self._safe = escape_html if escape else text
        self._kept: dict[Row, Kept] = {}
        self._runs = Runs(MOST_CHARACTERS)
        self._trial = Trial()
        self._size = 0

    @property
    def size(self) -> int:
        """Return how many characters it holds, near enough."""
        return self._size + self._runs.size

    def awake(self, turns: int) -> bool:
        """Return whether the next turns, so many, shall be looked for here."""
        awake = self._trial.goes_on(turns)
        if not awake and self._kept:
            self._forget()
            self._runs.forget()
        return awake

    def turns(
        self, elements: Sequence[object], setting: Row, out: list[str], links: Links, made: Made
    ) -> Iterator[tuple[int, object]]:
        """Yield the elements whose turn must be printed, into `made`, and print all in their order.

        `setting` is what filters read beside the elements.
        """
        rows = self._rows(elements)
        run, due = self._runs.find(setting, rows)
        if run is not None:
            self._trial.hits += len(rows)
            run.print(out, links, self._safe)
            return
        kept = self._kept.setdefault(setting, {})
        get, append, extend = kept.get, out.append, out.extend
        safe, hits = self._safe, 0
        for index, row in enumerate(rows):
            try:
                found = get(row)
            except TypeError:  # a list or a dictionary is among the values
                row = self._row(elements[index])
                found = get(row)
            if found is not None:
                for place, kind in found[0]:
                    if row[place].__class__ is not kind:
                        break
                else:
                    hits += 1
                    append(found[1])
                    for url, number, behind in found[2]:
                        extend((safe(links(url, number)), behind))
                    continue
            yield index, elements[index]
            Run.of([self._keep(kept, row, made)], [row]).print(out, links, safe)
        self._trial.hits += hits
        if due:
            self._keep_run(kept, setting, rows)

    def _keep_run(self, kept: Kept, setting: Row, rows: list[Row]) -> None:
        """Keep what all turns printed, where each of them is kept."""
        turns = [kept.get(row) for row in rows]
        if all(turn is not None and turn.fits(row) for turn, row in zip(turns, rows, strict=True)):
            self._runs.keep(setting, rows, Run.of([turn for turn in turns if turn], rows))

    def _rows(self, elements: Sequence[object]) -> list[Row]:
        """Return the values that each turn is printed from."""
        with suppress(KeyError, TypeError, IndexError):
            rows: list[Row] = list(map(self._read, elements))  # type: ignore[arg-type]  # else as below
            return rows
        return [self._row(element) for element in elements]

    def _row(self, element: object) -> Row:
        """Return the values of one turn, texts in place of what has parts."""
        if not isinstance(element, dict):
            return (inspect(element), element.__class__)
        found = [element.get(field, _MISSING) for field in self._fields]
        return tuple(
            (inspect(value), value.__class__) if isinstance(value, list | dict) else value
            for value in found
        )

    def _keep(self, kept: Kept, row: Row, made: Made) -> Turn:
        numbers = tuple(
            (place, value.__class__)
            for place, value in enumerate(row)
            if isinstance(value, int | float)
        )
        size = sum(map(len, made.out)) + OVERHEAD
        turn = made.turn(numbers)
        if not any(row[place] == 0 and kind is float for place, kind in numbers):  # 0.0 is -0.0
            if self._size > MOST_CHARACTERS:
                self._forget()
            kept[row] = turn
            self._size += size
        return turn

    def _forget(self) -> None:
        for kept in self._kept.values():
            kept.clear()
        self._kept.clear()
        self._size = 0


class Made:
    """What one turn prints, and the addresses in it.

    It stands in for `links` and leaves a mark where each address goes. A mark is known by being
    the very object that was given out: nothing that is printed can be taken for one.
    """

    __slots__ = ("_addresses", "_marks", "out")

    def __init__(self) -> None:
        self.out: list[str] = []
        self._marks: list[str] = []
        self._addresses: list[tuple[str, int]] = []

    def __call__(self, url: str, index: int) -> str:
        """Return the mark of an address."""
        mark = f"address {len(self._marks)}"
        self._marks.append(mark)
        self._addresses.append((url, index))
        return mark

    def turn(self, numbers: tuple[tuple[int, type], ...]) -> Turn:
        """Return what was printed, with the addresses in place of their marks, and begin anew."""
        places = {id(mark): place for place, mark in enumerate(self._marks)}
        texts, addresses, start = [], [], 0
        for at, piece in enumerate(self.out):
            place = places.get(id(piece))
            if place is not None:
                texts.append("".join(self.out[start:at]))
                addresses.append(self._addresses[place])
                start = at + 1
        texts.append("".join(self.out[start:]))
        self.out.clear()
        self._marks.clear()
        self._addresses.clear()
        rest = tuple((*each, behind) for each, behind in zip(addresses, texts[1:], strict=True))
        return Turn(numbers, texts[0], rest)


def setting(data: Mapping[str, object]) -> Row:
    """Return what filters read of the data beside their arguments: language, zone, currency."""
    shop = data.get("shop")
    own = (shop.get("currency"), shop.get("zone")) if isinstance(shop, dict) else (None, None)
    return tuple(
        value if isinstance(value, str) else None
        for value in (data.get("locale"), data.get("zone"), *own)
    )
