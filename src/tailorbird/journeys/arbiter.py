"""The arbiter: what journeys and campaigns propose to send, granted within everybody's limits.

Each person's proposals are granted greedily: by priority, expected uplift, due time and name. A
proposal is displaced only when a limit has no room left by what was granted before it, in this
call or earlier; so nobody is written to too often, and nobody is spared in vain.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tailorbird.journeys.limits import CAP, DISPLACED, Limit, Mark, filling, room_from
from tailorbird.schema import Instant, PersonId


@dataclass(frozen=True, slots=True)
class Asked:
    """A mail that somebody proposes and nothing else stands in the way of.

    `limits` are those that bind it beside the ones for all: its campaign's cap, and what the
    person chose. Who is held out is `silent`: bound as all are, but takes no room.
    """

    id: bytes
    person: PersonId
    campaign: str
    purpose: str
    at: Instant
    day: int
    priority: int
    uplift: float = 0.0
    limits: tuple[Limit, ...] = ()
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Displaced:
    """No room: by which limit, and which mails fill it."""

    limit: Limit
    counted: tuple[Mark, ...]
    free_from: int
    """From when on there is room as far as is known: an instant where the limit rolls, or a day."""

    @property
    def winners(self) -> tuple[Mark, ...]:
        """Return what was granted in its place among the same proposals."""
        return tuple(mark for mark in self.counted if mark.fresh)

    @property
    def reason(self) -> str:
        """Return the reason that a decision gives."""
        return DISPLACED if self.winners and self.limit.reason == CAP else self.limit.reason


Ruling: TypeAlias = Displaced | None
"""None: granted."""


def arbitrate(
    asked: Sequence[Asked], standing: Mapping[PersonId, Sequence[Mark]], limits: Sequence[Limit]
) -> dict[bytes, Ruling]:
    """Return the ruling on each proposal by its id; the order in which they come is no matter.

    `standing` holds the mails of each person that left or are to leave.
    """
    rulings: dict[bytes, Ruling] = {}
    by_person: dict[PersonId, list[Asked]] = defaultdict(list)
    for each in asked:
        by_person[each.person].append(each)
    for person, own in by_person.items():
        marks = list(standing.get(person, ()))
        for each in sorted(own, key=_order):
            ruling = rulings[each.id] = _rule(each, marks, limits)
            if ruling is None and not each.silent:
                mark = Mark(each.at, each.day, each.campaign, each.purpose, each.id, fresh=True)
                marks.append(mark)
    return rulings


def _order(asked: Asked) -> tuple[int, float, Instant, str, bytes]:
    return asked.priority, -asked.uplift, asked.at, asked.campaign, asked.id


def _rule(asked: Asked, marks: Sequence[Mark], limits: Sequence[Limit]) -> Ruling:
    for limit in (*limits, *asked.limits):
        if limit.purpose not in ("", asked.purpose):
            continue
        if counted := filling(limit, marks, asked.at, asked.day):
            return Displaced(limit, counted, room_from(limit, marks, asked.at, asked.day))
    return None
