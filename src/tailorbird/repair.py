"""What becomes of refused records: look, mend one or many, bring back to the log, or discard.

A record is held until it is replayed or discarded. Nothing leaves silently: its bytes as they came,
its reason and what was decided stay, and are listed and counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from tailorbird import intake
from tailorbird.collect import mending
from tailorbird.errors import UsageError
from tailorbird.schema import (
    Body,
    Instant,
    LogRecord,
    Position,
    Quarantined,
    QuarantineState,
    Refused,
)
from tailorbird.world import World

PAGE = 500
"""Records in one transaction."""
EXAMPLES = 10
"""Refusals that a report shows."""


class Listed(msgspec.Struct, frozen=True):
    """A record without its values: what a list may show. `reason` stops where it would quote."""

    position: Position
    source: str
    received_at: Instant
    code: str
    reason: str
    mend: str
    state: QuarantineState
    mended: bool
    decided_at: Instant
    why: str
    replayed_as: int


class Page(msgspec.Struct, frozen=True):
    """Some records in order of position; `next` is the `after` of the next page, 0 at the end."""

    records: tuple[Listed, ...]
    next: Position


class Inspected(msgspec.Struct, frozen=True):
    """One record with its values, and what stands against it as it is now (mended, if it was)."""

    record: Quarantined
    taken: bool
    refused_for: Listed | None


class Fixed(msgspec.Struct, frozen=True):
    """What a rule did, or would do: how many it changed, and how many of these pass now."""

    rule: str
    matched: int
    passing: int
    refused: int
    first_refused: tuple[Listed, ...]
    kept: bool


class Replayed(msgspec.Struct, frozen=True):
    """How many records went back to the log, and how many are still refused and stay held."""

    replayed: int
    refused: int
    first_refused: tuple[Listed, ...]


class Which(msgspec.Struct, frozen=True):
    """A choice of held records: by position, or by code and source; all of them when empty."""

    positions: tuple[Position, ...] = ()
    code: str = ""
    source: str = ""


class Repair:
    """The quarantine of one world, at one instant."""

    def __init__(self, world: World, now: Instant) -> None:
        self._world = world
        self._now = now
        self._latest = (0, b"")

    def page(
        self,
        *,
        state: QuarantineState | None = None,
        code: str = "",
        source: str = "",
        after: Position = 0,
        limit: int = 50,
    ) -> Page:
        """Return records in order of position, without their values."""
        kept = self._world.quarantine
        found = kept.page(after, limit + 1, state=state, code=code, source=source)
        more = len(found) > limit
        shown = found[:limit]
        return Page(tuple(listed(one) for one in shown), shown[-1].refused.position if more else 0)

    def counts(self) -> list[tuple[QuarantineState, str, int]]:
        """Return (state, code, records), all states counted."""
        return self._world.quarantine.counts()

    def inspect(self, position: Position) -> Inspected:
        """Return one record with its values, which may be personal, and whether it would pass.

        Raises:
            UsageError: no record was refused there.
        """
        record = self._world.quarantine.one(position)
        if record is None:
            raise UsageError(
                f"no record was refused at position {position}",
                mend="`tailorbird quarantine list` names the positions",
            )
        against = self._against(record, content_of(record))
        told = None if against is None else _told(record, against)
        return Inspected(record, against is None, told)

    def tried(self, position: Position, raw: bytes) -> Inspected:
        """Return a held record as it would be with these bytes; nothing is kept.

        Raises:
            UsageError: as for `fix`.
        """
        record = msgspec.structs.replace(self._mendable(position, raw), mended=raw)
        against = self._against(record, raw)
        told = None if against is None else _told(record, against)
        return Inspected(record, against is None, told)

    def fix(self, position: Position, raw: bytes) -> Inspected:
        """Keep a held record's mended bytes, and return it as it is now; it stays held.

        Raises:
            UsageError: it is not there or no longer held, or the message id would change.
        """
        record = self._mendable(position, raw)
        self._world.quarantine.keep_mended([(position, raw, (*record.mended_by, "by hand"))])
        return self.inspect(position)

    def _mendable(self, position: Position, raw: bytes) -> Quarantined:
        record = self.inspect(position).record
        if record.state != "held":
            raise UsageError(
                f"the record at position {position} is {record.state}", mend="mend a held one"
            )
        if not _same_id(record, raw):
            raise UsageError(
                "a mended record keeps its message id",
                where=f"position {position}",
                mend="write the messageId that it came with",
            )
        return record

    def fix_many(self, rule: mending.Rule, *, dry_run: bool = False) -> Fixed:
        """Mend every held record that a rule is for, each once; a dry run keeps nothing."""
        matched = passing = 0
        first: list[Listed] = []
        mark = rule.mark()
        for page in self._held(Which(code=rule.where.code, source=rule.where.source)):
            kept: list[tuple[Position, bytes, tuple[str, ...]]] = []
            for record in page:
                content = None if mark in record.mended_by else self._mended(rule, record)
                if content is None:
                    continue
                kept.append((record.refused.position, content, (*record.mended_by, mark)))
                against = self._against(record, content)
                passing += against is None
                if against is not None and len(first) < EXAMPLES:
                    first.append(_told(record, against))
            matched += len(kept)
            if kept and not dry_run:
                self._world.quarantine.keep_mended(kept)
        return Fixed(rule.rule, matched, passing, matched - passing, tuple(first), not dry_run)

    def replay(self, which: Which, why: str = "") -> Replayed:
        """Bring back to the log the held records that pass now; the others stay held.

        The record and its mark are one transaction: killed anywhere, it is called again. `ingest`
        then takes them in.

        Raises:
            UsageError: a position was named at which nothing was refused.
        """
        replayed = refused = 0
        first: list[Listed] = []
        for page in self._held(which):
            bodies: list[tuple[Position, Body]] = []
            for record in page:
                against = self._against(record, content_of(record))
                if against is None:
                    body = self._body(record, content_of(record))
                    bodies.append((record.refused.position, body))
                    continue
                refused += 1
                if len(first) < EXAMPLES:
                    first.append(_told(record, against))
            replayed += len(self._world.quarantine.replay(bodies, self._now, why))
        return Replayed(replayed, refused, tuple(first))

    def discard(self, which: Which, why: str) -> int:
        """Give up held records for good, with the reason; return how many. Their bytes stay.

        Raises:
            UsageError: no reason, no choice, or a position at which nothing was refused.
        """
        if not why.strip():
            raise UsageError("no reason to discard", mend="say why: it is kept with the record")
        if which == Which():
            raise UsageError("nothing is chosen", mend="name positions, a code or a source")
        return sum(
            self._world.quarantine.discard([r.refused.position for r in page], self._now, why)
            for page in self._held(which)
        )

    def _held(self, which: Which) -> Iterator[Sequence[Quarantined]]:
        """Yield the chosen records that are held, page by page."""
        if which.positions:
            named = [self.inspect(position).record for position in sorted(set(which.positions))]
            yield [record for record in named if record.state == "held"]
            return
        after = 0
        while page := self._world.quarantine.page(
            after, PAGE, state="held", code=which.code, source=which.source
        ):
            after = page[-1].refused.position
            yield page

    def _mended(self, rule: mending.Rule, record: Quarantined) -> bytes | None:
        """Return a record as a rule mends it, None where the rule is not for it."""
        content = mending.mend(rule, content_of(record))
        return content if content is not None and _same_id(record, content) else None

    def _body(self, record: Quarantined, content: bytes) -> Body:
        return mending.body_of(record.refused, content, self._sent_at(record))

    def _sent_at(self, record: Quarantined) -> bytes:
        """Return when the body that held a record was sent; its neighbours ask for the same."""
        offset = record.refused.position >> 20
        if self._latest[0] != offset:
            came_in = self._world.log.read(offset - 1, 1)
            sent_at = mending.sent_at_of(came_in[0].body.content) if came_in else b""
            self._latest = (offset, sent_at)
        return self._latest[1]

    def _against(self, record: Quarantined, content: bytes) -> Refused | None:
        """Return what is refused about a record with this content, None when it passes."""
        again = LogRecord(self._world.log.end() + 1, self._body(record, content))
        came = intake.read(self._world, [again])
        if came.refused:
            return came.refused[0]
        one = len(came.events) == 1
        if one or (came.events and record.refused.code == mending.UNREADABLE_BODY):
            return None
        return msgspec.structs.replace(
            record.refused,
            code="not_one",
            reason=f"it holds {len(came.events)} events",
            mend="mend it to one message",
        )


def content_of(record: Quarantined) -> bytes:
    """Return a record's bytes as they are now: mended, if somebody mended it."""
    return record.refused.raw if record.mended is None else record.mended


def listed(record: Quarantined) -> Listed:
    """Return what a list may show of a record."""
    return _told(record, record.refused)


def _told(record: Quarantined, refused: Refused) -> Listed:
    """Return a record with what stands against it, without anything that it says."""
    return Listed(
        position=record.refused.position,
        source=record.refused.source,
        received_at=record.refused.received_at,
        code=refused.code,
        reason=refused.reason.partition(": ")[0],  # what follows may quote the record
        mend=refused.mend,
        state=record.state,
        mended=record.mended is not None,
        decided_at=record.decided_at,
        why=record.why,
        replayed_as=record.replayed_as,
    )


def _same_id(record: Quarantined, content: bytes) -> bool:
    """Return whether a mended record keeps the message id that it came with, if any."""
    if record.refused.code == mending.UNREADABLE_BODY:
        return True
    return mending.said_id(record.refused.raw) in ("", mending.said_id(content))
