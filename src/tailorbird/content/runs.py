"""What whole loops printed, kept for the next mail that shows the same list of things."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeAlias

Links: TypeAlias = Callable[[str, int], str]
Row: TypeAlias = tuple[object, ...]
"""The values that one turn is printed from."""

TRIAL: Final = 2_048
"""Turns after which it is judged whether keeping pays."""
REST: Final = 200_000
"""Turns that are sat out when it does not."""
OVERHEAD: Final = 1_000
"""Characters that stand for what an entry takes beside its text."""
_MOST_SEEN: Final = 10_000
_BETWEEN: Final = "\0"
"""Stands between addresses that are made safe all at once."""


class Trial:
    """Whether looking for what was kept pays: at least a quarter of the turns must be found."""

    __slots__ = ("_resting", "_turns", "hits")

    def __init__(self) -> None:
        self.hits = 0
        self._turns = 0
        self._resting = 0

    def goes_on(self, turns: int) -> bool:
        """Return whether the next turns, so many, shall be looked for."""
        if self._resting > 0:
            self._resting -= turns
            return False
        if self._turns >= TRIAL:
            if self.hits * 4 < self._turns:
                self._resting = REST
            self._turns = self.hits = 0
        self._turns += turns
        return self._resting <= 0


class Turn(NamedTuple):
    """What a turn printed: a text, then for each link its address, its number and a text.

    `numbers` are the places of numbers in the row, with their classes: 1 equals true and 1.0.
    """

    numbers: tuple[tuple[int, type], ...]
    head: str
    rest: tuple[tuple[str, int, str], ...]

    def fits(self, row: Row) -> bool:
        """Return whether a row that equals the kept one has the same classes."""
        return all(row[place].__class__ is kind for place, kind in self.numbers)


class Run(NamedTuple):
    """What all turns of a loop printed: texts, with a gap for the address of each link between.

    `numbers` are the places of numbers in the rows, with the class of each row's value there.
    """

    numbers: tuple[tuple[int, list[type]], ...]
    texts: list[str]
    addresses: tuple[tuple[str, int], ...]

    @staticmethod
    def of(turns: Sequence[Turn], rows: Sequence[Row]) -> Run:
        """Return the run of turns that were printed from these rows."""
        texts, addresses = [""], []
        for turn in turns:
            texts[-1] += turn.head
            for url, number, behind in turn.rest:
                addresses.append((url, number))
                texts += ("", behind)
        places = sorted({place for turn in turns for place, _ in turn.numbers})
        classes = [(place, [row[place].__class__ for row in rows]) for place in places]
        return Run(tuple(classes), texts, tuple(addresses))

    def fits(self, rows: Sequence[Row]) -> bool:
        """Return whether rows that equal the kept ones have the same classes."""
        return all([row[place].__class__ for row in rows] == kinds for place, kinds in self.numbers)

    def print(self, out: list[str], links: Links, safe: Callable[[str], str]) -> None:
        """Print it with a person's own links."""
        pieces = self.texts.copy()
        given = [links(url, number) for url, number in self.addresses]
        escaped = safe(_BETWEEN.join(given)).split(_BETWEEN) if given else given
        if len(escaped) != len(given):
            escaped = list(map(safe, given))
        pieces[1::2] = escaped
        out += pieces


class Runs:
    """The runs of one loop of one template. A run is kept when its list is seen a second time."""

    __slots__ = ("_kept", "_most", "_seen", "_trial", "size")

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[tuple[Row, ...], Run] = {}
        self._seen: set[int] = set()
        self._trial = Trial()
        self.size = 0

    def find(self, setting: Row, rows: list[Row]) -> tuple[Run | None, bool]:
        """Return what was printed from these rows, and whether it shall be kept when it was not."""
        if not self._trial.goes_on(len(rows)):
            return None, False
        key = (setting, *rows)
        try:
            found = self._kept.get(key)
        except TypeError:  # a list or a dictionary is among the values
            return None, False
        if found is not None and found.fits(rows):
            self._trial.hits += len(rows)
            return found, False
        return None, self._seen_before(hash(key), len(rows))

    def _seen_before(self, key: int, turns: int) -> bool:
        if key in self._seen:
            self._trial.hits += turns
            return True
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        self._seen.add(key)
        return False

    def keep(self, setting: Row, rows: Sequence[Row], run: Run) -> None:
        """Keep what was printed from these rows."""
        if self.size > self._most:
            self.forget()
        self._kept[(setting, *rows)] = run
        self.size += sum(map(len, run.texts)) + OVERHEAD * len(rows)

    def forget(self) -> None:
        """Forget what was printed, not which lists were seen."""
        self._kept.clear()
        self.size = 0
