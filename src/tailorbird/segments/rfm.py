"""Recency, frequency and money in quintiles whose thresholds are frozen, and cells with names.

At a calibration the customers of that instant are put in order three times, and the values at which
a fifth of them ends are kept. Between calibrations a score is a pure function of the log: whoever
grows older by time alone changes her cell at that very instant.

Equal values get equal scores, the lower of those that they span; then a score may stand for nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec
import numpy as np

from tailorbird.errors import DefinitionError
from tailorbird.ports import Facts
from tailorbird.schema import Instant, PersonId
from tailorbird.segments.conditions import Comparison, Condition, TraitIs
from tailorbird.segments.groups import Group, Groups
from tailorbird.segments.staircase import Level, all_of, between, one_of
from tailorbird.traits.registry import TRAITS
from tailorbird.traits.table import table
from tailorbird.traits.terms import MILLION

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    Numbers = npt.NDArray[np.int64]

FIFTHS: Final = 5
FEWEST: Final = 50
"""Of fewer customers no thresholds are taken."""
Span: TypeAlias = tuple[int, int]
PARTS: Final = ("recency", "frequency", "money")


class Cell(msgspec.Struct, frozen=True):
    """Customers with these scores. `value` is the mean of frequency and money, halves upwards."""

    name: str
    recency: Span
    value: Span


CELLS: Final = (
    Cell("champions", (4, 5), (4, 5)),
    Cell("cannot-lose", (1, 1), (4, 5)),
    Cell("at-risk", (1, 2), (3, 5)),
    Cell("needs-attention", (3, 3), (2, 3)),
    Cell("loyal", (3, 5), (3, 5)),
    Cell("potential-loyalists", (4, 5), (2, 2)),
    Cell("new", (5, 5), (1, 1)),
    Cell("promising", (4, 4), (1, 1)),
    Cell("about-to-sleep", (3, 3), (1, 1)),
    Cell("lost", (1, 1), (1, 1)),
    Cell("hibernating", (1, 2), (1, 2)),
)
"""The usual eleven, as a list: of two that fit the first counts, and one of them always fits."""
REST: Final = "no-orders"


class Rfm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which traits are scored, into which cells, and how often the thresholds are taken anew."""

    recency: str = "recency_days"
    frequency: str = "orders"
    money: str = "revenue_minor"
    cells: tuple[Cell, ...] = CELLS
    every: str = "30d"
    at_least: int = FEWEST

    @property
    def traits(self) -> tuple[str, str, str]:
        """Return the traits that are scored: recency, frequency, money."""
        return (self.recency, self.frequency, self.money)


class Calibration(msgspec.Struct, frozen=True):
    """Thresholds as taken at an instant from so many customers.

    A score is 1 and one more for each threshold that the value passes: below it in days, above it
    in orders and money. `scores` says how many customers had each score then.
    """

    groups: str
    traits: tuple[str, str, str]
    at: Instant
    people: int
    recency: tuple[int, int, int, int]
    frequency: tuple[int, int, int, int]
    money: tuple[int, int, int, int]
    scores: dict[str, tuple[int, int, int, int, int]]

    def score(self, recency: Numbers, frequency: Numbers, money: Numbers) -> Numbers:
        """Return the three scores of each customer, as an array of three rows."""
        return np.stack(
            [
                scored(-recency, [-days for days in self.recency]),
                scored(frequency, self.frequency),
                scored(money, self.money),
            ]
        )


def check(rfm: Rfm, where: str) -> None:
    """Check that the traits are numbers and that one of the cells always fits.

    Raises:
        DefinitionError: with the mend.
    """
    for name in rfm.traits:
        trait = TRAITS.get(name)
        if trait is None or trait.type not in ("integer", "millionths"):
            what = f"the trait {name!r} is no computed number"
            raise DefinitionError(what, where=where, mend="name one such as orders")
    if TRAITS[rfm.recency].unit != "days":
        what = f"{rfm.recency!r} is no age in days"
        raise DefinitionError(what, where=where, mend="write `recency: recency_days`")
    for recency in range(1, FIFTHS + 1):
        for value in range(1, FIFTHS + 1):
            if cell_of(rfm.cells, recency, value) is None:
                what = f"no cell holds recency {recency} with value {value}"
                raise DefinitionError(what, where=where, mend="widen one of the cells")


def cell_of(cells: tuple[Cell, ...], recency: int, value: int) -> str | None:
    """Return the first cell that holds these scores.

    >>> cell_of(CELLS, 5, 4), cell_of(CELLS, 1, 1)
    ('champions', 'lost')
    """
    for cell in cells:
        if _within(recency, cell.recency) and _within(value, cell.value):
            return cell.name
    return None


def calibrate(facts: Facts, name: str, rfm: Rfm, *, now: Instant) -> Calibration | None:
    """Return the thresholds of this instant, None where there are too few customers."""
    found = table(facts, list(dict.fromkeys(rfm.traits)), as_of=now)
    customers = found.filter(found[rfm.recency].is_valid())
    if customers.num_rows < max(rfm.at_least, FIFTHS):
        return None
    days, orders, money = (
        np.asarray(customers[each].fill_null(0).to_numpy(), np.int64) for each in rfm.traits
    )
    ends = [_ends(each) for each in (-days, orders, money)]
    scores = {
        name: _counted(scored(column, end))
        for name, column, end in zip(PARTS, (-days, orders, money), ends, strict=True)
    }
    return Calibration(
        name,
        rfm.traits,
        now,
        customers.num_rows,
        _four([-end for end in ends[0]]),
        _four(ends[1]),
        _four(ends[2]),
        scores,
    )


