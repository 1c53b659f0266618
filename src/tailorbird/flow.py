"""The whole system on one page: ingest, refresh, learn, decide, deliver, read.

Each story is a pure composition of rooms over the ports of the `World`; `now` comes from the door.
Every story may be killed at any point and called again: it goes on where it was, and does nothing
twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

import msgspec

from tailorbird import (
    authoring,
    bouncing,
    clusters,
    crossing,
    exposing,
    forms,
    freshening,
    granting,
    grouping,
    intake,
    journeying,
    learning,
    learning_on,
    letters,
    membership,
    notify,
    profiles,
    ready,
    recommending,
    retraining,
    segments,
    triggering,
    uplifts,
)
from tailorbird.enrolments import Place
from tailorbird.event_columns import EventColumns
from tailorbird.letters.drafts import of_draft
from tailorbird.letters.editions import of_template
from tailorbird.letters.opting_out import unsubscribe as unsubscribe
from tailorbird.long_work import AT_ONCE, Work
from tailorbird.membership import refresh as refresh
from tailorbird.membership import refreshed_until as refreshed_until
from tailorbird.privacy.permit import Permit, permit
from tailorbird.reaching import audience as audience
from tailorbird.reaching import people_in as people_in
from tailorbird.schema import (
    Decision,
    Instant,
    LogRecord,
)
from tailorbird.segments.refresh import untimed
from tailorbird.sending import announce as announce
from tailorbird.sending import deliver as deliver
from tailorbird.sending import send_waiting as send_waiting
from tailorbird.stopping import Stop
from tailorbird.tracking.answers import Sent
from tailorbird.world import World

T = TypeVar("T")

RECORDS, BYTES = 8_192, 16 << 20
"""Most log records in one transaction, and bytes of them: some 50,000 events, 0.2 GB in memory."""
CANDIDATES = 5_000
"""People decided in one transaction."""


class Ingested(msgspec.Struct, frozen=True):
    """What one batch of the log brought."""

    records: int = 0
    events: int = 0
    duplicates: int = 0
    refused: int = 0
    created: int = 0
    merged: int = 0
    troubles: tuple[str, ...] = ()
    """Which segments are broken, what holds people up in journeys, and which models and rules of
    recommendation cannot be read, each in a sentence."""

    def __add__(self, other: Ingested) -> Ingested:
        pairs = zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True)
        return Ingested(*(one + two for one, two in pairs))


class Decided(msgspec.Struct, frozen=True):
    """How many people a campaign considered, and how many decisions were new."""

    campaign: str
    version: int
    considered: int
    recorded: int


# -- events in ----------------------------------------------------------------------------------


def ingest(world: World, on_progress: Callable[[int, int], None] | None = None) -> Ingested:
    """Turn everything that the log holds into profiles and facts; what comes meanwhile waits."""
    catch_up(world)
    total, known, end = Ingested(), profiles.Known(), world.log.end()
    with intake.Appending(world) as facts:
        while (done := world.people.cursor()) < end:
            records = world.log.read(done, RECORDS, BYTES)
            for run, bodies in intake.in_runs(world, records):
                take = _columns if bodies else _rows
                total += take(world, run, bodies, known, facts)
            facts.append()
            if on_progress:
                on_progress(records[-1].offset, world.log.end())
    return total


def _rows(
    world: World,
    records: Sequence[LogRecord],
    _: list[EventColumns],
    known: profiles.Known,
    facts: intake.Appending,
) -> Ingested:
    """Take in records event by event."""
    offset, people = records[-1].offset, world.people
    came = intake.read(world, records)
    folded = profiles.fold(people, came.events, came.refused, offset, world.settings.identity)
    if folded.homes:
        known.forget()
    else:
        known.learn(folded.events)
    odd = intake.odd(offset, came, folded.events)
    facts.add(offset, folded.events, homes=folded.homes, odd=odd)
    return Ingested(
        len(records), len(folded.events), folded.duplicates, len(came.refused), folded.created,
        folded.merged,
    )  # fmt: skip


def _columns(
    world: World,
    records: Sequence[LogRecord],
    bodies: list[EventColumns],
    known: profiles.Known,
    facts: intake.Appending,
) -> Ingested:
    """Take in records whose events were read in bulk."""
    offset = records[-1].offset
    folded = profiles.fold_columns(world.people, bodies, offset, known, world.settings.identity)
    odd = intake.odd_columns(offset, folded.columns)
    facts.add(offset, columns=folded.columns, odd=odd)
    refused = sum(len(body.refused) for body in bodies)
    return Ingested(len(records), folded.events, folded.duplicates, refused, folded.created)


def catch_up(world: World, on_progress: Callable[[int, int], None] | None = None) -> int:
    """Bring the facts up to the people, after a kill in between or from nothing.

    Returns how many records were read again. The people keep what they know: the same first sights
    and the same identities give the same facts.
    """
    cursor, done, known = world.people.cursor(), world.facts.offset(), profiles.Known()
    first = done
    with intake.Appending(world) as facts:
        while done < cursor:
            records = world.log.read(done, min(RECORDS, cursor - done), BYTES)
            for run, bodies in intake.in_runs(world, records):
                _again(world, run, bodies, known, facts)
            facts.append()
            done = records[-1].offset
            if on_progress:
                on_progress(done, cursor)
    return max(done - first, 0)


def _again(
    world: World,
    records: Sequence[LogRecord],
    bodies: list[EventColumns],
    known: profiles.Known,
    facts: intake.Appending,
) -> None:
    """Make the facts of records that the people know."""
    done, offset = records[0].offset - 1, records[-1].offset
    homes = profiles.moved(world.people, done, offset)
    if bodies:
        columns = profiles.replay_columns(world.people, bodies, known)
        odd = intake.odd_columns(offset, columns)
        facts.add(offset, columns=columns, homes=homes, odd=odd)
        return
    came = intake.read(world, records)
    events = profiles.replay(world.people, came.events)
    odd = intake.odd(offset, came, events)
    facts.add(offset, events, homes=homes, odd=odd)


def count(world: World, segment: segments.Segment, as_of: Instant) -> int:
    """Return how many people are in a segment at an instant."""
    standing = authoring.standing_segments(world, as_of)
    meant = grouping.at(world, segment, as_of)
    return segments.count(world.facts, meant, standing, as_of=as_of)


def rebuild(
    world: World, now: Instant, on_progress: Callable[[int, int], None] | None = None
) -> int:
    """Make the facts anew from the log, with the same answers; return the records read.

    At the end the state of each person is laid in the order that reads fastest, all of it.
    """
    # Who entered and left when was seen at the time: the record keeps it, so that it is no news.
    crossing.cross(world)
    world.facts.clear()
    records = catch_up(world, on_progress)
    world.facts.renew_state()
    learning.rescore(world)
    uplifts.rescore(world)
    refresh(world, now)
    return records


# -- decisions ----------------------------------------------------------------------------------


def decide(world: World, name: str, now: Instant, occurrence: str = "1") -> Decided:
    """Decide for everybody in the campaign's audience, once each, and record why."""
    campaign, version = authoring.find_campaign(world, name)
    arbiter = granting.Granting(world, now)
    arbiter.deciding(name, version)
    people, recorded = audience(world, campaign, now), 0
    for some in _chunks(people, CANDIDATES):
        recorded += arbiter.decide(granting.proposed(name, version, occurrence, some))
    return Decided(name, version, len(people), recorded)


