"""A journey in words: each step, what it does, and where it goes on; for people to read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

import msgspec
import yaml

from tailorbird import durations
from tailorbird.journeys.journey import (
    Branch,
    CallTrigger,
    Condition,
    DateTrigger,
    EventTrigger,
    Exit,
    Journey,
    Jump,
    Reach,
    Recommend,
    SegmentTrigger,
    Send,
    Split,
    Step,
    StepId,
    StockTrigger,
    Trigger,
    Update,
    Wait,
    WaitFor,
    Webhook,
)
from tailorbird.journeys.journey_reader import WEEKDAYS
from tailorbird.journeys.parse_journey import Written
from tailorbird.schema import SECOND

THE_END: Final = "the end"


class Way(msgspec.Struct, frozen=True):
    """A way out of a step: when it is taken, and to where; '' is the end."""

    when: str
    to: StepId


class Line(msgspec.Struct, frozen=True):
    """A step in words, as deep as it is nested in its file."""

    step: StepId
    kind: str
    words: str
    depth: int
    ways: tuple[Way, ...]


def outline(written: Written) -> list[Line]:
    """Return every step in the order of the file."""
    return [
        Line(
            step.id,
            type(step).__name__.lower(),
            in_words(step),
            sum(isinstance(part, int) for part in written.places[step.id]) - 1,
            tuple(ways(step)),
        )
        for step in written.journey.steps.values()
    ]


def head(journey: Journey) -> list[str]:
    """Return what starts and ends a journey, a sentence each."""
    lines = [f"begins: {of_trigger(journey.trigger)}"]
    if journey.who:
        lines.append(f"who: {of_condition(journey.who)}")
    if journey.exit_when:
        lines.append(f"leaves when: {of_condition(journey.exit_when)}")
    lines += [f"skips to {each.to}: {of_condition(each.condition)}" for each in journey.skip_ahead]
    again = "never" if journey.reentry is None else "at any time"
    if journey.reentry:
        again = f"{durations.written(journey.reentry)} after an entry"
    lines.append(f"enters again: {again}{', and begins anew' if journey.restart else ''}")
    if journey.goal:
        within = durations.written(journey.goal.within)
        lines.append(f"goal: {journey.goal.event} within {within}")
    if journey.holdout:
        lines.append(f"held out: {journey.holdout:.0%}")
    return lines


def of_trigger(trigger: Trigger) -> str:
    """Return what starts a journey, in words."""
    match trigger:
        case EventTrigger(event, where):
            return f"{event}{_where(where)}"
        case SegmentTrigger(segment, on):
            return f"{'enters' if on == 'entry' else 'leaves'} segment {segment}"
        case DateTrigger(trait, days, minute, yearly):
            away = f"{abs(days)} days {'before' if days < 0 else 'after'} " if days else ""
            each = "each year, " if yearly else ""
            return f"{each}{away}{trait} at {_clock(minute)}"
        case StockTrigger(news, interest, within):
            return f"{news} of what had {interest} within {durations.written(within)}"
        case CallTrigger():
            return "a call of the API"


def in_words(step: Step) -> str:
    """Return what a step does."""
    match step:
        case Wait():
            return _wait(step)
        case WaitFor():
            most = durations.written(step.timeout)
            return f"wait until {of_condition(step.condition)}, {most} at most"
        case Branch():
            return "branch"
        case Split():
            return "split"
        case Send():
            subjects = [each.subject for each in step.message.variants.values()]
            return f"send {step.message.template}: {' | '.join(subjects)}"
        case Recommend():
            return f"choose {step.count} products as journey.{step.name}"
        case Update():
            return _update(step)
        case Webhook():
            return f"tell webhook {step.hook}"
        case Jump():
            asked = f" if {of_condition(step.condition)}" if step.condition else ""
            return f"jump to {step.to}{asked}, {step.most} times at most"
        case Reach():
            return f"goal {step.name}"
        case Exit():
            return f"leave: {step.reason}"


def ways(step: Step) -> Iterator[Way]:
    """Yield where a step goes on; what differs in nothing from its next step is left out."""
    match step:
        case WaitFor():
            yield Way("it holds", step.met)
            yield Way("time is over", step.unmet)
        case Branch():
            yield from (Way(of_condition(way.condition), way.next) for way in step.ways)
            yield Way("else", step.otherwise)
        case Split():
            yield from (Way(f"{arm.name} {arm.share:.3g}", arm.next) for arm in step.arms)
        case Exit():
            return
        case Jump():
            yield Way("again", step.to)
            yield Way("", step.next)
        case _:
            yield Way("", step.next)
            if isinstance(step, Send) and step.refused != step.next:
                yield Way("refused", step.refused)
            if isinstance(step, Send | Recommend | Webhook) and step.failed != step.next:
                yield Way("error", step.failed)


def of_condition(condition: Condition) -> str:
    """Return a condition in words."""
    match condition:
        case {"segment": name}:
            return f"in segment {name}"
        case {"event": event}:
            since = condition.get("since", "entry")
            return f"{event}{_where(condition.get('where', {}))} since {since}"
        case {"all": parts}:
            return f"({' and '.join(map(of_condition, parts))})"
        case {"any": parts}:
            return f"({' or '.join(map(of_condition, parts))})"
        case {"not": part}:
            return f"not {of_condition(part)}"
        case _:
            return _flow(condition.get("is", condition))


def drawing(written: Written) -> list[str]:
    """Return the graph as text, a line a step with its ways behind it."""
    lines = outline(written)
    width = max(len(each.step) + 2 * each.depth for each in lines)
    following = {one.step: other.step for one, other in pairwise(lines)}
    found = []
    for each in lines:
        label = f"{'  ' * each.depth}{each.step}"
        onward = [way for way in each.ways if way.when or way.to != following.get(each.step)]
        told = "; ".join(f"{way.when} -> {way.to or THE_END}".strip() for way in onward)
        found.append(f"{label:<{width}}  {each.words}{f'  [{told}]' if told else ''}")
    return found


def _wait(step: Wait) -> str:
    if step.until is not None:
        return f"wait until {datetime.fromtimestamp(step.until / SECOND, UTC):%Y-%m-%d %H:%M} UTC"
    parts = [durations.written(step.duration)] if step.duration else []
    if step.weekdays:
        parts.append(f"until {' or '.join(WEEKDAYS[day - 1] for day in step.weekdays)}")
    if step.at_minute is not None:
        parts.append(f"until {_clock(step.at_minute)} of her day")
    return f"wait {', '.join(parts)}"


def _update(step: Update) -> str:
    if step.act == "traits":
        return f"set {_flow(step.traits)}"
    return f"{'add to' if step.act == 'add' else 'take off'} list {step.list}"


def _where(where: object) -> str:
    return f" where {_flow(where)}" if where else ""


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _flow(value: object) -> str:
    """Return plain values as YAML in one line."""
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")
