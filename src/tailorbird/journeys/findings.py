"""What is wrong with a journey as a graph: errors, with which nobody may enter it, and warnings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Literal, TypeAlias

import msgspec

from tailorbird import durations
from tailorbird.errors import DefinitionError
from tailorbird.journeys import graph
from tailorbird.journeys.journey import (
    Branch,
    CallTrigger,
    DateTrigger,
    EventTrigger,
    Exit,
    Recommend,
    SegmentTrigger,
    Send,
    Split,
    StepId,
    Update,
    Wait,
    WaitFor,
    Webhook,
)
from tailorbird.journeys.parse_journey import Written
from tailorbird.schema import MINUTE, Instant
from tailorbird.yaml_text import Path, nearest

Severity: TypeAlias = Literal["error", "warning"]
MANY_ROUNDS: Final = 52


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong: where, in which step, and how to mend it."""

    code: str
    severity: Severity
    where: str
    """`file:line`."""
    step: StepId
    what: str
    mend: str

    def sentence(self) -> str:
        """Return `file:line: error CODE: step X: what; mend`."""
        return f"{self.where}: {self.severity} {self.code}: {self.told()}; {self.mend}"

    def told(self) -> str:
        """Return what is wrong, after the step."""
        return f"step {self.step}: {self.what}" if self.step else self.what

    def error(self, others: int = 0) -> DefinitionError:
        """Return it as an error that tells how many others there are."""
        more = f" (and {others} more: `tailorbird journeys check` lists them)" if others else ""
        return DefinitionError(self.told(), where=self.where, mend=f"{self.mend}{more}")


_Found: TypeAlias = Iterator[Finding]
_Look: TypeAlias = Callable[[Written], _Found]


def findings(written: Written, now: Instant | None = None) -> list[Finding]:
    """Return what is wrong with a journey's graph, in the order of the file; errors first.

    Without `now`, no instant is past.
    """
    found = [each for look in _LOOKS for each in look(written)]
    found += [] if now is None else _past(written, now)
    return in_order(found)


def in_order(found: list[Finding]) -> list[Finding]:
    """Return errors before warnings, each as they stand in the file."""
    return sorted(found, key=lambda each: (each.severity, _line(each.where)))


def told(
    written: Written,
    code: str,
    severity: Severity,
    what: str,
    mend: str,
    *,
    step: StepId = "",
    path: Path | None = None,
) -> Finding:
    """Return a finding at a path of the file, else at its step."""
    where = written.where(step) if path is None else written.document.where(path)
    return Finding(code, severity, where, step, what, mend)


def _line(where: str) -> int:
    end = where.rpartition(":")[2]
    return int(end) if end.isdecimal() else 0


# -- ways ---------------------------------------------------------------------------------------


def _nowhere(written: Written) -> _Found:
    journey = written.journey
    for step, target in graph.targets(journey):
        if target not in journey.steps:
            path = written.places[step] if step else ("skip_ahead",)
            what = f"there is no step {target!r} to go on at"
            mend = nearest(target, list(journey.steps))
            yield told(written, "nowhere", "error", what, mend, step=step, path=path)
        elif step and target == step:
            yield told(
                written, "nowhere", "error", "it jumps to itself", "name another step", step=step
            )


def _unreachable(written: Written) -> _Found:
    there = graph.reached(written.journey)
    told_of: set[Path] = set()
    for step, path in written.places.items():
        if step in there or any(path[: len(listed)] == listed for listed in told_of):
            continue
        told_of.add(path[:-1])  # what follows it in its list is not reached either
        mend = "take out the `exit` or `jump` before it, or the step"
        yield told(written, "unreachable", "error", "nobody ever comes here", mend, step=step)


def _dead_ends(written: Written) -> _Found:
    journey = written.journey
    for step in journey.steps.values():
        if isinstance(step, Wait | WaitFor) and graph.ends(journey, step.id):
            mend = "add what comes after the wait, or take it out"
            what = "a dead end: after this wait nothing comes"
            yield told(written, "dead-end", "warning", what, mend, step=step.id)
    does = Send | Update | Webhook
    if not any(isinstance(each, does) for each in journey.steps.values()):
        what = "it does nothing: it sends nothing, sets nothing and tells nobody"
        yield told(written, "dead-end", "error", what, "add `- send: NAME`", path=("steps",))


def _no_exit(written: Written) -> _Found:
    """Tell of mails that go on to whoever has done long since what they are for."""
    journey = written.journey
    sends = sum(isinstance(each, Send) for each in journey.steps.values())
    asks = any(isinstance(each, Branch | WaitFor) for each in journey.steps.values())
    if sends > 1 and journey.exit_when is None and not asks:
        what = "nothing takes anybody out before the last of its mails"
        mend = "add `exit_when: {event: purchase}`, or what else it is for"
        yield told(written, "no-exit", "warning", what, mend, path=("name",))


def _loops(written: Written) -> _Found:
    journey = written.journey
    for jump in graph.loops(journey):
        if jump.to == jump.id:
            continue
        sends = graph.sends_in(journey, jump)
        if graph.spins(journey, jump):
            what = f"it goes round {jump.most} times at one instant"
            severity: Severity = "error" if sends else "warning"
            mend = "put a `wait` between the step that it jumps to and the jump"
            yield told(written, "no-wait", severity, what, mend, step=jump.id)
        if jump.most > MANY_ROUNDS:
            what = f"it goes round up to {jump.most} times"
            mend = f"write `most: {MANY_ROUNDS}` or less, or let a segment begin it anew"
            yield told(written, "many-rounds", "warning", what, mend, step=jump.id)


def _at_once(written: Written) -> _Found:
    for one, other in graph.neighbours(written.journey):
        what = f"it may leave at the same instant as {one!r}"
        yield told(written, "at-once", "warning", what, "put a `wait` between them", step=other)


