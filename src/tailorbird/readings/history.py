"""What happened to one person: events, decisions, mails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from tailorbird import letters
from tailorbird.readings import visits
from tailorbird.schema import Decision, PersonId
from tailorbird.views import (
    Correspondence,
    DecisionReport,
    MailRow,
    Timeline,
    TimelineEntry,
    TimelineLine,
    moment,
)
from tailorbird.world import World

LINES_SHOWN: Final = 4
MOST_DECISIONS: Final = 1000

_EVENTS = """
SELECT position, event, "at", received_at, source, order_id, value_minor, currency, campaign,
    variant, send_id, machine, dwell_seconds, browser, os, device, app, country, region, city,
    page, referrer, channel, utm_source, utm_campaign, utc_offset
FROM facts WHERE person = $1 AND ("at", position) < ($2, $3)
ORDER BY "at" DESC, position DESC LIMIT $4
"""
_LINES = """
SELECT l.position, l.item, COALESCE(p.name, l.item) AS name, l.quantity, l.value_minor
FROM lines AS l LEFT JOIN products AS p USING (item)
WHERE l.person = $1 AND l.position IN (SELECT position FROM shown)
ORDER BY l.position, ABS(l.value_minor) DESC, l.item
"""
_COUNT = "SELECT COUNT(*) AS total FROM facts WHERE person = $1"
_END: Final = 2**62


def timeline(world: World, person: PersonId, after: str, limit: int) -> Timeline | None:
    """Return a page of a person's events, the newest first; the cursor is `at.position`."""
    if person not in world.people.profiles([person]):
        return None
    at, position = _cursor(after)
    asked = world.facts.read(_EVENTS, (person, at, position, limit + 1))
    found = asked.to_pylist()
    shown = found[:limit]
    lines = _lines(world, person, asked)
    (count,) = world.facts.read(_COUNT, (person,)).to_pylist()
    last = f"{shown[-1]['at']}.{shown[-1]['position']}" if len(found) > limit else ""
    entries = tuple(_entry(row, lines.get(row["position"], [])) for row in shown)
    return Timeline(entries, count["total"], last)


def _cursor(after: str) -> tuple[int, int]:
    at, _, position = after.partition(".")
    if at.lstrip("-").isdecimal() and position.isdecimal():
        return int(at), int(position)
    return _END, _END


def _lines(world: World, person: PersonId, shown: Any) -> dict[int, list[TimelineLine]]:
    tables = {"shown": shown.select(["position"])}
    lines: dict[int, list[TimelineLine]] = {}
    for row in world.facts.read(_LINES, (person,), tables).to_pylist():
        line = TimelineLine(row["item"], row["name"], row["quantity"], row["value_minor"])
        lines.setdefault(row["position"], []).append(line)
    return lines


def _entry(row: dict[str, Any], lines: Sequence[TimelineLine]) -> TimelineEntry:
    value = row["value_minor"] or 0
    return TimelineEntry(
        position=str(row["position"]),
        event=row["event"],
        at=moment(row["at"]),
        received_at=moment(row["received_at"]),
        source=row["source"],
        order_id=row["order_id"] or "",
        value_minor=-abs(value) if row["event"] == "return" else value,
        currency=row["currency"] or "",
        campaign=row["campaign"] or "",
        variant=row["variant"] or "",
        send_id=row["send_id"] or "",
        machine=row["machine"],
        lines=tuple(lines[:LINES_SHOWN]),
        more_lines=max(0, len(lines) - LINES_SHOWN),
        context=visits.in_words(row),
        dwell_seconds=row["dwell_seconds"] or 0,
    )


def correspondence(world: World, person: PersonId) -> Correspondence | None:
    """Return what was decided about a person and the mails, the newest first."""
    if person not in world.people.profiles([person]):
        return None
    found = world.ledger.decisions(person=person, limit=MOST_DECISIONS)
    found.sort(key=lambda each: (each.at, each.id), reverse=True)
    reports = tuple(_report(world, each) for each in found)
    mails = tuple(
        MailRow(
            send_id=report.id,
            campaign=report.campaign,
            variant=report.variant,
            at=report.at,
            state=report.state,
            stored=world.inbox.read(bytes.fromhex(report.id)) is not None,
        )
        for report in reports
        if report.verdict == "send"
    )
    return Correspondence(reports, mails)


def decision(world: World, decision_id: bytes) -> DecisionReport | None:
    """Return one decision."""
    found = world.ledger.decision(decision_id)
    return _report(world, found) if found else None


def _report(world: World, decision: Decision) -> DecisionReport:
    settled = world.ledger.settlement(decision.id) if decision.verdict == "send" else None
    pending = "pending" if decision.verdict == "send" else ""
    return DecisionReport(
        id=decision.id.hex(),
        campaign=decision.campaign,
        campaign_version=decision.campaign_version,
        occurrence=decision.occurrence,
        person=decision.person,
        at=moment(decision.at),
        verdict=decision.verdict,
        reason=decision.reason,
        variant=decision.variant,
        probability=decision.probability,
        receipt=decision.receipt,
        state=settled.state if settled else pending,
        reply=settled.reply if settled else "",
        inputs=(kept := msgspec.json.decode(decision.inputs)),
        because=tuple(letters.told(world, kept)),
    )