def scores(
    facts: Facts,
    rfm: Rfm,
    frozen: Calibration,
    *,
    as_of: Instant,
    people: Sequence[PersonId] | None = None,
) -> pa.Table:
    """Return person, the three scores and the cell of each customer, in order of person."""
    import pyarrow as pa

    found = table(facts, list(dict.fromkeys(rfm.traits)), as_of=as_of, people=people)
    customers = found.filter(found[rfm.recency].is_valid())
    three = frozen.score(
        *(np.asarray(customers[each].fill_null(0).to_numpy(), np.int64) for each in rfm.traits)
    )
    value = (three[1] + three[2] + 1) // 2
    names = [
        cell_of(rfm.cells, *each) for each in zip(three[0].tolist(), value.tolist(), strict=True)
    ]
    columns = dict(zip(PARTS, three, strict=True))
    cells = pa.array(names, pa.string())
    return pa.table({"person": customers["person"], **columns, "cell": cells})


def groups_of(
    name: str, rfm: Rfm, calibration: Calibration, *, description: str = "", version: int = 0
) -> Groups:
    """Return the cells as exclusive groups; who never bought is in none of them."""
    return Groups(
        name,
        tuple(
            Group(cell.name, _condition(rfm, calibration, cell), _told(cell)) for cell in rfm.cells
        ),
        REST,
        description,
        version,
        apart=True,
        left=TraitIs(rfm.recency, Comparison("missing")),
    )


def scored(values: Numbers, thresholds: tuple[int, ...] | list[int]) -> Numbers:
    """Return 1 and one more for each threshold that a value passes."""
    return 1 + np.searchsorted(np.array(thresholds, np.int64), values, side="left")


def _ends(values: Numbers) -> list[int]:
    """Return the values at which the first four fifths end, in ascending order."""
    ordered = np.sort(values)
    places = [-(-len(ordered) * fifth // FIFTHS) - 1 for fifth in range(1, FIFTHS)]
    return [int(ordered[place]) for place in places]


def _counted(scores: Numbers) -> tuple[int, int, int, int, int]:
    counts = np.bincount(scores, minlength=FIFTHS + 1)[1 : FIFTHS + 1]
    return (int(counts[0]), int(counts[1]), int(counts[2]), int(counts[3]), int(counts[4]))


def _four(ends: list[int]) -> tuple[int, int, int, int]:
    return (ends[0], ends[1], ends[2], ends[3])


def _within(score: int, bounds: Span) -> bool:
    return bounds[0] <= score <= bounds[1]


def _condition(rfm: Rfm, calibration: Calibration, cell: Cell) -> Condition:
    squares = _squares(rfm.cells, cell.name)
    return one_of([_square(rfm, calibration, *square) for square in squares])


def _squares(cells: tuple[Cell, ...], name: str) -> list[tuple[Span, Span]]:
    """Return what earlier cells leave to a cell: spans of recency with spans of value."""
    rows: dict[Span, list[int]] = {}
    for recency in range(1, FIFTHS + 1):
        values = [v for v in range(1, FIFTHS + 1) if cell_of(cells, recency, v) == name]
        for span in _spans(values):
            rows.setdefault(span, []).append(recency)
    return [(recency, value) for value, each in rows.items() for recency in _spans(each)]


def _spans(numbers: list[int]) -> list[Span]:
    """Return the runs of ascending numbers that have no gap."""
    spans: list[Span] = []
    for number in numbers:
        if spans and spans[-1][1] == number - 1:
            spans[-1] = (spans[-1][0], number)
        else:
            spans.append((number, number))
    return spans


def _square(rfm: Rfm, calibration: Calibration, recency: Span, value: Span) -> Condition:
    recent = [TraitIs(rfm.recency, Comparison("exists"))]
    low, high = recency
    if low > 1:
        recent = [TraitIs(rfm.recency, Comparison("<", (calibration.recency[low - 2],)))]
    if high < FIFTHS:
        recent.append(TraitIs(rfm.recency, Comparison(">=", (calibration.recency[high - 1],))))
    parts = (
        _levels(rfm.frequency, calibration.frequency),
        _levels(rfm.money, calibration.money),
    )
    least, most = value
    # The mean of two scores, halves upwards, is at least v when they add up to 2v - 1.
    sums = between(parts, 2 * least - 1, 2 * most if most < FIFTHS else None)
    return all_of([*recent, sums])


def _levels(trait: str, thresholds: tuple[int, ...]) -> list[Level]:
    """Return each score that somebody can have, and what reaches it."""
    levels: list[Level] = [(1, None)]
    millionths = TRAITS[trait].type == "millionths"
    for threshold in dict.fromkeys(thresholds):
        score = 1 + sum(each <= threshold for each in thresholds)
        operand = threshold / MILLION if millionths else threshold
        levels.append((score, TraitIs(trait, Comparison(">", (operand,)))))
    return levels


def _told(cell: Cell) -> str:
    def span(bounds: Span) -> str:
        low, high = bounds
        return str(low) if low == high else f"{low} to {high}"

    return f"Recency {span(cell.recency)}, frequency and money {span(cell.value)} of 5"
