"""What the turns of a loop printed, kept for the next mail that shows the same things.

Mails of one send often show the same products. Only loops that read nothing but fields of their
elements keep anything, and only while that pays: where too few turns come again, a memo forgets
what it has and rests. Addresses of links are left open, for they are each person's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from operator import itemgetter
from typing import Final, NamedTuple, TypeAlias

from tailorbird.content.values import escape_html, inspect, text

Links: TypeAlias = Callable[[str, int], str]
Row: TypeAlias = tuple[object, ...]
"""The values that one turn is printed from."""

TRIAL: Final = 2_048
"""Turns after which it is judged whether a memo pays."""
REST: Final = 200_000
"""Turns that a memo sits out when it does not."""
MOST_CHARACTERS: Final = 8_000_000
"""What one memo may hold; then it begins anew."""
_OVERHEAD: Final = 1_000
"""Characters that stand for what an entry takes beside its text."""


class _Turn(NamedTuple):
    """What a turn printed: a text, then for each link its address, its number and a text.

    `numbers` are the places of numbers in the row, with their classes: 1 equals true and 1.0.
    """

    numbers: tuple[tuple[int, type], ...]
    head: str
    rest: tuple[tuple[str, int, str], ...]


Kept: TypeAlias = dict[Row, _Turn]


class Memo:
    """What one loop of one template printed, by what it was printed from."""

    __slots__ = ("_fields", "_hits", "_kept", "_read", "_resting", "_safe", "_turns", "size")

    def __init__(self, fields: Sequence[str], escape: bool) -> None:
        self._fields = tuple(fields)
        self._read = itemgetter(*self._fields, self._fields[0])  # two at least: it gives a tuple
        self._safe = escape_html if escape else text
        self._kept: dict[Row, Kept] = {}
        self.size = 0
        self._turns = 0
        self._hits = 0
        self._resting = 0

    def awake(self, turns: int) -> bool:
        """Return whether the next turns, so many, shall be looked for here."""
        if self._resting > 0:
            self._resting -= turns
            return False
        if self._turns >= TRIAL:
            if self._hits * 4 < self._turns:
                self._resting = REST
                self._forget()
            self._turns = self._hits = 0
        self._turns += turns
        return self._resting <= 0

    def turns(
        self, elements: Sequence[object], setting: Row, out: list[str], links: Links, made: Made
    ) -> Iterator[tuple[int, object]]:
        """Yield the elements whose turn must be printed, into `made`, and print all in their order.

        `setting` is what filters read beside the elements.
        """
        kept = self._kept.setdefault(setting, {})
        get, append, extend = kept.get, out.append, out.extend
        safe, hits = self._safe, 0
        for index, row in enumerate(self._rows(elements)):
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
            _, head, rest = self._keep(kept, row, made)
            append(head)
            for url, number, behind in rest:
                append(safe(links(url, number)))
                append(behind)
        self._hits += hits

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
        found = [element.get(field) for field in self._fields]
        return tuple(
            (inspect(value), value.__class__) if isinstance(value, list | dict) else value
            for value in found
        )

    def _keep(self, kept: Kept, row: Row, made: Made) -> _Turn:
        numbers = tuple(
            (place, value.__class__)
            for place, value in enumerate(row)
            if isinstance(value, int | float)
        )
        size = sum(map(len, made.out)) + _OVERHEAD
        turn = made.turn(numbers)
        if not any(row[place] == 0 and kind is float for place, kind in numbers):  # 0.0 is -0.0
            if self.size > MOST_CHARACTERS:
                self._forget()
            kept[row] = turn
            self.size += size
        return turn

    def _forget(self) -> None:
        for kept in self._kept.values():
            kept.clear()
        self._kept.clear()
        self.size = 0


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

    def turn(self, numbers: tuple[tuple[int, type], ...]) -> _Turn:
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
        return _Turn(numbers, texts[0], rest)


def setting(data: Mapping[str, object]) -> Row:
    """Return what filters read of the data beside their arguments: language, zone, currency."""
    shop = data.get("shop")
    own = (shop.get("currency"), shop.get("zone")) if isinstance(shop, dict) else (None, None)
    return tuple(
        value if isinstance(value, str) else None
        for value in (data.get("locale"), data.get("zone"), *own)
    )
