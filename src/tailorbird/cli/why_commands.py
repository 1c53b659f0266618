"""`tailorbird why`: the sentence, then every condition, limit, draw and reply behind it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Folder, Person, instant, opened
from tailorbird.cli.output import emit
from tailorbird.errors import UsageError

if TYPE_CHECKING:
    from tailorbird.views.segments import Reason
    from tailorbird.views.why import Brief, MadeOf, Why

T = TypeVar("T")


def why(
    person: Person,
    campaign: Annotated[str, typer.Argument(help="A campaign; all of them when empty.")] = "",
    at: Annotated[
        str, typer.Option("--at", help="As of a past instant, such as 2026-03-01T12:00.")
    ] = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Say why a person did or did not get a message: a sentence, and with CAMPAIGN the evidence."""
    with opened(folder) as tb:
        number, when = tb.person(person), instant(at, tb.clock())
        if campaign:
            one = tb.readings.why(number, campaign, when)
        else:
            every = tb.readings.whys(number, when)
    if campaign:
        emit(one, list(lines(_known(one, person))), as_json=as_json)
    else:
        told = list(map(brief, _known(every, person).campaigns))
        emit(every, told or ["there is no campaign yet"], as_json=as_json)


def _known(found: T | None, person: str) -> T:
    if found is None:
        raise UsageError(f"nobody is known as {person!r}", mend="give a person's number")
    return found


def brief(told: Brief) -> str:
    """Return one campaign's line."""
    when = f" ({_written(told.at)})" if told.at else ""
    return f"{told.campaign}{when}: {told.sentence}"


def lines(told: Why) -> Iterator[str]:
    """Yield the sentence, then the evidence in the order in which it was decided."""
    yield told.sentence
    how = f", occurrence {told.occurrence}" if told.occurrence else ""
    yield f"  campaign {told.campaign} (version {told.campaign_version}{how})"
    yield from _audience(told)
    yield from _allowed(told)
    if told.draw:
        among = ", ".join(f"{name} {share:.1%}" for name, share in told.draw.among.items())
        drawn = f"  drawn: {told.draw.drawn}, with probability {told.draw.probability:.1%}"
        yield drawn + (f" (among {among})" if among else "")
    if told.made_of:
        yield from _made_of(told.made_of)
    for stage in told.stages:
        machine = " (a machine did)" if stage.machine else ""
        yield f"  {_written(stage.at)} {stage.what}{machine}" + (stage.text and f": {stage.text}")
    for note in told.notes:
        yield f"  note: {note}"
    for other in told.others:
        yield f"  before: {brief(other)}"


def _audience(told: Why) -> Iterator[str]:
    if told.audience:
        found = told.audience
        stands = "in" if found.member else "not in"
        yield f"  {stands} the audience {found.segment} at {_written(told.as_of)}"
        yield from _conditions(found.reason, 2)
    for each in told.excluded:
        yield f"  {'in' if each.member else 'not in'} {each.segment}, whose people are left out"
    for how in told.would_help:
        yield f"  it would take: {how}"
    if told.next_chance:
        yield f"  time alone changes it at {_written(told.next_chance)}"


def _conditions(reason: Reason, depth: int) -> Iterator[str]:
    indent = "  " * depth
    value = f": {reason.value}" if reason.value else ""
    yield f"{indent}{'yes' if reason.holds else 'no '} {reason.text}{value}"
    for event in reason.evidence:
        yield f"{indent}    {_written(event.at)} {event.event} {event.text}".rstrip()
    for part in reason.parts:
        yield from _conditions(part, depth + 1)


def _allowed(told: Why) -> Iterator[str]:
    if told.leave:
        given = told.leave
        receipt = f", receipt {given.receipt}" if given.receipt else ""
        words = f" ({given.source} {given.wording_version}".rstrip() + ")" if given.source else ""
        when = f" on {_written(given.at)}" if given.at else ""
        yield f"  consent to {given.purpose}: {given.state}{when}{receipt}{words}"
    for limit in told.limits:
        reached = ", which is reached" if limit.reached else ""
        yield f"  limit: {limit.text}, {limit.counted} counted{reached}"
        for mail in limit.mails:
            yield f"      {_written(mail.at)} {mail.campaign}"
    if told.displaced_by:
        yield f"  displaced by {told.displaced_by}"


def _made_of(made: MadeOf) -> Iterator[str]:
    yield f"  template {made.template} (version {made.template_version}, edition {made.edition})"
    yield from (f"  {name}: {value}" for name, value in made.traits.items() if value != "None")
    for score in made.scores:
        yield f"  score {score.model}: {score.value:.3f} (version {score.version})"
        yield from (f"      {reason}" for reason in score.reasons)
    for pick in made.picks:
        buys = "" if pick.probability is None else f", bought by {pick.probability:.1%}"
        yield f"  recommended {pick.name or pick.item}: {pick.reason}{buys}"
    if made.picks:
        by = f", by the rules {made.recommended_by}" if made.recommended_by else ""
        yield f"  by the recommender's version {made.recommender_version}{by}"
    yield from (f"  {said}" for said in made.because)


def _written(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
