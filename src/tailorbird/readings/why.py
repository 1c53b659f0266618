"""Why a person did or did not get a campaign's message: from the ledger, the facts, the rules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import msgspec

from tailorbird import authoring, journeys, letters, reaching
from tailorbird.errors import DefinitionError, UsageError
from tailorbird.readings import why_audience, why_journey, why_limits, why_sent
from tailorbird.readings.people import label
from tailorbird.readings.why_audience import Belonging
from tailorbird.readings.why_words import Told, lack, sentence
from tailorbird.schema import Decision, Instant, PersonId, Profile, Purpose
from tailorbird.views import moment
from tailorbird.views.why import Brief, Why, WhyAnswer, Whys
from tailorbird.world import World

PAGE: Final = 1000
LATE: Final = "By what the log says today she was not in the audience then: news came in later."


def why(
    world: World, person: PersonId, campaign: str, at: Instant, occurrence: str = ""
) -> Why | None:
    """Return why a person did or did not get a campaign, as of an instant; None: nobody is she.

    Without an `occurrence` it is the latest that was decided.

    Raises:
        UsageError: there is no such campaign, and there never was one for her.
    """
    profile = _profile(world, person)
    if profile is None:
        return None
    found = _decisions(world, profile.person, campaign, at)
    if not found:
        if why_journey.is_journey(world, campaign):
            return _in_journey(world, profile, campaign, at)
        return _undecided(world, profile, campaign, at)
    asked = next((each for each in found if each.occurrence == occurrence), found[0])
    told = _decided(world, profile, asked, at)
    rest = (each for each in found if each is not asked)
    others = tuple(_brief(world, profile.person, each, at) for each in rest)
    return msgspec.structs.replace(told, others=others)


def whys(world: World, person: PersonId, at: Instant) -> Whys | None:
    """Return a sentence for every campaign and a person; the latest that considered her first."""
    profile = _profile(world, person)
    if profile is None:
        return None
    decided = _decisions(world, profile.person, None, at)
    considered = {each.campaign for each in decided}
    briefs = [_brief(world, profile.person, each, at) for each in decided]
    for name in campaign_names(world):
        if name not in considered:
            with suppress(UsageError, DefinitionError):
                briefs.append(_shortened(_undecided(world, profile, name, at)))
    for name in why_journey.names(world):
        with suppress(UsageError, DefinitionError):
            found = why_journey.course(world, profile.person, name, at)
            briefs.append(Brief(name, found.answer, sentence(found.answer, found.told)))
    return Whys(profile.person, label(profile), moment(at), tuple(briefs))


def campaign_names(world: World) -> list[str]:
    """Return the names of all campaigns that stand."""
    return [each.name for each in world.definitions.latest("campaign")]


def _profile(world: World, person: PersonId) -> Profile | None:
    found = world.people.survivor(person)
    return world.people.profiles([found]).get(found) if found else None


def _decisions(world: World, person: PersonId, campaign: str | None, at: Instant) -> list[Decision]:
    """Return the decisions about a person up to an instant, the newest first; of merged, too."""
    numbers = {person, *world.people.ties.parts(person)}
    found = [
        each for number in numbers for each in _pages(world, number, campaign) if each.at <= at
    ]
    return sorted(found, key=lambda each: (each.at, each.id), reverse=True)


def _pages(world: World, person: PersonId, campaign: str | None) -> Iterator[Decision]:
    after = b""
    while page := world.ledger.decisions(person=person, campaign=campaign, after=after, limit=PAGE):
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].id


def _campaign(world: World, name: str, version: int | None = None) -> journeys.Campaign | None:
    with suppress(UsageError, DefinitionError):
        return authoring.find_campaign(world, name, version)[0]
    return None


# -- decided -------------------------------------------------------------------------------------


def _brief(world: World, person: PersonId, decision: Decision, at: Instant) -> Brief:
    found = why_sent.fate(world, decision, person, at)
    return Brief(
        campaign=decision.campaign,
        answer=found.answer,
        sentence=sentence(found.answer, found.told),
        at=moment(decision.at),
        decision=decision.id.hex(),
        occurrence=decision.occurrence,
    )


def _decided(world: World, profile: Profile, decision: Decision, at: Instant) -> Why:
    kept = msgspec.json.decode(decision.inputs)
    edition = why_sent.edition_of(world, kept)
    asked = decision.campaign, decision.campaign_version
    campaign = edition.campaign if edition else _campaign(world, *asked)
    person, then = profile.person, decision.at
    found = why_sent.fate(world, decision, person, at)
    known = why_audience.belonging(world, campaign, person, then) if campaign else None
    purpose: Purpose = campaign.purpose if campaign else "email_marketing"
    receipts = world.people.consents(person)
    return Why(
        person=person,
        label=label(profile),
        campaign=decision.campaign,
        campaign_version=decision.campaign_version,
        answer=found.answer,
        reason=found.reason,
        sentence=sentence(found.answer, found.told),
        as_of=moment(then),
        decision=decision.id.hex(),
        occurrence=decision.occurrence,
        decided_at=moment(then),
        audience=known.audience if known else None,
        excluded=known.excluded if known else (),
        leave=why_sent.leave(receipts, purpose, decision.receipt, then),
        limits=why_limits.limits(world, campaign, profile, then, kept) if campaign else (),
        displaced_by=why_limits.winner(world, kept),
        draw=why_sent.draw(campaign, decision),
        made_of=why_sent.made_of(world, edition, decision, kept),
        stages=(*why_journey.stages_of(world, decision), *found.stages),
        notes=tuple(_notes(world, known, person, then)),
    )


def _notes(world: World, known: Belonging | None, person: PersonId, then: Instant) -> Iterator[str]:
    """Yield what the reader should know: the evidence is of today's log, not of that day's."""
    if known is not None and known.audience is not None and not known.belongs:
        yield LATE
    if late := why_audience.came_late(world, person, then):
        yield f"{late} of her events happened before the decision and came in after it."


# -- in a journey --------------------------------------------------------------------------------


def _in_journey(world: World, profile: Profile, name: str, at: Instant) -> Why:
    """Return where a person stands in a journey; its mails, where it has decided any, beside it."""
    found = why_journey.course(world, profile.person, name, at)
    mails = [
        each
        for each in _decisions(world, profile.person, None, at)
        if each.campaign.startswith(f"{name}/")
    ]
    return Why(
        person=profile.person,
        label=label(profile),
        campaign=name,
        campaign_version=found.version,
        answer=found.answer,
        reason=found.reason,
        sentence=sentence(found.answer, found.told),
        as_of=moment(at),
        occurrence=found.enrolment,
        stages=found.stages,
        others=tuple(_brief(world, profile.person, each, at) for each in mails),
    )


# -- not decided ---------------------------------------------------------------------------------


def _undecided(world: World, profile: Profile, name: str, at: Instant) -> Why:
    campaign, version = authoring.find_campaign(world, name)
    decided = world.ledger.last_decided(name, at)
    then = at if decided is None else decided
    known = why_audience.belonging(world, campaign, profile.person, then)
    waits = _waiting(world, campaign, version) if decided is None else None
    answer, clause = waits or _absence(profile, known, decided)
    told = Told(clause, moment(then))
    outlook = known.audience.outlook if known.audience else None
    return Why(
        person=profile.person,
        label=label(profile),
        campaign=name,
        campaign_version=version,
        answer=answer,
        reason=answer,
        sentence=sentence(answer, told),
        as_of=moment(then),
        next_chance=outlook.at if outlook and not known.belongs else None,
        would_help=tuple(each.how for each in outlook.turns) if outlook else (),
        audience=known.audience,
        excluded=known.excluded,
        leave=why_sent.leave(world.people.consents(profile.person), campaign.purpose, 0, then),
        limits=why_limits.limits(world, campaign, profile, then, {}),
    )


def _waiting(
    world: World, campaign: journeys.Campaign, version: int
) -> tuple[WhyAnswer, str] | None:
    """Return that a campaign waits until what it rests on is mended; None where it can go."""
    try:
        reaching.check(world, campaign)
        letters.check_readable(world, campaign, version)
    except (DefinitionError, UsageError) as error:
        return "not_decided", f"it waits until this is mended: {error.sentence()}"
    return None


def _absence(profile: Profile, known: Belonging, decided: Instant | None) -> tuple[WhyAnswer, str]:
    """Return why nobody decided about a person, and the clause that says it."""
    missing = lack(known.audience) if known.audience and not known.audience.member else ""
    out = f"she is in the segment {known.left_out}, whose people are left out"
    if decided is None:
        belongs = out if known.left_out else missing or "she is in its audience"
        return "not_decided", belongs
    if profile.created_at > decided:
        return "not_known_then", ""
    if known.unasked and not known.left_out:
        return "not_in_audience", f"why, can be told when a segment is mended: {known.unasked}"
    if missing and not known.unasked:
        return "not_in_audience", missing
    return ("excluded", out) if known.left_out else ("told_later", "")


def _shortened(told: Why) -> Brief:
    return Brief(told.campaign, told.answer, told.sentence)