def check(
    world: World,
    name: str,
    now: Instant,
    *,
    segment: str = "",
    draft: str = "",
    stop: Stop | None = None,
    on_progress: letters.audience.Progress | None = None,
    seen: Callable[[letters.audience.AudienceCheck], None] | None = None,
) -> letters.audience.AudienceCheck:
    """Return what a campaign's mail would be for its whole audience; record nothing.

    With a `segment`, `name` is a template, made for all its people, whoever may be written to; with
    a `draft`, as it would be with that text.
    What does not fit the names that there are is told, and not made. `seen` is given what fills up.

    Raises:
        TemplateError, DefinitionError: it cannot be made at all.
    """
    if segment:
        edition = of_draft(world, name, draft) if draft else of_template(world, name)
        people = people_in(world, authoring.find_segment(world, segment), now)
    else:
        edition = letters.editions.current(world, *authoring.find_campaign(world, name))
        people = audience(world, edition.campaign, now)
    begun = letters.audience.begin(world, edition, people, now)
    if seen:
        seen(begun)
    if begun.misfits:
        return begun
    apart = None if segment else forms.PREFIX
    return letters.audience.check(
        world, edition, people, begun, apart=apart, stop=stop, on_progress=on_progress
    )


def plan(world: World, name: str, now: Instant) -> list[tuple[str, str, str, int]]:
    """Return (verdict, reason, variant, people) as `decide` would decide now; record nothing."""
    campaign, version = authoring.find_campaign(world, name)
    arbiter = granting.Granting(world, now)
    arbiter.deciding(name, version)
    tally: Counter[tuple[str, str, str]] = Counter()
    for some in _chunks(audience(world, campaign, now), CANDIDATES):
        proposed = granting.proposed(name, version, "plan", some)
        for answer in arbiter.judge(proposed).values():
            if isinstance(answer, Decision):
                tally[answer.verdict, answer.reason, answer.variant] += 1
    return [(*key, people) for key, people in sorted(tally.items())]


# -- mail out, outcomes back --------------------------------------------------------------------


def tick(world: World, now: Instant) -> Ingested:
    """Do everything that is due: take in what came, bring segments up to now, send what waits."""
    taken = keep_current(world, now)
    send_waiting(world, now)
    return taken


def keep_current(
    world: World,
    now: Instant,
    seconds: Callable[[], float] = untimed,
    work: Work = AT_ONCE,
) -> Ingested:
    """Take in what came, bring segments up to now, and tell who wants to know (see `refresh`)."""
    taken = ingest(world)
    if bouncing.bar_repeated(world, now):
        taken += ingest(world)
    forms.ask(world, now)
    if ready.recalculate_due(world, now, work):
        taken += ingest(world)
    retraining.run_due(world, now, work)
    learning_on.run_due(world, now, work)
    exposing.run_due(world, now, work)
    models = (*freshening.freshen(world, now).troubles, *learning.troubles(world))
    models = (*models, *clusters.troubles(world), *recommending.refused(world).values())
    refresh(world, now, seconds, work)
    journeying.react(world, now)
    outside = triggering.enter_triggered(world, now, journeying.enter)
    held = journeying.advance(world, now).troubles
    granting.send_scheduled(world, now)
    notify.enqueue(world, now)
    crossing.forget_old(world, now, work)
    broken = (*membership.troubles(world), *outside)
    return taken + Ingested(troubles=(*broken, *map(_held_up, held.items()), *models))


def _held_up(held: tuple[Place, str]) -> str:
    place, why = held
    return f"journey {place.journey}, step {place.step}, version {place.version}: {why}"


def sent(world: World, send_id: bytes) -> Sent | None:
    """Return the send behind a token, and whether its person still agrees to be tracked."""
    decision = world.ledger.decision(send_id)
    if decision is None:
        return None
    person = world.people.survivor(decision.person) or decision.person
    state = world.people.consent_states([person]).get(person)
    agreed = isinstance(permit(state, person, "tracking", decision.at), Permit)
    at = world.ledger.sent_at(send_id) or decision.at
    return Sent(person, decision.campaign, decision.variant, at, agreed)


def _chunks(values: Sequence[T], size: int) -> Iterator[list[T]]:
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk
