"""Why one person is, or is not, in a segment: every condition with its value and its evidence."""

from __future__ import annotations

from collections import abc
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any as Anything
from typing import Final

import msgspec

from tailorbird import durations
from tailorbird.errors import UsageError
from tailorbird.ports import Facts
from tailorbird.schema import DAY, SECOND, Instant, PersonId, Position, Scalar
from tailorbird.segments import compile as compiler
from tailorbird.segments import operands
from tailorbird.segments.conditions import (
    Answered,
    Condition,
    DateIs,
    Did,
    Has,
    InSegment,
    Measured,
    Moment,
    OnList,
    PointsAre,
    Regularly,
    Scored,
    Segment,
    Sequence,
    Then,
    TraitIs,
    parts,
)
from tailorbird.segments.meaning import member, resolved, truth, value
from tailorbird.segments.meaning_events import asked_of
from tailorbird.segments.words import threshold, within_words, words
from tailorbird.traits.evidence import behind
from tailorbird.traits.expiry import next_change
from tailorbird.traits.extract import touched
from tailorbird.traits.terms import MILLION, Term

EVENTS_SHOWN: Final = 5


class Evidence(msgspec.Struct, frozen=True):
    """A row that a condition read. Of a declared trait: its name as event, its value as item."""

    position: Position
    event: str
    at: Instant
    order_id: str | None = None
    item: str | None = None


class Reason(msgspec.Struct, frozen=True):
    """One condition: its words, whether it holds, its value, what that must be, the latest rows."""

    text: str
    holds: bool
    value: Scalar = None
    threshold: str = ""
    evidence: tuple[Evidence, ...] = ()
    parts: tuple[Reason, ...] = ()


class Explanation(msgspec.Struct, frozen=True):
    """Why a person is, or is not, in a segment at an instant, and when to ask again."""

    segment: str
    version: int
    person: PersonId
    as_of: Instant
    member: bool
    next_check: Instant | None
    reason: Reason

    def lines(self) -> list[str]:
        """Return the explanation as indented lines of text."""
        answer = "is in" if self.member else "is not in"
        return [f"person {self.person} {answer} {self.segment}", *_lines(self.reason, 1)]


def explain(
    facts: Facts,
    segment: Segment,
    person: PersonId,
    among: abc.Sequence[Segment] = (),
    *,
    as_of: Instant,
) -> Explanation:
    """Return every condition with its value, its threshold, its answer and its latest events.

    Raises:
        UsageError: nobody has this number.
        DefinitionError: the segment names one that is not `among` these, or, in a circle, itself.
    """
    whole = member(resolved(segment, among))
    library = {each.name: each for each in among}
    nodes = list(_nodes(segment.condition, library))
    terms: dict[str, Term] = {"member": whole, "next_check": next_change(whole)}
    for number, condition in enumerate(nodes):
        asked = truth(resolved(Segment(segment.name, condition), among))
        terms[f"holds_{number}"] = asked
        if not _inner(condition, library):
            terms[f"value_{number}"] = value(condition)
    statement = compiler.columns(terms, as_of=as_of)
    tables = statement.tables | {"touched": touched([person])}
    rows = facts.read(statement.sql, statement.parameters, tables).to_pylist()
    if not rows:
        raise UsageError(f"nobody has the number {person}", mend="give the number of a person")
    answers = iter(range(len(nodes)))
    reason = _Explainer(facts, person, as_of, library, rows[0]).reason(segment.condition, answers)
    return Explanation(
        segment.name,
        segment.version,
        person,
        as_of,
        rows[0]["member"],
        rows[0]["next_check"],
        reason,
    )


class _Explainer:
    """Walks the tree in the order in which its conditions were numbered."""

    def __init__(
        self,
        facts: Facts,
        person: PersonId,
        as_of: Instant,
        library: dict[str, Segment],
        row: dict[str, Anything],
    ) -> None:
        self._facts, self._person, self._as_of = facts, person, as_of
        self._library, self._row = library, row

    def reason(self, condition: Condition, numbers: Iterator[int]) -> Reason:
        number = next(numbers)
        inner = _inner(condition, self._library)
        holds = bool(self._row[f"holds_{number}"])
        if inner:
            explained = tuple(self.reason(each, numbers) for each in inner)
            return Reason(words(condition), holds, parts=explained)
        return Reason(
            words(condition),
            holds,
            _shown(condition, self._row[f"value_{number}"]),
            _threshold(condition),
            self._evidence(condition),
        )

    def _evidence(self, condition: Condition) -> tuple[Evidence, ...]:
        statement = behind(truth(condition), self._person, as_of=self._as_of, limit=EVENTS_SHOWN)
        if statement is None:
            return ()
        rows = self._facts.read(statement.sql, statement.parameters, statement.tables).to_pylist()
        return tuple(Evidence(**row) for row in rows)


def _nodes(condition: Condition, library: dict[str, Segment]) -> Iterator[Condition]:
    yield condition
    for part in _inner(condition, library):
        yield from _nodes(part, library)


def _inner(condition: Condition, library: dict[str, Segment]) -> tuple[Condition, ...]:
    if isinstance(condition, InSegment):
        return (library[condition.segment].condition,)
    return parts(condition)


def _threshold(condition: Condition) -> str:
    match condition:
        case Did(moment=Moment() as moment):
            return "is" + within_words(moment)
        case Did():
            return threshold(asked_of(condition))
        case TraitIs(_, comparison) | DateIs(_, _, comparison) | Scored(_, comparison):
            return threshold(comparison)
        case Has(_, wanted, every):
            return f"is {len(wanted) if every else 1} of {len(wanted)}"
        case Answered(times=asked) | PointsAre(comparison=asked):
            return threshold(asked)
        case Regularly(periods=periods, in_at_least=some):
            return f"is at least {some or periods}"
        case Then() | Sequence() | OnList():
            return "is known"
        case _:
            return "is 0"


def _shown(condition: Condition, value: Scalar) -> Scalar:
    """Return a stored value as the author would write it."""
    if not isinstance(value, int) or isinstance(value, bool):
        return value
    match condition:
        case Then() | Sequence() | OnList() | Did(moment=Moment()):
            return _iso(value)
        case PointsAre():
            return value / MILLION
        case Did(measured=Measured(measure, of)):
            millionths = operands.kind_of_measure(measure, of) == "millionths"
            return value / MILLION if millionths else value
        case Scored():
            return value / MILLION
        case TraitIs(name, comparison):
            kind = operands.kind_of_comparison(name, comparison.op, comparison.operands)
            if kind in ("instant", "day"):
                return _iso(value) if kind == "instant" else _iso(value * DAY)[:10]
            return value / MILLION if kind == "millionths" else value
        case DateIs(_, "ago" | "ahead"):
            return durations.written(value - value % SECOND)
        case _:
            return value


def _iso(instant: Instant) -> str:
    moment = datetime.fromtimestamp(instant / 1_000_000, UTC)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _lines(reason: Reason, depth: int) -> list[str]:
    mark = "yes" if reason.holds else "no "
    value = f": {reason.value}" if reason.threshold and reason.value is not None else ""
    lines = [f"{'  ' * depth}{mark} {reason.text}{value}"]
    for each in reason.evidence:
        what = " ".join(part for part in (each.event, each.order_id, each.item) if part)
        lines.append(f"{'  ' * (depth + 2)}{_iso(each.at)} {what}")
    return lines + [line for part in reason.parts for line in _lines(part, depth + 1)]
