"""Addresses that may not be written to: added, lifted, looked up, imported, exported.

Each word goes to the log first and is taken up at once: whoever rebuilds from the log has it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeVar

import msgspec

from tailorbird.collect import clean, suppression_files
from tailorbird.collect.suppression_files import RefusedLine, Suppressed
from tailorbird.errors import UsageError
from tailorbird.ports import EventLog
from tailorbird.profiles.spoken import body
from tailorbird.registries import Suppressions
from tailorbird.schema import Instant
from tailorbird.suppression_words import MailPurpose, SuppressionReason, SuppressionWord, bars

T = TypeVar("T")
AT_ONCE: Final = 1000
"""Words in one body of the log."""
HEAD: Final = ("email", "reason", "purpose", "at", "source", "address_key")


class Said(msgspec.Struct, frozen=True):
    """What came of naming addresses: how many words were new, how many were so already."""

    changed: int
    already: int
    refused: tuple[RefusedLine, ...] = ()
    """Lines (or places, from 1) that name no address."""


class Checked(msgspec.Struct, frozen=True):
    """What stands against an address, and everything that was ever said of it, oldest first."""

    standing: tuple[SuppressionWord, ...]
    said: tuple[SuppressionWord, ...]


@dataclass(frozen=True, slots=True)
class Suppressing:
    """The suppressions of one data folder."""

    suppressions: Suppressions
    log: EventLog
    now: Instant
    source: str
    """Which door this is: `cli`, `rest`."""
    author: str = ""

    def add(
        self,
        addresses: Iterable[str],
        reason: SuppressionReason = "manual",
        *,
        purpose: MailPurpose | None = None,
        note: str = "",
    ) -> Said:
        """Bar addresses; one that is barred for this reason already stays so.

        Raises:
            UsageError: the note names an address.
        """
        _check(note)
        found, refused = _addresses(addresses)
        purpose = purpose or bars(reason)
        words = [
            SuppressionWord(key, reason, self.now, purpose, True, self.source, self.author, note)
            for key in self._keys(found)
            if not any(
                (each.reason, each.purpose) == (reason, purpose) for each in self._standing(key)
            )
        ]
        self._say(words)
        return Said(len(words), len(found) - len(words), refused)

    def lift(
        self, addresses: Iterable[str], reason: SuppressionReason | None = None, *, note: str = ""
    ) -> Said:
        """Let addresses be written to again: take one reason from them, or all.

        It gives no consent: who unsubscribed has to agree anew.

        Raises:
            UsageError: the note is missing, or names an address.
        """
        _check(note)
        if not note:
            raise UsageError("a suppression is lifted for a reason", mend="say why; it is kept")
        found, refused = _addresses(addresses)
        words: list[SuppressionWord] = []
        lifted = 0
        for key in self._keys(found):
            ends = [each for each in self._standing(key) if reason in (None, each.reason)]
            lifted += bool(ends)
            words += [
                SuppressionWord(
                    key, each.reason, max(self.now, each.at + 1), each.purpose, False,
                    self.source, self.author, note,
                )
                for each in ends
            ]  # fmt: skip
        self._say(words)
        return Said(lifted, len(found) - lifted, refused)

    def load(
        self,
        lines: Iterable[str],
        file: str,
        *,
        reason: SuppressionReason | None = None,
        purpose: MailPurpose | None = None,
    ) -> tuple[Said, list[tuple[RefusedLine, list[str]]]]:
        """Bar the addresses of a file; return what came of it, and the refused lines with cells.

        Raises:
            SourceError: no column holds addresses.
        """
        taken, refused = 0, []
        new = 0
        for chunk in _chunks(suppression_files.read(lines, file, self.now, reason), AT_ONCE):
            refused += [(said, row) for said, row in chunk if isinstance(said, RefusedLine)]
            named = [said for said, _ in chunk if isinstance(said, Suppressed)]
            taken += len(named)
            new += self._say(
                SuppressionWord(
                    self.suppressions.key(each.address), each.reason, each.at,
                    purpose or bars(each.reason), True, "import", self.author, "",
                )
                for each in named
            )  # fmt: skip
        return Said(new, taken - new, tuple(said for said, _ in refused)), refused

    def check(self, address: str) -> Checked:
        """Return what stands against an address, and all that was ever said of it.

        Raises:
            UsageError: it is none.
        """
        found = clean.email(address)
        if found is None:
            raise UsageError(f"{address!r} is no address", mend="write name@example.com")
        key = self.suppressions.key(found)
        return Checked(tuple(self._standing(key)), tuple(self.suppressions.said(key)))

    def _keys(self, addresses: Sequence[str]) -> list[bytes]:
        return list(dict.fromkeys(map(self.suppressions.key, addresses)))

    def _standing(self, key: bytes) -> list[SuppressionWord]:
        return latest(self.suppressions.said(key))

    def _say(self, words: Iterable[SuppressionWord]) -> int:
        spoken = list(words)
        if not spoken:
            return 0
        self.log.append([body(chunk, self.now) for chunk in _chunks(spoken, AT_ONCE)])
        return self.suppressions.say(spoken)


def latest(words: Iterable[SuppressionWord]) -> list[SuppressionWord]:
    """Return which of the words on one address stand and bar."""
    standing: dict[tuple[str, str], SuppressionWord] = {}
    for word in words:
        about = (word.purpose, word.reason)
        before = standing.get(about)
        if before is None or (word.at, word.barred) > (before.at, before.barred):
            standing[about] = word
    return [word for word in standing.values() if word.barred]


def exported(rows: Iterable[tuple[str, SuppressionWord]]) -> Iterator[str]:
    """Yield the lines of a CSV file of (address or '', word); the first one is its head."""
    yield _line(HEAD)
    for address, word in rows:
        at = f"{word.at // 1_000_000}"
        yield _line((address, word.reason, word.purpose, at, word.source, word.address_key.hex()))


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def _addresses(given: Iterable[str]) -> tuple[list[str], tuple[RefusedLine, ...]]:
    """Return the addresses, once each, and the places of what is none."""
    found: dict[str, None] = {}
    refused = []
    for place, text in enumerate(given, 1):
        address = clean.email(text)
        if address is None:
            refused.append(RefusedLine(place, "no address", "write name@example.com"))
        else:
            found[address.lower()] = None
    return list(found), tuple(refused)


def _check(note: str) -> None:
    if "@" in note:
        raise UsageError("the reason names an address", mend="leave it out: the reason is kept")


def _chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk
