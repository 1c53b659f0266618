"""What stands in a campaign's way before it is sent: every point, with its mend."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tailorbird import (
    authoring,
    forms,
    journeys,
    letters,
    reaching,
    scheduling,
    subject_lines,
    uplift_draws,
)
from tailorbird.content.lint import lint
from tailorbird.errors import DefinitionError, SettingsError, TemplateError, UsageError
from tailorbird.journeys.schedule import next_wave
from tailorbird.letters import frequency
from tailorbird.letters.audience import AudienceCheck
from tailorbird.letters.deciding import MISSING
from tailorbird.pacing import is_paced
from tailorbird.readings import checks
from tailorbird.readings.schedules import all_zones
from tailorbird.schema import Instant
from tailorbird.settings import brand
from tailorbird.views import moment
from tailorbird.views.preflight import Point, PointState, Preflight, Reached
from tailorbird.world import World

SAMPLE: Final = 500
"""People for whom the mail is made, unless all are asked for."""
_RANK: Final[dict[PointState, int]] = {"fault": 0, "warning": 1, "good": 2}
_WORDS: Final = {
    "lacks": "would print {what}, which is not there",
    "empty_block": "would get an empty block {what}",
    "fails": "would get no mail: {what}",
    "dead_link": "would get a link that leads nowhere: {what}",
    "unsigned_link": "would get a link whose clicks are not counted: {what}",
    "too_large": "would get a mail that readers cut",
}
_FAULTS: Final = ("lacks", "fails", "dead_link")
_SCORED: Final = "SELECT 1 AS scored FROM scores WHERE model = ? LIMIT 1"
_LIMITS: Final = (journeys.CAP, frequency.REASON)


def preflight(
    world: World,
    name: str,
    now: Instant,
    *,
    found: AudienceCheck | None = None,
    most: int = SAMPLE,
) -> Preflight:
    """Return every point; the mail is made for so many people, or `found` is what came of all.

    Raises:
        UsageError: there is no such campaign.
    """
    campaign, version = authoring.find_campaign(world, name)
    points = [*_schedule(world, campaign, now), *_orders(world, name)]
    points += [*_sender(world, campaign, now), *_experiment(campaign)]
    points += [*_subjects(world, campaign, now), *_uplift(world, campaign)]
    reach, said = _reach(world, campaign, now)
    points += said
    edition, faults = _edition(world, campaign, version)
    points += faults
    if edition is not None:
        points += _lint(edition)
        found = found or _made(world, edition, most if reach else 0, now)
    points += _mails(found) if found else []
    points.sort(key=lambda each: _RANK[each.state])
    at = _next(world, campaign, now)
    return Preflight(
        campaign=name,
        version=version,
        as_of=moment(now),
        sound=all(each.state != "fault" for each in points),
        points=tuple(points),
        people=reach.people if reach else 0,
        twice=reach.twice if reach else 0,
        reached=tuple(_reached(reach)) if reach else (),
        looked_at=found.done if found else 0,
        next_at=moment(at) if at else None,
    )


def _made(world: World, edition: letters.Edition, most: int, now: Instant) -> AudienceCheck:
    """Return what comes of making the mail for the first people of the audience."""
    people = reaching.audience(world, edition.campaign, now)[:most] if most else []
    begun = letters.audience.begin(world, edition, people, now)
    return letters.audience.check(world, edition, people, begun, apart=forms.PREFIX)


def lines(found: Preflight) -> list[str]:
    """Return a list for people to read."""
    told = [
        f"{each.state}: {each.about}: {each.what}" + (f"; {each.mend}" if each.mend else "")
        for each in found.points
    ]
    verdict = "ready" if found.sound else "NOT ready"
    return [*told, f"{found.people:,} people, {found.looked_at:,} mails looked at: {verdict}"]


def _segments_stand(world: World, campaign: journeys.Campaign) -> bool:
    there = {each.name for each in authoring.standing_segments(world)}
    return there.issuperset((*campaign.included, *campaign.exclude))


def _reach(
    world: World, campaign: journeys.Campaign, now: Instant
) -> tuple[reaching.Reach | None, list[Point]]:
    """Return whom a campaign reaches, None where nobody can say, and what is to be said of it."""
    if not _segments_stand(world, campaign):
        names = ", ".join((*campaign.included, *campaign.exclude))
        what = f"not all of {names} are segments"
        return None, [Point("audience", "fault", what, "write them first")]
    try:
        reach = reaching.reach(world, campaign, now)
    except DefinitionError as error:
        return None, [Point("audience", "fault", error.what, error.mend)]
    return reach, list(_audience(reach))


def _audience(reach: reaching.Reach) -> Iterator[Point]:
    if not reach.people:
        mend = "look at the segments, and at those that are excluded"
        yield Point("audience", "fault", "nobody is in the audience", mend)
    else:
        said = f"{reach.people:,} people"
        if reach.twice:
            said += f"; who is in several segments gets one mail ({reach.twice:,} times)"
        yield Point("audience", "good", said)


def _reached(reach: reaching.Reach) -> Iterator[Reached]:
    for name, people in reach.included.items():
        yield Reached(name, people)
    for name, people in reach.excluded.items():
        yield Reached(name, people, excluded=True)


def _edition(
    world: World, campaign: journeys.Campaign, version: int
) -> tuple[letters.Edition | None, list[Point]]:
    try:
        edition = letters.check(world, campaign, version)
        forms.check_links(world, edition.template.variables())
    except (DefinitionError, SettingsError, TemplateError, UsageError) as error:
        place = f"{error.where}: " if error.where else ""
        return None, [Point("template", "fault", f"{place}{error.what}", error.mend)]
    return edition, [Point("template", "good", f"{campaign.template} compiles")]


def _lint(edition: letters.Edition) -> Iterator[Point]:
    stood_in = [each.path for each in edition.chains if each.default is not None or each.end]
    found = lint(edition.source, edition.blocks, stood_in=stood_in)
    for each in found:
        state: PointState = "fault" if each.severity == "error" else "warning"
        yield Point("lint", state, f"{each.where}: {each.what}", each.mend)
    if not found:
        yield Point("lint", "good", "the lint finds nothing to mend")


def _mails(found: AudienceCheck) -> Iterator[Point]:
    """Yield what came of making the mails."""
    for misfit in found.misfits:
        yield Point("content", "fault", f"{misfit.where}: {misfit.what}", misfit.mend)
    report = checks.report(found)
    for each in report.findings:
        who = f"{each.people:,} of {report.done:,} people"
        if each.kind == "refused" and not each.what.startswith(MISSING):
            yield _refused(each.what, who)
        elif each.kind in _WORDS:
            state: PointState = "fault" if each.kind in _FAULTS else "warning"
            said = _WORDS[each.kind].format(what=each.what)
            yield Point("content", state, f"{who} {said}", each.mend)
    if report.done and not report.rendered:
        yield Point("consent", "fault", "nobody who was looked at may be written to", "see above")
    elif report.done:
        yield Point("content", "good", f"{report.rendered:,} mails were made")


def _refused(reason: str, who: str) -> Point:
    if reason in _LIMITS:
        mend = "see the limits, or send it later"
        return Point("limits", "warning", f"{who} have had as many mails as are allowed", mend)
    return Point("consent", "warning", f"{who} get none: {reason.replace('_', ' ')}")


def _experiment(campaign: journeys.Campaign) -> Iterator[Point]:
    if not campaign.holdout:
        what = "nobody is held out, so what it causes stays unknown"
        yield Point("experiment", "warning", what, "set `holdout: 0.1`")
    else:
        arms = len(campaign.variants)
        yield Point("experiment", "good", f"{arms} variants, {campaign.holdout:.0%} held out")


def _subjects(world: World, campaign: journeys.Campaign, now: Instant) -> Iterator[Point]:
    """Yield what is known of several subjects beside each other: a test tells, nothing else."""
    subjects = [each.subject for each in campaign.variants.values()]
    if len(subjects) < 2:
        return
    found = subject_lines.advise(world, subjects[: subject_lines.MOST], now)
    if found.why in ("same", "empty"):
        yield Point("experiment", "warning", "its subjects say the same", "write another one")
    else:
        yield Point("experiment", "good", f"subjects: {found.sentence}")


def _uplift(world: World, campaign: journeys.Campaign) -> Iterator[Point]:
    if not campaign.uplift:
        return
    if world.facts.read(_SCORED, (campaign.uplift,)).num_rows:
        said = f"where priorities are equal, the higher {campaign.uplift} goes first"
        yield Point("limits", "good", said)
    else:
        what = f"nobody has a score of {campaign.uplift!r}, so it goes by its priority alone"
        learnt = uplift_draws.named(campaign.uplift)
        yield Point("limits", "warning", what, f"`tailorbird uplift {learnt}`")


def _sender(world: World, campaign: journeys.Campaign, now: Instant) -> Iterator[Point]:
    """Yield whether mails are signed for the domain that they come from; the DNS is not asked."""
    settings = world.settings
    if not is_paced(settings):
        yield Point("sender", "warning", "mails stay in the local inbox", "set delivery.carrier")
        return
    try:
        address = brand(settings, campaign.brand).address
        signed = letters.signers(settings, world.folder, address, now)
    except SettingsError as error:
        yield Point("sender", "fault", error.what, error.mend)
        return
    domain = address.rpartition("@")[2]
    if signed:
        said = f"mails of {domain} are signed; `tailorbird doctor dns` asks what the DNS says"
        yield Point("sender", "good", said)
    else:
        mend = f"`tailorbird dkim new {domain}`, unless your relay signs"
        yield Point("sender", "warning", f"nothing here signs mails of {domain}", mend)


def _orders(world: World, name: str) -> Iterator[Point]:
    standing = world.ledger.standing()
    for each in (standing.get(name), standing.get("")):
        if each is not None:
            who = "it" if each.campaign else "all sending"
            done = "paused" if each.act == "pause" else "cancelled"
            mend = f"`{' '.join(('tailorbird delivery resume', each.campaign)).strip()}`"
            yield Point("orders", "fault", f"{who} is {done}: {each.reason or 'no reason'}", mend)


def _schedule(world: World, campaign: journeys.Campaign, now: Instant) -> Iterator[Point]:
    if campaign.schedule is None:
        yield Point(
            "schedule", "good", f"it is sent by `tailorbird campaigns send {campaign.name}`"
        )
        return
    state = scheduling.state_of(world, campaign.name)
    if state is not None and state.error:
        yield Point("schedule", "fault", f"it could not be sent: {state.error}", "mend that")
    at = _next(world, campaign, now)
    if at is None:
        sent = bool(world.ledger.verdicts(campaign.name))
        if sent:
            yield Point("schedule", "good", "it was sent")
        else:
            yield Point("schedule", "fault", "its time has passed", "set a later one")
    else:
        yield Point("schedule", "good", f"it is sent on {moment(at):%Y-%m-%d %H:%M} UTC")


def _next(world: World, campaign: journeys.Campaign, now: Instant) -> Instant | None:
    if campaign.schedule is None:
        return None
    return next_wave(campaign.schedule, world.settings.shop.zone, all_zones(), now)
