"""A journey's file read: its graph, and where in the file each step and condition stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any as Anything
from typing import Final, TypeVar

import msgspec

from tailorbird import yaml_text
from tailorbird.journeys import parse_triggers
from tailorbird.journeys.campaign import COMMON_PRIORITY
from tailorbird.journeys.journey import Duration, Journey, SkipAhead, StepId
from tailorbird.journeys.journey_reader import Clause, Keyed, Reader
from tailorbird.journeys.parse_steps import Flattened
from tailorbird.schema import PURPOSES
from tailorbird.yaml_text import Document, Path, nearest

T = TypeVar("T", bound=str)
_MODES: Final = ("live", "shadow", "paused")
KEYS: Final = (
    "name", "description", "trigger", "who", "exit_when", "skip_ahead", "reentry", "several", "per",
    "dedupe", "restart", "holdout", "goal", "purpose", "priority", "exclusive", "mode", "steps",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Written:
    """A journey with its file: what the story needs to parse conditions and tell where they are."""

    journey: Journey
    document: Document
    places: dict[StepId, Path]
    clauses: tuple[Clause, ...]

    def where(self, step: StepId) -> str:
        """Return `file:line` of a step, of the whole where it is none."""
        return self.document.where(self.places.get(step, ()))


def parse_journey(text: str, file: str) -> Journey:
    """Return the journey that a YAML text defines; its jumps are not yet known to lead anywhere.

    Raises:
        DefinitionError: `file:line`, the step, what is wrong, how to mend it.
    """
    return read_journey(text, file).journey


def read_journey(text: str, file: str) -> Written:
    """Return the journey of a text with the places of all that it says.

    Raises:
        DefinitionError: as `parse_journey`.
    """
    document = yaml_text.read(text, file)
    reader = Reader(document)
    value = reader.mapping(document.value, (), KEYS)
    for key, mend in _NEEDED.items():
        if key not in value:
            reader.refuse(f"a journey needs {key!r}", (), mend)
    return Written(_journey(reader, value), document, reader.places, tuple(reader.clauses))


def _journey(reader: Reader, value: Keyed) -> Journey:
    name = reader.word(value["name"], ("name",), "a journey")
    trigger = parse_triggers.trigger(reader, value["trigger"], ("trigger",))
    purpose = _one_of(reader, value, "purpose", PURPOSES, "email_marketing")
    priority = reader.number(value, "priority", (), 1, 9, COMMON_PRIORITY)
    flat = Flattened(reader, name, purpose, priority)
    first = flat.listed(value["steps"], ("steps",), "", "")
    reader.step = ""
    if not flat.steps:
        reader.refuse("a journey without steps", ("steps",), "add `- send: NAME`")
    found = Journey(
        name=name,
        trigger=trigger,
        steps=flat.steps,
        first=first,
        description=_text(reader, value, "description", 2_000),
        who=_condition(reader, value, "who"),
        exit_when=_condition(reader, value, "exit_when"),
        skip_ahead=_skip_ahead(reader, value.get("skip_ahead", [])),
        several=reader.flag(value, "several", ()),
        per=_text(reader, value, "per", 200),
        restart=reader.flag(value, "restart", ()),
        holdout=_holdout(reader, value),
        purpose=purpose,
        priority=priority,
        exclusive=_text(reader, value, "exclusive", 63),
        mode=_one_of(reader, value, "mode", _MODES, "live"),
    )
    return msgspec.structs.replace(
        found,
        reentry=_reentry(reader, value),
        dedupe=reader.duration(value["dedupe"], ("dedupe",)) if "dedupe" in value else 0,
        goal=parse_triggers.goal(reader, value["goal"], ("goal",)) if "goal" in value else None,
    )


def _reentry(reader: Reader, value: Keyed) -> Duration | None:
    """Return after how long somebody may come again: never where nothing is said."""
    said = value.get("reentry", "never")
    if said in ("never", "always"):
        return None if said == "never" else 0
    if not isinstance(said, str) or not said[:1].isdigit():
        mend = "write never, always, or how long after an entry, such as `7d`"
        reader.refuse(f"{str(said)[:80]!r} is no rule of re-entry", ("reentry",), mend)
    return reader.duration(said, ("reentry",))


def _holdout(reader: Reader, value: Keyed) -> float:
    said = value.get("holdout", 0)
    if not isinstance(said, int | float) or isinstance(said, bool) or not 0 <= said < 1:
        mend = "write `holdout: 0.1` for one in ten"
        reader.refuse("'holdout' takes a share", ("holdout",), mend)
    return float(said)


def _skip_ahead(reader: Reader, value: Anything) -> tuple[SkipAhead, ...]:
    if not isinstance(value, list):
        mend = "write `- {if: {segment: gold}, to: STEP}` below it"
        reader.refuse("'skip_ahead' takes a list", ("skip_ahead",), mend)
    found: list[SkipAhead] = []
    for at, each in enumerate(value):
        path: Path = ("skip_ahead", at)
        each = reader.mapping(each, path, ("if", "to"))
        if "if" not in each or "to" not in each:
            mend = "write `{if: {segment: gold}, to: STEP}`"
            reader.refuse("it says who skips, and where to", path, mend)
        condition = reader.condition(each["if"], (*path, "if"), "skip_ahead")
        to = reader.text(str(each["to"]), (*path, "to"), "the name of a step")
        found.append(SkipAhead(condition, to))
    return tuple(found)


def _condition(reader: Reader, value: Keyed, key: str) -> dict[str, Anything] | None:
    return reader.condition(value[key], (key,), key) if key in value else None


def _text(reader: Reader, value: Keyed, key: str, most: int) -> str:
    return reader.text(value[key], (key,), repr(key), most) if key in value else ""


def _one_of(reader: Reader, value: Keyed, key: str, among: tuple[T, ...], left: T) -> T:
    said = value.get(key, left)
    found = next((each for each in among if each == said), None)
    if found is None:
        reader.refuse(f"unknown {key} {said!r}", (key,), nearest(str(said), list(among)))
    return found


_NEEDED: Final = {
    "name": "write `name: cart-recovery`",
    "trigger": "write `trigger: {event: add_to_cart}`",
    "steps": "write `steps:` with a list below it",
}
