"""How often anybody is written to: limits, and the mails that fill them.

A limit such as `3/week` holds for any seven days in a row of the person's own calendar, so that a
mail at nine every morning fits `1/day`; `3/7d` and `2/36h` hold for any such span of time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from tailorbird.errors import SettingsError
from tailorbird.schema import DAY, HOUR, Instant

CAP: Final = "cap"
DISPLACED: Final = "displaced"
_WRITTEN: Final = re.compile(r"([1-9]\d{0,3})/(?:(day|week|month)|([1-9]\d{0,3})(h|d))")
_CALENDAR: Final = {"day": 1, "week": 7, "month": 30}
LONGEST_DAYS: Final = 365


class Limit(msgspec.Struct, frozen=True):
    """At most so many mails to one person within any window."""

    name: str
    most: int
    window: int
    """Days of her calendar; microseconds where it rolls."""
    rolls: bool = False
    purpose: str = ""
    """Whose mails count; '': all."""
    campaign: str = ""
    """Where set, it bars this campaign alone, and counts what others sent before."""
    reason: str = CAP

    @property
    def span(self) -> Instant:
        """Return a time that is at least as long as the window."""
        return self.window if self.rolls else (self.window + 1) * DAY


@dataclass(frozen=True, slots=True)
class Mark:
    """A mail to a person that left, or is to leave: when, and on which day of her calendar."""

    at: Instant
    day: int
    campaign: str
    purpose: str
    send_id: bytes
    fresh: bool = False
    """Whether it was granted among the very proposals that are judged."""


def read_limits(texts: Iterable[str], purpose: str, where: str) -> tuple[Limit, ...]:
    """Return the limits that texts such as `1/day`, `3/week`, `2/36h` and `5/30d` mean.

    Raises:
        SettingsError: one of them cannot be read.
    """
    return tuple(_read(text.strip(), purpose, where) for text in texts)


def _read(text: str, purpose: str, where: str) -> Limit:
    found = _WRITTEN.fullmatch(text)
    if found is None:
        mend = 'write it as "1/day", "3/week", "8/month", "2/36h" or "5/30d"'
        raise SettingsError(f"{text!r} is no limit", where=where, mend=mend)
    most, calendar, number, unit = found.groups()
    name = f"{where.rpartition('.')[2]} {text}"
    if calendar:
        return Limit(name, int(most), _CALENDAR[calendar], purpose=purpose)
    window = int(number) * (HOUR if unit == "h" else DAY)
    if window > LONGEST_DAYS * DAY:
        raise SettingsError(f"{text!r} is too long", where=where, mend="write 365d at most")
    return Limit(name, int(most), window, rolls=True, purpose=purpose)


def filling(limit: Limit, marks: Sequence[Mark], at: Instant, day: int) -> tuple[Mark, ...]:
    """Return the mails that leave no room for one more then; () where there is room."""
    here = at if limit.rolls else day
    near = sorted(_counted(limit, marks, at, day), key=lambda mark: (_place(limit, mark), mark.at))
    before = [mark for mark in near if _place(limit, mark) <= here]
    after = near[len(before) :]
    for taken in range(limit.most, -1, -1):
        rest = limit.most - taken
        if taken > len(before) or rest > len(after):
            continue
        chosen = [*before[len(before) - taken :], *after[:rest]]
        first = _place(limit, before[-taken]) if taken else here
        last = _place(limit, after[rest - 1]) if rest else here
        if last - first < limit.window:
            return tuple(chosen)
    return ()


def room_from(limit: Limit, marks: Sequence[Mark], at: Instant, day: int) -> int:
    """Return from when on there is room: an instant where the limit rolls, else a day."""
    here = at if limit.rolls else day
    ends = sorted(_place(limit, mark) + limit.window for mark in marks)
    for place in (here, *(end for end in ends if end > here)):
        then = (place, day) if limit.rolls else (at, place)
        if not filling(limit, marks, *then):
            return place
    return ends[-1] if ends else here


def _counted(limit: Limit, marks: Sequence[Mark], at: Instant, day: int) -> list[Mark]:
    here = at if limit.rolls else day
    return [
        mark
        for mark in marks
        if abs(_place(limit, mark) - here) < limit.window
        and limit.purpose in ("", mark.purpose)
        and not (limit.campaign and (mark.campaign == limit.campaign or mark.at > at))
    ]


def _place(limit: Limit, mark: Mark) -> int:
    return mark.at if limit.rolls else mark.day
