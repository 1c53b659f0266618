"""Refused records: counted, listed, one with its values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tailorbird.repair import Inspected, Listed, Repair, Which, content_of, listed
from tailorbird.schema import Instant, Position, QuarantineState
from tailorbird.views import moment
from tailorbird.views.quality import HeldCode
from tailorbird.views.quarantine import Against, QuarantinePage, RefusedRecord, RefusedRow
from tailorbird.world import World

SHOWN_BYTES: Final = 64 << 10


def page(
    world: World,
    now: Instant,
    *,
    state: QuarantineState | None = None,
    which: Which = Which(),  # noqa: B008 - frozen
    after: Position = 0,
    limit: int = 50,
) -> QuarantinePage:
    """Return records in order of position, and how many there are of each code."""
    repair = Repair(world, now)
    found = repair.page(state=state, code=which.code, source=which.source, after=after, limit=limit)
    counts = repair.counts()
    total = sum(
        number for of, code, number in counts if state in (None, of) and which.code in ("", code)
    )
    return QuarantinePage(
        rows(found.records),
        codes(counts),
        None if which.source else total,
        str(found.next or ""),
    )


def codes(counts: Sequence[tuple[QuarantineState, str, int]]) -> tuple[HeldCode, ...]:
    """Return what became of the records of each code, the most held first."""
    told: dict[str, dict[str, int]] = {}
    for state, code, number in counts:
        told.setdefault(code, {"held": 0, "replayed": 0, "discarded": 0})[state] = number
    held = [HeldCode(code, **numbers) for code, numbers in told.items()]
    return tuple(sorted(held, key=lambda each: (-each.held, each.code)))


def record(inspected: Inspected) -> RefusedRecord:
    """Return one record with its values, and what stands against it."""
    kept = inspected.record
    content = content_of(kept)
    against = inspected.refused_for
    told = row(listed(kept), kept.refused.reason)
    return RefusedRecord(
        record=told,
        raw=visible(kept.refused.raw),
        mended=None if kept.mended is None else visible(kept.mended),
        mended_by=kept.mended_by,
        text=editable(content),
        size_bytes=len(content),
        cut=max(len(content), len(kept.refused.raw)) > SHOWN_BYTES,
        taken=inspected.taken,
        against=Against(against.code, against.reason, against.mend) if against else None,
    )


def rows(records: Sequence[Listed]) -> tuple[RefusedRow, ...]:
    """Return records without what they say."""
    return tuple(row(each) for each in records)


def row(each: Listed, reason: str = "") -> RefusedRow:
    """Return a record for a list, with another reason where one is given."""
    return RefusedRow(
        position=str(each.position),
        source=each.source,
        received_at=moment(each.received_at),
        code=each.code,
        reason=reason or each.reason,
        mend=each.mend,
        state=each.state,
        mended=each.mended,
        decided_at=moment(each.decided_at) if each.decided_at else None,
        why=each.why,
        replayed_as=each.replayed_as,
    )


def visible(raw: bytes) -> str:
    """Return bytes as text in which nothing hides: no control, no mark of direction."""
    text = raw[:SHOWN_BYTES].decode("utf-8", "backslashreplace")
    return "".join(
        char if char.isprintable() or char in "\n\t" else char.encode("unicode_escape").decode()
        for char in text
    )


def editable(content: bytes) -> str:
    """Return bytes as text that becomes the same bytes again, '' where that cannot be."""
    if len(content) > SHOWN_BYTES:
        return ""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return ""
