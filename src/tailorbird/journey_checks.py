"""Journeys checked against what exists here: events, segments, traits, templates, lists, hooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from tailorbird import journey_conditions, journeys, letters, naming, segments, yaml_text
from tailorbird.content.rules_reach import Asks, Contrary, Formula, Group, Question, possible
from tailorbird.errors import TailorbirdError
from tailorbird.journeys.findings import Finding, findings, in_order, told
from tailorbird.journeys.journey import (
    Branch,
    Condition,
    DateTrigger,
    EventTrigger,
    Jump,
    Send,
    Step,
    Update,
    WaitFor,
    Webhook,
)
from tailorbird.journeys.journey_reader import Clause
from tailorbird.journeys.parse_journey import Written
from tailorbird.letters.journey_shapes import given_by
from tailorbird.letters.reach import formula
from tailorbird.schema import Instant
from tailorbird.settings import brand
from tailorbird.traits.registry import TRAITS
from tailorbird.traits.terms import SESSIONS
from tailorbird.world import World
from tailorbird.yaml_text import nearest

_Found: TypeAlias = Iterator[Finding]
BIRTHDAY: Final = "birthday"
WAY_OUT: Final = "unsubscribe_url"


def check_journey(
    world: World,
    text: str,
    file: str,
    standing: Sequence[segments.Segment],
    name: str | None = None,
) -> Written:
    """Return the journey of a text that may be kept; nothing is kept yet.

    Raises:
        DefinitionError: its first error, `file:line`, the step, what is wrong, how to mend it.
    """
    written = journeys.read_journey(text, file)
    if name is not None:
        yaml_text.check_name(written.journey.name, name, written.document.where(("name",)))
    errors = [each for each in look(world, written, standing) if each.severity == "error"]
    if errors:
        raise errors[0].error(len(errors) - 1)
    return written


def look(
    world: World,
    written: Written,
    standing: Sequence[segments.Segment],
    now: Instant | None = None,
) -> list[Finding]:
    """Return all that is wrong with a journey, errors first, each in the order of its file."""
    found = findings(written, now)
    broken = list(_conditions(world, written, standing))
    if not broken:
        among = {each.name: each for each in standing}
        found += _ways(written, among)
    found += broken
    for each in (_event, _mails, _places, _date):
        found += each(world, written, standing)
    return in_order(list(dict.fromkeys(found)))


# -- conditions ---------------------------------------------------------------------------------


def _conditions(world: World, written: Written, standing: Sequence[segments.Segment]) -> _Found:
    """Yield the conditions that segments' own parser refuses, each name in them known here."""
    known = naming.vocabulary(world, "", standing)
    for clause in written.clauses:
        try:
            journey_conditions.read(clause.condition, written.document, clause.path, known)
        except TailorbirdError as error:
            yield _refused(clause, error)


def _refused(clause: Clause, error: TailorbirdError) -> Finding:
    told_of = f"{clause.use}: {error.what}" if not clause.step else error.what
    return Finding("condition", "error", error.where, clause.step, told_of, error.mend)


def _ways(written: Written, among: Mapping[str, segments.Segment]) -> _Found:
    """Yield what can never hold, what always does, and ways that those before them take."""
    journey = written.journey

    def means(condition: Condition) -> Formula:
        return _formula(journey_conditions.read(condition), among)

    for step in journey.steps.values():
        match step:
            case WaitFor():
                yield from _asked(written, step, means(step.condition), "wait for")
            case Jump() if step.condition is not None:
                yield from _asked(written, step, means(step.condition), "jump")
            case Branch():
                yield from _branch(written, step, means)
    who = means(journey.who) if journey.who else None
    leaves = means(journey.exit_when) if journey.exit_when else None
    if who and not possible([who]):
        what, mend = "nobody can be who enters", "mend the condition"
        yield told(written, "never", "error", what, mend, path=("who",))
    elif leaves and not possible([Contrary(leaves), *([who] if who else [])]):
        what = "whoever may enter leaves at once"
        mend = "mend `exit_when`, or `who`"
        yield told(written, "always", "error", what, mend, path=("exit_when",))


def _asked(written: Written, step: Step, meant: Formula, noun: str) -> _Found:
    if not possible([meant]):
        what = f"nobody can ever be whom it is to {noun}: the condition never holds"
        yield told(written, "never", "error", what, "mend the condition", step=step.id)
    elif not possible([Contrary(meant)]):
        what = "the condition always holds"
        mend = "mend the condition, or leave it out"
        yield told(written, "always", "warning", what, mend, step=step.id)


