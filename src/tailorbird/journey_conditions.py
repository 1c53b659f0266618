"""The conditions of journeys, asked of many enrolments at once, as of an instant.

A journey's text keeps them as plain data. `segment` and `is` mean what they mean in segments.
`event` asks whether the person did it since she entered, or came to the step: her last such event
is looked up, once for all who are asked, and compared with the instant of each. With the answer
comes when time alone can change it next, so that nobody need be asked before, unless something
comes of her.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from tailorbird import grouping, segments, yaml_text
from tailorbird.enrolments import NEVER, Enrolment
from tailorbird.schema import Instant
from tailorbird.segments import compile as compiler
from tailorbird.segments.conditions import Condition, Did, Segment
from tailorbird.segments.meaning import member, resolved
from tailorbird.segments.meaning_events import rows_of
from tailorbird.traits.evidence import behind
from tailorbird.traits.expiry import next_change
from tailorbird.traits.extract import touched
from tailorbird.traits.terms import Compare, Last, Term
from tailorbird.world import World
from tailorbird.yaml_text import Document, Path

Mask: TypeAlias = npt.NDArray[np.bool_]
Instants: TypeAlias = npt.NDArray[np.int64]
SAME_INSTANT: Final = 100
"""Events of one person at one instant that are looked through for one after the cause."""


@dataclass(frozen=True, slots=True)
class Known:
    """What segments ask."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class Since:
    """That the person did this after she entered, or came to the step."""

    did: Did
    start: Literal["entry", "step"]


@dataclass(frozen=True, slots=True)
class Joined:
    """Conditions of which all, or any, must hold; or none of them."""

    how: Literal["all", "any", "not"]
    parts: tuple[Asked, ...]


Asked: TypeAlias = Known | Since | Joined


@dataclass(frozen=True, slots=True)
class Judged:
    """For each enrolment whether a condition holds, and when time alone may change that next."""

    holds: Mask
    check_at: Instants


def read(
    condition: Mapping[str, Any],
    document: Document | None = None,
    path: Path = (),
    known: segments.Vocabulary | None = None,
) -> Asked:
    """Return what a condition of a journey asks, which stands at a path of a document.

    With the names that are `known` here, every other is refused.

    Raises:
        DefinitionError: with the place and the mend.
    """
    whole = document or Document("condition", condition)
    for how in ("all", "any"):
        if how in condition:
            parts = enumerate(condition[how])
            read_parts = (read(each, whole, (*path, how, at), known) for at, each in parts)
            return Joined("all" if how == "all" else "any", tuple(read_parts))
    if "not" in condition:
        return Joined("not", (read(condition["not"], whole, (*path, "not"), known),))
    if "event" not in condition:
        said, at = (condition["is"], (*path, "is")) if "is" in condition else (condition, path)
        return Known(segments.condition(said, yaml_text.part(whole, at, said), known))
    where = condition.get("where", {})
    plain = {"did": condition["event"], **({"where": where} if where else {})}
    did = segments.condition(plain, yaml_text.part(whole, path, plain), known)
    if not isinstance(did, Did):
        raise TypeError(did)
    return Since(did, condition.get("since", "entry"))


def parsed(condition: Mapping[str, Any]) -> Asked:
    """Return what a condition asks, read once."""
    return _parsed(msgspec.json.encode(condition, order="sorted"))


@lru_cache(1024)
def _parsed(text: bytes) -> Asked:
    return read(msgspec.json.decode(text))


def asks_segments(condition: Mapping[str, Any]) -> bool:
    """Return whether a condition asks what segments ask: not only what the person did since."""
    return any(isinstance(leaf, Known) for leaf in _leaves(parsed(condition)))


def judge(
    world: World,
    conditions: Sequence[Mapping[str, Any]],
    enrolments: Sequence[Enrolment],
    now: Instant,
) -> list[Judged]:
    """Return the answers to each condition, each of all these enrolments, at an instant.

    Raises:
        DefinitionError: a condition names a segment that does not stand.
    """
    if not conditions:
        return []
    asked = [parsed(each) for each in conditions]
    leaves = list(dict.fromkeys(leaf for each in asked for leaf in _leaves(each)))
    found: dict[Asked, Judged] = dict(
        zip(leaves, _answers(world, leaves, enrolments, now), strict=True)
    )
    return [_joined(each, found) for each in asked]


