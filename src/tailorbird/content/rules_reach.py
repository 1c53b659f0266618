"""Rules that nobody can reach: no person fits them, or those above take everybody whom they fit.

Each condition is a test of one subject: a trait, the age of an event, a number of products. What a
subject can be is cut where the tests differ, so a few values stand for all. A rule is reached when
some choice of values fits it, fits all rules around it and none above it. What is not understood
counts as possible: a rule is refused only when it certainly is in vain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, TypeAlias

from tailorbird.content.rule_conditions import (
    Answer,
    Condition,
    Every,
    Known,
    Opposite,
    Recommended,
    Some,
    Time,
)
from tailorbird.content.rules import Rule, Slot, in_order
from tailorbird.errors import DefinitionError

Operand: TypeAlias = str | int | float | bool
Op: TypeAlias = Literal["=", "!=", "<", "<=", ">", ">=", "in", "not in", "exists", "missing"]
_Value: TypeAlias = Operand | None
_STEPS: Final = 20_000
_ELSE: Final = "\x00another text"


@dataclass(frozen=True, slots=True)
class Question:
    """How a condition tests its subject. `whole`: only whole numbers occur; `sure`: never missing.

    A value that is missing fails every test but `missing`.
    """

    subject: str
    op: Op
    operands: tuple[Operand, ...] = ()
    whole: bool = False
    sure: bool = False

    def holds(self, value: _Value) -> bool:
        """Return whether a value passes."""
        if value is None:
            return self.op == "missing"
        match self.op:
            case "exists":
                return True
            case "missing":
                return False
            case "=" | "in":
                return value in self.operands
            case "!=" | "not in":
                return value not in self.operands
        return self._compares(value, self.operands[0])

    def _compares(self, value: Operand, operand: Operand) -> bool:
        if isinstance(value, str) != isinstance(operand, str):
            return False
        less, equal = value < operand, value == operand  # type: ignore[operator]
        match self.op:
            case "<":
                return less
            case "<=":
                return less or equal
            case ">":
                return not less and not equal
            case _:
                return not less


@dataclass(frozen=True, slots=True)
class Asks:
    """A question in a formula."""

    test: Question


@dataclass(frozen=True, slots=True)
class Fixed:
    """What is always so, or never."""

    truth: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Formulas joined by and (`every`) or by or."""

    every: bool
    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Contrary:
    """The opposite of a formula."""

    part: Formula


Formula: TypeAlias = Asks | Fixed | Group | Contrary


def check_reach(slot: Slot, answers: Sequence[Formula]) -> None:
    """Return when every rule can be reached; `answers` says what each asked condition tests.

    Raises:
        DefinitionError: with the place of the first that cannot, and why.
    """
    _check(in_order(slot.rules), (), answers)


def _check(
    rules: tuple[Rule, ...], around: tuple[Formula, ...], answers: Sequence[Formula]
) -> None:
    above: list[tuple[Rule, Formula]] = []
    for rule in rules:
        fits = _formula(rule.when, answers) if rule.when else Fixed(truth=True)
        here = (*around, fits)
        if not possible(here):
            raise _vain(rule, "nobody can fit it", "mend its conditions, or take it out")
        left = [Contrary(each) for _, each in above]
        if not possible((*here, *left)):
            raise _shadowed(rule, here, above)
        _check(rule.tried(), (*here, *left), answers)
        if rule.at_most is None:
            above.append((rule, fits))


def _shadowed(
    rule: Rule, here: tuple[Formula, ...], above: Sequence[tuple[Rule, Formula]]
) -> DefinitionError:
    alone = (one for one, fits in above if not possible((*here, Contrary(fits))))
    taker = next(alone, None)
    if taker is None:
        numbers = ", ".join(one.number for one, _ in above)
        what = f"rules {numbers} together take everybody whom it fits"
        return _vain(rule, what, "put it above them, or take it out")
    higher = taker.priority > rule.priority
    mend = "give it a higher priority" if higher else f"put it above rule {taker.number}"
    what = f"rule {taker.number} takes everybody whom it fits"
    return _vain(rule, what, f"{mend}, or take it out")


def _vain(rule: Rule, why: str, mend: str) -> DefinitionError:
    what = f"rule {rule.number} is never reached: {why}"
    return DefinitionError(what, where=rule.place, mend=mend)


