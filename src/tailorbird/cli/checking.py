"""How the commands that check an audience work and print."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tailorbird.cli.arguments import opened
from tailorbird.cli.output import emit, progress
from tailorbird.errors import UsageError


def check_audience(name: str, segment: str, people: str, folder: Path, *, as_json: bool) -> int:
    """Check a campaign's audience, or a template for a segment, print it, return the exit status.

    With `people` (`kind:what`), print whom that finding concerns.

    Raises:
        UsageError: there is no such finding.
    """
    with opened(folder) as tb, progress("people", quiet=as_json) as show:
        from tailorbird import flow
        from tailorbird.readings import checks, preflight

        found = flow.check(tb.world, name, tb.clock(), segment=segment, on_progress=show)
        report = checks.report(found)
        if people:
            kind, _, what = people.partition(":")
            page = checks.concerned(found, kind, what, "", found.asked)
            if page is None:
                known = ", ".join(f"{each.kind}:{each.what}" for each in report.findings)
                raise UsageError(f"no finding {people!r}", mend=f"findings: {known or 'none'}")
            emit(page, [str(person) for person in page.people], as_json=as_json)
            return 0
        if segment:
            emit(report, checks.lines(report), as_json=as_json)
            return 0 if report.sound else 1
        points = preflight.preflight(tb.world, name, tb.clock(), found=found)
        lines = [*checks.lines(report), *preflight.lines(points)]
        emit({**msgspec.structs.asdict(report), "preflight": points}, lines, as_json=as_json)
    return 0 if report.sound and points.sound else 1


def check_event(name: str, event: str, folder: Path, *, as_json: bool) -> int:
    """Check a template against what an event says, print it, return the exit status."""
    with opened(folder) as tb:
        from tailorbird import letters

        found = letters.event_misfits(tb.world, name, event)
    lines = [each.error().sentence() for each in found]
    emit(found, lines or [f"{name} reads nothing that {event!r} does not say"], as_json=as_json)
    return 1 if found else 0
