"""Checks of an audience as pages and commands show them."""

from __future__ import annotations

from collections import Counter
from typing import Final

import msgspec

from tailorbird.letters.audience import AudienceCheck, Extreme
from tailorbird.readings.people import label
from tailorbird.views import moment
from tailorbird.views.checks import AudienceFinding, AudienceReport, Concerned, Longest, Misfit
from tailorbird.views.slots import Counted
from tailorbird.world import World

SAMPLE: Final = 5
_MENDS: Final = {
    "lacks": "add | default: '...', a test around it, or a chain under `fallbacks:`",
    "fails": "mend that place of the template",
    "dead_link": "give it a whole address, such as https://shop.example/sale",
    "unsigned_link": "put the address into an `a`, so that its clicks are counted",
    "too_large": "mail readers cut what is longer: shorten it",
}
_ORDER: Final = tuple(_MENDS)


def report(found: AudienceCheck, state: str = "") -> AudienceReport:
    """Return what a check has found so far, what stands in the way first."""
    findings = [
        AudienceFinding(
            kind, what, each.count, each.count / max(found.asked, 1),
            tuple(each.people[:SAMPLE]), _MENDS.get(kind, ""),
        )
        for (kind, what), each in [*found.findings.items()]
    ]  # fmt: skip
    findings.sort(key=lambda each: (_rank(each.kind), -each.people, each.what))
    ended = "stopped" if found.stopped else "done"
    return AudienceReport(
        name=found.campaign,
        state=state or ended,
        as_of=moment(found.as_of),
        asked=found.asked,
        done=found.done,
        rendered=found.rendered,
        sound=found.sound,
        misfits=tuple(Misfit(each.where, each.what, each.mend) for each in found.misfits),
        findings=tuple(findings),
        longest_subject=_longest(found.subject),
        largest_mail=_longest(found.html),
        shown=_counted(found.slots),
        rules=_counted(found.rules),
        fallbacks=_counted(found.fallbacks),
    )


def concerned(
    found: AudienceCheck, kind: str, what: str, after: str, limit: int
) -> Concerned | None:
    """Return a page of the people of a finding; the cursor is how many came before."""
    each = next((v for (k, w), v in [*found.findings.items()] if (k, w) == (kind, what)), None)
    if each is None:
        return None
    start = int(after) if after.isascii() and after.isdigit() else 0
    page = tuple(each.people[start : start + limit])
    end = start + len(page)
    return Concerned(page, each.count, str(end) if end < len(each.people) else "")


def called(world: World, page: Concerned) -> Concerned:
    """Return a page of people with what to call each of them."""
    known = world.people.profiles(page.people)
    labels = (label(known[who]) if who in known else f"Person {who}" for who in page.people)
    return msgspec.structs.replace(page, labels=tuple(labels))


def lines(report: AudienceReport) -> list[str]:
    """Return a check for people to read."""
    told = [f"{each.where}: {each.what}; {each.mend}" for each in report.misfits]
    for each in report.findings:
        who = ", ".join(map(str, each.sample))
        told.append(
            f"{each.kind.replace('_', ' ')}: {each.what}: {each.people:,} of {report.asked:,} "
            f"people (such as {who})" + (f"; {each.mend}" if each.mend else "")
        )
    if report.longest_subject:
        longest = report.longest_subject
        told.append(f"longest subject: {longest.size} characters, person {longest.person}: "
                    f"{longest.text}")  # fmt: skip
    if report.largest_mail:
        largest = report.largest_mail
        told.append(f"largest mail: {largest.size:,} bytes of HTML, person {largest.person}")
    told += [f"slot {each.name} shows {each.value or 'nothing'}: {each.people:,} people"
             for each in report.shown]  # fmt: skip
    told += [f"rule {each.value or 'none'} of slot {each.name}: {each.people:,} people"
             for each in report.rules]  # fmt: skip
    told += [f"{each.name} by {each.value}: {each.people:,} people" for each in report.fallbacks]
    counts = f"{report.rendered:,} mails made for {report.done:,} of {report.asked:,} people"
    verdict = "sound" if report.sound else "NOT sound"
    return [*told, f"{counts}, nothing sent: {verdict}"]


def _rank(kind: str) -> int:
    return _ORDER.index(kind) if kind in _ORDER else len(_ORDER)


def _longest(found: Extreme) -> Longest | None:
    return Longest(found.person, found.size, found.text) if found.person else None


def _counted(counts: Counter[tuple[str, str]]) -> tuple[Counted, ...]:
    return tuple(Counted(*key, people) for key, people in sorted(counts.items()))