def _formula(condition: Condition, answers: Sequence[Formula]) -> Formula:
    match condition:
        case Answer(number):
            return answers[number]
        case Every(conditions):
            return Group(True, tuple(_formula(each, answers) for each in conditions))
        case Some(conditions):
            return Group(False, tuple(_formula(each, answers) for each in conditions))
        case Opposite(inner):
            return Contrary(_formula(inner, answers))
        case Known(paths, least):
            return _known(paths, least)
        case Recommended(least, category):
            subject = f"recommendations {category}".strip()
            return Asks(Question(subject, ">=", (least,), whole=True, sure=True))
        case Time():
            return Group(True, tuple(_time(condition)))


def _known(paths: tuple[str, ...], least: int) -> Formula:
    parts = [
        Asks(Question(path, ">=", (1,), whole=True, sure=True))
        if path == "recommendations"
        else Asks(Question(path, "exists"))
        for path in paths
    ]
    if least == len(parts):
        return Group(True, tuple(parts))
    if least == 1:
        return Group(False, tuple(parts))
    return Asks(Question(f"{least} of {' '.join(paths)}", "=", (True,), sure=True))


def _time(asked: Time) -> Iterator[Formula]:
    if asked.weekdays:
        yield Asks(Question("weekday", "in", asked.weekdays, whole=True, sure=True))
    if asked.after:
        yield Asks(Question("clock", ">=", (asked.after,), sure=True))
    if asked.before:
        yield Asks(Question("clock", "<", (asked.before,), sure=True))
    if asked.hours:
        first, last = asked.hours
        span = range(first, last) if first < last else [*range(first, 24), *range(last)]
        yield Asks(Question("hour", "in", tuple(span), whole=True, sure=True))


# -- is it possible? ------------------------------------------------------------------------------


def possible(formulas: Sequence[Formula]) -> bool:
    """Return whether some values fulfil all formulas; also when that would take too long to say."""
    search = _Search(_values([test for each in formulas for test in _tests(each)]))
    return search.fulfils(Group(True, tuple(formulas)), {})


class _Search:
    """Tries one value of one subject after the other, and leaves what is decided alone."""

    def __init__(self, values: Mapping[str, list[_Value]]) -> None:
        self._values = values
        self._steps = _STEPS

    def fulfils(self, formula: Formula, chosen: dict[str, _Value]) -> bool:
        self._steps -= 1
        if self._steps < 0:
            return True
        truth = _truth(formula, chosen)
        if truth is not None:
            return truth
        subject = next(test.subject for test in _tests(formula) if test.subject not in chosen)
        return any(
            self.fulfils(formula, {**chosen, subject: value}) for value in self._values[subject]
        )


def _truth(formula: Formula, chosen: Mapping[str, _Value]) -> bool | None:
    """Return what a formula comes to, None while that depends on what is not chosen yet."""
    match formula:
        case Fixed(truth):
            return truth
        case Asks(test):
            return test.holds(chosen[test.subject]) if test.subject in chosen else None
        case Contrary(part):
            inner = _truth(part, chosen)
            return None if inner is None else not inner
        case Group(every, parts):
            truths = [_truth(part, chosen) for part in parts]
            if (not every) in truths:
                return not every
            return None if None in truths else every


def _tests(formula: Formula) -> Iterator[Question]:
    match formula:
        case Asks(test):
            yield test
        case Contrary(part):
            yield from _tests(part)
        case Group(_, parts):
            for part in parts:
                yield from _tests(part)


def _values(tests: Sequence[Question]) -> dict[str, list[_Value]]:
    """Return the values that stand for all that each subject can be."""
    by_subject: dict[str, list[Question]] = {}
    for test in tests:
        by_subject.setdefault(test.subject, []).append(test)
    return {subject: _cells(found) for subject, found in by_subject.items()}


def _cells(tests: Sequence[Question]) -> list[_Value]:
    operands = {operand for test in tests for operand in test.operands}
    texts = sorted(each for each in operands if isinstance(each, str))
    numbers = sorted(float(each) for each in operands if not isinstance(each, str))
    whole = any(test.whole for test in tests)
    cells: list[_Value] = [*texts]
    cells += [f"{each}\x00" for each in texts] + ["", _ELSE]
    cells += numbers
    if numbers:
        between = ((one, two) for one, two in pairwise(numbers) if not whole or two - one > 1)
        cells += [numbers[0] - 1, *((one + two) / 2 for one, two in between), numbers[-1] + 1]
    sure = any(test.sure for test in tests)
    if sure and numbers and not texts:
        cells = [each for each in cells if not isinstance(each, str)]
    return cells if sure else [*cells, None]