def _branch(written: Written, step: Branch, means: Callable[[Condition], Formula]) -> _Found:
    left: list[Formula] = []
    for number, way in enumerate(step.ways, 1):
        meant = means(way.condition)
        if not possible([meant]):
            what = f"nobody can go way {number}: its condition never holds"
            yield told(written, "never", "error", what, "mend the condition", step=step.id)
        elif not possible([meant, *left]):
            what = f"the ways before it take everybody who could go way {number}"
            mend = "put it before them, or take it out"
            yield told(written, "overlap", "error", what, mend, step=step.id)
        left.append(Contrary(meant))
    if not possible(left):
        what = "nobody goes the other way: the conditions take everybody"
        mend = "leave the last condition out, and put its steps under `else`"
        yield told(written, "always", "warning", what, mend, step=step.id)


def _formula(asked: journey_conditions.Asked, among: Mapping[str, segments.Segment]) -> Formula:
    """Return what a condition tests; what happened since is a test of its own."""
    match asked:
        case journey_conditions.Joined("not", parts):
            return Contrary(Group(False, tuple(_formula(each, among) for each in parts)))
        case journey_conditions.Joined(how, parts):
            return Group(how == "all", tuple(_formula(each, among) for each in parts))
        case journey_conditions.Known(condition):
            return formula(condition, among)
        case _:
            return Asks(Question(repr(asked), "=", (True,), sure=True))


# -- what it names ------------------------------------------------------------------------------


def _event(world: World, written: Written, standing: Sequence[segments.Segment]) -> _Found:
    """Yield that the event which starts it is none that a sender sends."""
    trigger = written.journey.trigger
    if isinstance(trigger, EventTrigger) and trigger.event in SESSIONS:
        what = f"trigger: {trigger.event!r} follows from other events"
        mend = "name an event of a visit, such as `page_viewed`, or enter by a segment"
        yield told(written, "condition", "error", what, mend, path=("trigger",))


def _mails(world: World, written: Written, standing: Sequence[segments.Segment]) -> _Found:
    """Yield what is wrong with templates, what they read, stand-ins and senders."""
    beside = given_by(world, written.journey)
    for step in written.journey.steps.values():
        if not isinstance(step, Send):
            continue
        try:
            brand(world.settings, step.message.brand)
            letters.check_campaign(step.message, standing)
            edition = letters.check(world, step.message, 0, beside)
            if WAY_OUT not in edition.template.variables():
                what = f"its template {step.message.template!r} has no link to unsubscribe"
                mend = 'add `{% render "footer" %}`, or a link to {{ unsubscribe_url }}'
                yield told(written, "way-out", "warning", what, mend, step=step.id)
        except TailorbirdError as error:
            own = error.where.startswith(f"campaigns/{step.message.name}.yaml")
            what = error.what if own or not error.where else f"{error.where}: {error.what}"
            yield told(written, "mail", "error", what, error.mend, step=step.id)


def _places(world: World, written: Written, _: Sequence[segments.Segment]) -> _Found:
    """Yield the lists and webhooks that are not there."""
    lists = [each.name for each in world.definitions.latest("list")]
    hooks = [each for hook in world.hooks.all() for each in (hook.id, hook.url)]
    for step in written.journey.steps.values():
        if isinstance(step, Update) and step.list and step.list not in lists:
            mend = nearest(step.list, lists) if lists else "make it: `tailorbird lists create`"
            what = f"no list {step.list!r}"
            yield told(written, "list", "error", what, mend, step=step.id)
        if isinstance(step, Webhook) and step.hook not in hooks:
            mend = nearest(step.hook, hooks) if hooks else "add it: `tailorbird hooks add`"
            what = f"no webhook {step.hook!r}"
            yield told(written, "webhook", "error", what, mend, step=step.id)


def _date(world: World, written: Written, standing: Sequence[segments.Segment]) -> _Found:
    """Yield a date trigger whose trait is no date."""
    trigger = written.journey.trigger
    if not isinstance(trigger, DateTrigger):
        return
    known = naming.vocabulary(world, "", standing)
    dates = {name for name, trait in TRAITS.items() if trait.type == "instant"}
    if trigger.trait in TRAITS and trigger.trait not in dates:
        what = f"{trigger.trait!r} is no date"
        yield told(written, "trait", "error", what, nearest(trigger.trait, sorted(dates)))
    elif known.complete and trigger.trait not in dates | known.traits | {BIRTHDAY}:
        names = sorted(dates | known.traits | {BIRTHDAY})
        what = f"no trait {trigger.trait!r}: nobody has ever said it"
        yield told(written, "trait", "error", what, nearest(trigger.trait, names))