def _same_ways(written: Written) -> _Found:
    for step in written.journey.steps.values():
        match step:
            case Branch():
                ways = {*(way.next for way in step.ways), step.otherwise}
            case Split():
                ways = {arm.next for arm in step.arms}
            case _:
                continue
        if len(ways) == 1:
            mend = "give one of its ways steps of its own, or take it out"
            yield told(written, "same-ways", "warning", "all its ways are one", mend, step=step.id)


def _shares(written: Written) -> _Found:
    """Tell of shares that look like parts of a whole, and are not."""
    for step in written.journey.steps.values():
        if not isinstance(step, Split):
            continue
        arms = written.document.value
        for key in (*written.places[step.id], "split"):
            arms = arms[key]
        said = [arm.get("share", 1) for arm in arms.values()]
        total = sum(said)
        whole = 1 if all(each < 1 for each in said) else 100 if max(said) >= 10 else total
        if abs(total - whole) > 1e-9 * whole:
            read = ", ".join(f"{each.name} {each.share:.1%}" for each in step.arms)
            what = f"the shares add up to {total:g}, not {whole}, and are read as {read}"
            yield told(
                written, "shares", "warning", what, f"let them add up to {whole}", step=step.id
            )


# -- time ---------------------------------------------------------------------------------------


def _past(written: Written, now: Instant) -> _Found:
    for step in written.journey.steps.values():
        if isinstance(step, Wait) and step.until is not None and step.until <= now:
            what = "it waits until an instant that is past: nobody waits at all"
            mend = "write an instant to come, or take the wait out"
            yield told(written, "past", "warning", what, mend, step=step.id)


def _too_short(written: Written) -> _Found:
    journey, takes = written.journey, graph.longest(written.journey)
    length = durations.written(max(takes - takes % MINUTE, MINUTE))
    lives_on = journey.several or journey.restart
    if journey.reentry and journey.reentry < takes and not lives_on:
        what = f"who may come again after {durations.written(journey.reentry)} may still be in it:"
        what += f" it takes up to {length}"
        mend = f"write `reentry: {length}` or longer, `restart: true`, or `several: true`"
        yield told(written, "reentry", "warning", what, mend, path=("reentry",))
    if journey.goal and journey.goal.within < takes:
        what = f"the goal counts for {durations.written(journey.goal.within)} after entry,"
        what += f" and the journey takes up to {length}"
        mend = f"write `within: {length}` or longer"
        yield told(written, "goal", "warning", what, mend, path=("goal",))


# -- who comes and goes -------------------------------------------------------------------------


def _entry(written: Written) -> _Found:
    journey, trigger = written.journey, written.journey.trigger
    if journey.per and isinstance(trigger, SegmentTrigger | DateTrigger):
        what = f"what starts it has no property {journey.per!r}"
        mend = "leave `per` out: events, calls and products have properties"
        yield told(written, "per", "error", what, mend, path=("per",))
    if journey.several and not journey.per:
        what = "nothing tells one entry of a person from another"
        mend = "add `per: order_id`, or another property of the trigger"
        yield told(written, "per", "error", what, mend, path=("several",))
    if journey.several and journey.restart:
        mend = "keep one of them"
        what = "whoever may be in it several times cannot begin anew"
        yield told(written, "restart", "error", what, mend, path=("restart",))


def _exit_is_entry(written: Written) -> _Found:
    trigger, exits = written.journey.trigger, written.journey.exit_when or {}
    if not isinstance(trigger, EventTrigger) or exits.get("event") != trigger.event:
        return
    if "where" not in exits:
        what = f"a second {trigger.event!r} takes her out: it is what lets her in, too"
        mend = "name what ends it, such as `purchase`, or write `restart: true`"
        yield told(written, "exit-is-entry", "warning", what, mend, path=("exit_when",))


def _purposes(written: Written) -> _Found:
    for step in written.journey.steps.values():
        if isinstance(step, Send) and step.message.purpose != "email_marketing":
            what = (
                f"nobody agrees to mails for {step.message.purpose!r}, or can unsubscribe from them"
            )
            mend = "leave `purpose` out, or write `purpose: email_marketing`"
            yield told(written, "purpose", "error", what, mend, step=step.id)


def _event_values(written: Written) -> _Found:
    """Tell of choices that are made twice under one name."""
    names: dict[str, StepId] = {}
    for step in written.journey.steps.values():
        if isinstance(step, Recommend):
            if step.name in names:
                what = f"it chooses {step.name!r} anew, as step {names[step.name]} does"
                mend = "give it another name, if both are meant"
                yield told(written, "chosen-twice", "warning", what, mend, step=step.id)
            names.setdefault(step.name, step.id)


def _calls(written: Written) -> _Found:
    journey = written.journey
    if isinstance(journey.trigger, CallTrigger) and journey.reentry is None:
        what = "the API can have somebody enter once in her life"
        mend = "write `reentry: always`, or how long after an entry"
        yield told(written, "once", "warning", what, mend, path=("trigger",))


def _reasons(written: Written) -> _Found:
    for step in written.journey.steps.values():
        if isinstance(step, Exit) and len(step.reason) > 63:
            what, mend = "a reason is a few words", "at most 63 characters"
            yield told(written, "reason", "warning", what, mend, step=step.id)


_LOOKS: Final[tuple[_Look, ...]] = (
    _nowhere,
    _unreachable,
    _dead_ends,
    _no_exit,
    _loops,
    _at_once,
    _same_ways,
    _shares,
    _too_short,
    _entry,
    _exit_is_entry,
    _purposes,
    _event_values,
    _calls,
    _reasons,
)
"""What is looked at: another kind of finding is one function here."""
