"""A world in which one journey is tried: it reads what the real one holds, and writes nothing.

Enrolments and decisions are kept in memory; what a journey says to the log and to webhooks goes
nowhere; the journey's own real mails are no part of it, those of all others are, up to the instant
at which the imagined clock stands.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

import msgspec

from tailorbird import journeys
from tailorbird.access import Hook, Notice, NoticeState
from tailorbird.errors import DefinitionError, UsageError
from tailorbird.journeys.edit_text import with_key
from tailorbird.letters.campaigns import BETWEEN
from tailorbird.outbox import Order, Written
from tailorbird.ports import EventLog, Ledger
from tailorbird.registries import Definitions, Hooks
from tailorbird.schema import (
    Body,
    Decision,
    Definition,
    DefinitionKind,
    Instant,
    LogRecord,
    PersonId,
)
from tailorbird.world import World


class ImaginedLedger:
    """Decisions in memory over those of the real ledger, which nothing is added to."""

    def __init__(self, real: Ledger, journey: str) -> None:
        self.now: Instant = 0
        """Where the imagined clock stands: what left later has not left."""
        self.made: dict[bytes, Decision] = {}
        self._real, self._own = real, journey + BETWEEN
        self._due: dict[bytes, Instant] = {}
        self._of: dict[PersonId, list[Decision]] = defaultdict(list)

    def record(
        self, decisions: Sequence[Decision], due: Mapping[bytes, Instant] | None = None
    ) -> int:
        """Keep decisions until the simulation ends; return how many were new."""
        before = len(self.made)
        for each in decisions:
            if each.id not in self.made:
                self.made[each.id] = each
                self._due[each.id] = (due or {}).get(each.id, each.at)
                self._of[each.person].append(each)
        return len(self.made) - before

    def found(self, decision_ids: Sequence[bytes]) -> dict[bytes, Decision]:
        """Return those of these decisions that were imagined."""
        return {each: self.made[each] for each in decision_ids if each in self.made}

    def decision(self, decision_id: bytes) -> Decision | None:
        """Return one decision, imagined or real."""
        return self.made.get(decision_id) or self._real.decision(decision_id)

    def enrolled(self, people: Sequence[PersonId], names: Sequence[str]) -> dict[PersonId, str]:
        """Return by which of these campaigns and journeys each was sent to or held out first."""
        own = self._own.removesuffix(BETWEEN)
        first = self._real.enrolled(people, [name for name in names if name != own])
        for person in people if own in names else ():
            if any(each.verdict != "refused" for each in self._of.get(person, ())):
                first.setdefault(person, own)
        return first

    def shown(
        self, people: Sequence[PersonId], blocks: Sequence[str], after: Instant, until: Instant
    ) -> dict[tuple[PersonId, str], int]:
        """Return how often each of these blocks was in a mail decided for each of these people."""
        counts = Counter(self._real.shown(people, blocks, after, until))
        for each in (one for person in people for one in self._of.get(person, ())):
            if each.verdict == "send" and after < each.at <= until:
                slots = msgspec.json.decode(each.inputs).get("slots", {})
                counts.update((each.person, name) for name in slots.values() if name in blocks)
        return dict(counts)

    def written(self, people: Sequence[PersonId], after: Instant, apart: str) -> list[Written]:
        """Return the mails that had left to these people by now, the imagined among them."""
        real = self._real.written(people, after, apart)
        left = [x for x in real if x.at <= self.now and not x.campaign.startswith(self._own)]
        return left + [
            self._written(each)
            for person in people
            for each in self._of.get(person, ())
            if each.verdict == "send" and self._due[each.id] > after
        ]

    def _written(self, each: Decision) -> Written:
        at = self._due[each.id]
        said = (each.person, each.campaign, each.campaign_version, each.id, at)
        return Written(*said, "sent" if at <= self.now else "pending")

    def standing(self) -> Mapping[str, Order]:
        """Return that nothing is halted."""
        return {}

    def sent_at(self, send_id: bytes) -> Instant | None:
        """Return when a mail left, or None where it has not."""
        if send_id in self.made:
            due = self._due[send_id]
            return due if due <= self.now else None
        at = self._real.sent_at(send_id)
        return at if at is not None and at <= self.now else None

    def due_at(self, each: Decision) -> Instant:
        """Return when an imagined mail leaves."""
        return self._due[each.id]


class _Definitions:
    """The definitions in force, with one journey as it is tried; what is put is kept in memory."""

    def __init__(self, real: Definitions, tried: Definition) -> None:
        self._real, self._tried = real, tried
        self._put: dict[tuple[DefinitionKind, str], Definition] = {}

    def get(self, kind: DefinitionKind, name: str, version: int | None = None) -> Definition | None:
        if (kind, name) == ("journey", self._tried.name):
            return self._tried
        return self._put.get((kind, name)) or self._real.get(kind, name, version)

    def latest(self, kind: DefinitionKind) -> list[Definition]:
        found = self._real.latest(kind)
        if kind != "journey":
            return found
        others = [each for each in found if each.name != self._tried.name]
        return sorted([*others, self._tried], key=lambda each: each.name)

    def versions(self, kind: DefinitionKind, name: str, limit: int = 100) -> list[Definition]:
        return self._real.versions(kind, name, limit)

    def put(
        self, kind: DefinitionKind, name: str, text: str, *, author: str, reason: str, now: Instant
    ) -> Definition:
        return self._put.setdefault((kind, name), Definition(kind, name, 1, text))


class _Log:
    """The log as it is: nothing is appended."""

    def __init__(self, real: EventLog) -> None:
        self._real = real

    def append(self, bodies: Sequence[Body]) -> int:
        return self._real.end()

    def append_from(self, reader: str, bodies: Sequence[Body], progress: str) -> int:
        return self._real.end()

    def progress(self, reader: str) -> str:
        return self._real.progress(reader)

    def read(self, after: int, limit: int, size: int | None = None) -> list[LogRecord]:
        return self._real.read(after, limit, size)

    def end(self) -> int:
        return self._real.end()


class _Hooks:
    """The webhooks that there are, each of which takes at once what it is never told."""

    def __init__(self, real: Hooks) -> None:
        self._real = real

    def all(self) -> list[Hook]:
        return self._real.all()

    def states(self, notices: Sequence[str]) -> dict[str, NoticeState]:
        return dict.fromkeys(notices, "delivered")

    def keep(
        self,
        notices: Sequence[Notice],
        progress: Mapping[str, str],
        told: Mapping[PersonId, bytes | None],
        now: Instant,
    ) -> None:
        return None


def imagine(world: World, name: str, text: str = "") -> tuple[World, ImaginedLedger]:
    """Return the world in which a journey, or a draft of it, is live, and its ledger.

    Raises:
        UsageError: there is no such journey, or nothing can be imagined here.
        DefinitionError: its text is broken.
    """
    if world.aside is None or not world.has_facts:
        mend = "ask the process that serves the folder"
        raise UsageError("nothing can be simulated without the facts", mend=mend)
    found = world.definitions.get("journey", name)
    if found is None and not text:
        names = ", ".join(each.name for each in world.definitions.latest("journey")) or "none yet"
        raise UsageError(f"no journey {name!r}", mend=f"journeys here: {names}")
    text = text or (found.text if found else "")
    draft = found is None or text != found.text
    version = (found.version if found else 0) + draft
    tried = Definition("journey", name, version, _live(text, f"journeys/{name}.yaml"))
    ledger = ImaginedLedger(world.ledger, name)
    return replace(
        world,
        enrolments=world.aside(),
        ledger=cast("Ledger", ledger),
        definitions=cast("Definitions", _Definitions(world.definitions, tried)),
        log=_Log(world.log),
        hooks=cast("Hooks", _Hooks(world.hooks)),
        imagined=name,
    ), ledger


def _live(text: str, file: str) -> str:
    """Return a journey's text as if it were live."""
    if journeys.parse_journey(text, file).mode == "live":
        return text
    try:
        return with_key(text, "mode", "live", file)
    except DefinitionError:
        return json.dumps({**json.loads(text), "mode": "live"})
