"""What several sources say of one trait, and whose word counts.

An entry is `[value, at, source, others]`: the latest word, and the latest of every other source as
`[value, at, source]`. Entries of one source, which are nearly all, have no `others`; those that an
older version wrote have no source either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from tailorbird.privacy.sources import is_public
from tailorbird.schema import Instant, Scalar
from tailorbird.ties import Saying

Entry: TypeAlias = list[Any]
Entries: TypeAlias = dict[str, Entry]
EMAIL: Final = "email"


def say(entries: Entries, name: str, value: Scalar, at: Instant, source: str) -> None:
    """Keep a word unless its source has said a newer one."""
    entry = entries.get(name)
    if entry is None or (len(entry) == 3 and entry[2] == source):
        if entry is None or entry[1] <= at:
            entries[name] = [value, at, source]
        return
    words = {known: (said, when) for said, when, known in words_of(entry)}
    if source in words and words[source][1] > at:
        return
    words.pop(source, None)
    words[source] = (value, at)
    entries[name] = _entry((said, when, known) for known, (said, when) in words.items())


def words_of(entry: Entry) -> list[tuple[Scalar, Instant, str]]:
    """Return (value, at, source) of every source, the latest first."""
    value, at, *rest = entry
    others = rest[1] if len(rest) > 1 else []
    return [(value, at, rest[0] if rest else ""), *((v, when, who) for v, when, who in others)]


def _entry(words: Iterable[tuple[Scalar, Instant, str]]) -> Entry:
    # Of equal instants the word that came last counts, as within one source.
    latest_first = list(words)[::-1]
    latest_first.sort(key=lambda word: -word[1])
    first, *others = latest_first
    return [*first, [list(word) for word in others]] if others else list(first)


def joined(parts: Sequence[Entries]) -> Entries:
    """Return what all parts of one person say together."""
    together: Entries = {}
    for part in reversed(parts):
        for name, entry in part.items():
            for value, at, source in reversed(words_of(entry)):
                say(together, name, value, at, source)
    return together


def without(entries: Entries, until: Instant) -> Entries:
    """Return what was said after an instant."""
    left = {
        name: [word for word in words_of(entry) if word[1] > until]
        for name, entry in entries.items()
    }
    return {name: _entry(reversed(words)) for name, words in left.items() if words}


class Policy:
    """Whose word counts: of some traits the first source in an order, of all others the latest."""

    def __init__(self, orders: Mapping[str, Sequence[str]]) -> None:
        self._orders = {name: tuple(order) for name, order in orders.items()}

    def value(self, name: str, entry: Entry) -> Scalar:
        """Return the value that counts."""
        if len(entry) < 4 or not (name in self._orders or name == EMAIL):
            value: Scalar = entry[0]
            return value
        return self._chosen(name, entry)[0]

    def sayings(self, name: str, entry: Entry) -> list[Saying]:
        """Return every word on a trait, the one that counts first, with why it does."""
        words = words_of(entry)
        # `sort` leaves equals in their order, and the latest stands first.
        words.sort(key=lambda word: self.rank(name, word[2]))
        order = self._orders.get(name)
        why = f"first of {', '.join(order)}" if order else "latest"
        if name == EMAIL and not order:
            why = "latest" if is_public(words[0][2]) else "latest that no browser says"
        return [
            Saying(name, value, at, source, why if number == 0 else "")
            for number, (value, at, source) in enumerate(words)
        ]

    def _chosen(self, name: str, entry: Entry) -> tuple[Scalar, Instant, str]:
        words = words_of(entry)
        # `min` takes the first of equals, and the latest stands first.
        return min(words, key=lambda word: self.rank(name, word[2]))

    def rank(self, name: str, source: str) -> int:
        """Return the place of a source in the trait's order: 0 counts most."""
        order = self._orders.get(name)
        if order is None:
            # Whoever reads a browser's key can write any address into a profile.
            return int(name == EMAIL and is_public(source))
        family = source.partition(":")[0]
        places = [place for place, one in enumerate(order) if one in (source, family)]
        return places[0] if places else len(order)
