"""The limits under which somebody was written to, or was not: what counted, and what won."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from tailorbird import forms, journeys
from tailorbird.letters.limiting import Mailed, limits_of, own_limits, zone_of
from tailorbird.readings.why_words import clause
from tailorbird.schema import Decision, Instant, Profile
from tailorbird.views import moment
from tailorbird.views.why import CountedMail, Limit
from tailorbird.world import World

OURS: Final = "a mail that the ledger does not know"


def limits(
    world: World,
    campaign: journeys.Campaign,
    profile: Profile,
    at: Instant,
    kept: Mapping[str, Any],
) -> tuple[Limit, ...]:
    """Return every limit that bound a mail at an instant, with the mails that counted under it.

    `kept` is what a refusal keeps: of the limit that it met, the very mails that filled it.
    """
    bound = (*limits_of(world.settings), *own_limits(campaign, profile))
    asked = [each for each in bound if each.purpose in ("", campaign.purpose)]
    if not asked:
        return ()
    zone, person = zone_of(profile), profile.person
    mailed = Mailed(world, forms.PREFIX)
    span = max(each.span for each in asked)
    marks = mailed.marks([person], {person: zone}, span, at).get(person, [])
    day = mailed.mark(zone, at, "", "", b"").day
    before = [each for each in marks if each.at <= at]
    met = str(kept.get("limit", ""))
    return tuple(
        _met(world, each, kept) if each.name == met else _stood(each, before, at, day)
        for each in asked
    )


def winner(world: World, kept: Mapping[str, Any]) -> str:
    """Return the campaign whose mail was granted in a refused one's place, or ''."""
    found = _decisions(world, [str(kept.get("winner", ""))])
    return found[0].campaign if found else ""


def why_refused(world: World, reason: str, kept: Mapping[str, Any]) -> str:
    """Return a refusal in words, with what stands behind it: the winner, the group, the fault."""
    said = clause(reason)
    if limit := kept.get("limit"):
        said += f" (the limit {limit})"
    if name := winner(world, kept):
        said += f"; {name} was granted in its place"
    if group := kept.get("group"):
        said += f" (the group {group}: she is in {kept.get('in')})"
    if error := kept.get("error"):
        said += f" ({error})"
    return said


def _met(world: World, limit: journeys.Limit, kept: Mapping[str, Any]) -> Limit:
    ids = [str(each) for each in kept.get("counted", [])]
    known = {each.id.hex(): each for each in _decisions(world, ids)}
    mails = tuple(
        CountedMail(known[each].campaign, moment(_left(world, known[each])))
        for each in ids
        if each in known
    )
    return Limit(_name(limit), limit.most, len(ids), True, mails)


def _left(world: World, decision: Decision) -> Instant:
    return world.ledger.sent_at(decision.id) or decision.at


def _stood(limit: journeys.Limit, marks: Sequence[journeys.Mark], at: Instant, day: int) -> Limit:
    counted = list(_counted(limit, marks, at, day))
    mails = tuple(CountedMail(each.campaign or OURS, moment(each.at)) for each in counted)
    return Limit(_name(limit), limit.most, len(mails), len(mails) >= limit.most, mails)


def _counted(
    limit: journeys.Limit, marks: Sequence[journeys.Mark], at: Instant, day: int
) -> Iterator[journeys.Mark]:
    for mark in marks:
        since = at - mark.at if limit.rolls else day - mark.day
        ours = mark.campaign == limit.campaign and bool(limit.campaign)
        if since < limit.window and limit.purpose in ("", mark.purpose) and not ours:
            yield mark


def _name(limit: journeys.Limit) -> str:
    return f"{limit.name}: at most {limit.most}"


def _decisions(world: World, ids: Sequence[str]) -> list[Decision]:
    numbers = [bytes.fromhex(each) for each in ids if each]
    found = world.ledger.found(numbers)
    return [found[each] for each in numbers if each in found]