def check(world: World, conditions: Sequence[Mapping[str, Any]]) -> None:
    """Ask nobody, but find out whether conditions can be asked.

    Raises:
        DefinitionError: a condition names a segment that does not stand.
    """
    among = grouping.standing_segments(world)
    for leaf in dict.fromkeys(leaf for each in conditions for leaf in _leaves(parsed(each))):
        _terms(leaf, 0, among)


def _leaves(asked: Asked) -> Iterator[Known | Since]:
    if isinstance(asked, Joined):
        for part in asked.parts:
            yield from _leaves(part)
    else:
        yield asked


def _joined(asked: Asked, found: Mapping[Asked, Judged]) -> Judged:
    if not isinstance(asked, Joined):
        return found[asked]
    parts = [_joined(part, found) for part in asked.parts]
    check_at = np.stack([part.check_at for part in parts]).min(axis=0)
    match asked.how:
        case "all":
            return Judged(np.logical_and.reduce([part.holds for part in parts]), check_at)
        case "any":
            return Judged(np.logical_or.reduce([part.holds for part in parts]), check_at)
        case "not":
            return Judged(np.logical_not(parts[0].holds), check_at)


def _answers(
    world: World, leaves: Sequence[Known | Since], enrolments: Sequence[Enrolment], now: Instant
) -> list[Judged]:
    """Return the answer to each leaf, of all enrolments: one statement over the facts."""
    people = np.asarray([each.person for each in enrolments], np.int64)
    everybody, place = np.unique(people, return_inverse=True)
    among = grouping.standing_segments(world)
    terms: dict[str, Term] = {}
    for number, leaf in enumerate(leaves):
        terms |= _terms(leaf, number, among)
    statement = compiler.columns(terms, as_of=now)
    tables = statement.tables | {"touched": touched(everybody)}
    rows = world.facts.read(statement.sql, statement.parameters, tables).sort_by("person")
    there = np.searchsorted(everybody, rows["person"].to_numpy())

    def column(name: str, absent: int) -> Instants:
        values = np.full(len(everybody), absent, np.int64)
        values[there] = rows[name].cast("int64").fill_null(absent).to_numpy()
        return np.asarray(values[place], np.int64)

    answers = []
    for number, leaf in enumerate(leaves):
        check_at = column(f"next_{number}", NEVER)
        if isinstance(leaf, Known):
            answers.append(Judged(column(f"holds_{number}", 0) > 0, check_at))
        else:
            last = column(f"last_{number}", -NEVER)
            answers.append(Judged(_since(world, leaf, last, enrolments, now), check_at))
    return answers


def _terms(leaf: Known | Since, number: int, among: Sequence[Segment]) -> dict[str, Term]:
    if isinstance(leaf, Known):
        truth = member(resolved(Segment("condition", leaf.condition), among))
        return {f"holds_{number}": truth, f"next_{number}": next_change(truth)}
    last = Last(rows_of(leaf.did))
    return {f"last_{number}": last, f"next_{number}": next_change(Compare(last, "exists"))}


def _since(
    world: World, leaf: Since, last: Instants, enrolments: Sequence[Enrolment], now: Instant
) -> Mask:
    """Return whose last such event came after her start; at one instant, the log's order tells."""
    if leaf.start == "step":
        return last > np.asarray([each.since for each in enrolments], np.int64)
    start = np.asarray([each.entered_at for each in enrolments], np.int64)
    holds = last > start
    for at in np.flatnonzero(last == start).tolist():
        holds[at] = _after_cause(world, leaf.did, enrolments[at], now)
    return holds


def _after_cause(world: World, did: Did, enrolment: Enrolment, now: Instant) -> bool:
    """Return whether she did it at the very instant of her entry, after what made her enter."""
    term = Last(rows_of(did))
    query = behind(term, enrolment.person, as_of=now, limit=SAME_INSTANT)
    if query is None:
        return False
    rows = world.facts.read(query.sql, query.parameters, query.tables)
    pairs = zip(rows["at"].to_pylist(), rows["position"].to_pylist(), strict=True)
    return any(at == enrolment.entered_at and place > enrolment.cause for at, place in pairs)
