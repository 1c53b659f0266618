"""When each person orders next: by everybody's rhythm, her own, or how she buys; judged in days."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

import msgspec
import numpy as np

from tailorbird.errors import ModelError
from tailorbird.model_cards import Measure, ModelCard, only_people
from tailorbird.predict import measures
from tailorbird.predict.buyer import HISTORY, histories_of
from tailorbird.predict.buying import AnyBuying, BgNbd, Histories, bg_nbd
from tailorbird.predict.heads import read_head
from tailorbird.predict.propensity import PERSON, Floats
from tailorbird.predict.rhythm import rhythmic, typical, usual
from tailorbird.schema import DAY, Instant
from tailorbird.traits.registry import words as trait_words

if TYPE_CHECKING:
    import pyarrow as pa

HEAD: Final = "next_order.json"
Way: TypeAlias = Literal["everybody's rhythm", "own rhythm", "bg_nbd"]
NAIVE: Final[Way] = "everybody's rhythm"
WAYS: Final[tuple[Way, ...]] = get_args(Way)
LEAST_ORDERS: Final = 50
"""Fewer orders in a window tell nothing of errors in days."""
LIKELY: Final = 0.5
"""Who is less likely than this to order within a year has no next order."""
YEAR: Final = 365.0
TAIL: Final = 0.1
"""Before the lower and after the upper end of what is said lies a tenth of the orders each."""
ERROR: Final = "days off"

Features: TypeAlias = "Callable[[Instant], pa.Table]"
Firsts: TypeAlias = "Callable[[Instant, Instant], pa.Table]"
"""The first order (`person`, `days` after the first instant) of whoever ordered between the two."""


class NextOrder(msgspec.Struct, frozen=True):
    """Which way serves, and what it knows of everybody."""

    way: Way
    typical: float
    """Days between two orders of whoever is in the middle."""
    buying: AnyBuying | None
    trained_at: Instant

    @property
    def reads(self) -> tuple[str, ...]:
        """Return the traits that it reads."""
        return HISTORY

    def waits(self, of: Histories) -> Floats:
        """Return in how many days each is expected to order, if she does."""
        return _waits(self.way, of, self.typical, self.buying)

    def score(self, features: pa.Table) -> pa.Table:
        """Return person, days, low and high, of those who are likely to order within a year.

        A fifth of those who order do so outside of low to high.
        """
        import pyarrow as pa

        of = histories_of(features)
        chance = np.ones(len(of)) if self.buying is None else 1 - self.buying.none(of, YEAR)
        days = self.waits(of)
        low, high = self._interval(of, days)
        told = {"low": low, "high": high, "top_reason": self.words(features)}
        table = pa.table({PERSON: features[PERSON], "days": days, **told})
        return table.filter(pa.array(chance >= LIKELY))

    def words(self, features: pa.Table) -> list[str]:
        """Return by what each person's next order is told: the wait so far, and the usual one."""
        of = histories_of(features)
        usually = np.full(len(of), self.typical)
        if self.way == "own rhythm":
            usually = usual(of, self.typical)
        rows = zip(
            (of.repeats + 1).tolist(),
            of.seen.tolist(),
            (of.seen - of.last).tolist(),
            usually.tolist(),
            strict=True,
        )
        return [_by_what(self.way, *row) for row in rows]

    def files(self) -> dict[str, bytes]:
        """Return what `load` reads: one JSON file."""
        return {HEAD: msgspec.json.encode(self)}

    def _interval(self, of: Histories, days: Floats) -> tuple[Floats, Floats]:
        """Return the tenths at both ends, as waits of a person's own rate spread around days."""
        rate = (of.repeats + 0.5, of.seen + self.typical)
        if isinstance(self.buying, BgNbd):
            rate = (self.buying.r + of.repeats, self.buying.alpha + of.seen)
        spread = _quantile(*rate, 0.5)
        low, high = (_quantile(*rate, at) / spread for at in (TAIL, 1 - TAIL))
        return days * low, days * high


def _by_what(way: Way, orders: float, seen: float, quiet: float, usually: float) -> str:
    since = trait_words("recency_days", round(quiet))
    if way == "bg_nbd":
        return f"{since}, and {trait_words('orders', round(orders))} in {_days(seen)}"
    whose = "between two orders" if way == "own rhythm" else "between two orders of everybody"
    return f"{since}, and usually {_days(usually)} {whose}"


def _days(number: float) -> str:
    return "1 day" if round(number) == 1 else f"{number:,.0f} days"


def judge_next(
    features: Features, firsts: Firsts, *, now: Instant, horizon_days: int, seed: int, name: str
) -> tuple[NextOrder, ModelCard]:
    """Return what says when people order next, and the card that judges it.

    The way is chosen on the window before the last and judged on the last: by how many days it is
    off, of those who ordered in the window. Unless it is clearly nearer than everybody's rhythm
    (the 95 % interval of the difference is below zero), that serves.
    """
    span = horizon_days * DAY
    windows = [(now - span, now), (now - 2 * span, now - span)]
    test, before = (_window(features, firsts, *each) for each in windows)
    everything = _known(histories_of(features(now)))
    fewest = min(len(test[1]), len(before[1]))
    if fewest < LEAST_ORDERS:
        why = (
            f"{only_people(fewest)} ordered in a window of {horizon_days} days, {LEAST_ORDERS} are "
            f"needed: {NAIVE} serves."
        )
        card = _card(name, now, horizon_days, len(test[1]), (), why)
        if not rhythmic(histories_of(features(now))):
            why = f"{why} Nobody ordered twice, so there is none: nobody is scored."
            card = msgspec.structs.replace(card, scores=False, why=why)
        return NextOrder(NAIVE, *everything, now), card
    errors = {way: float(_off(way, before, horizon_days).mean()) for way in WAYS}
    way = min(WAYS, key=lambda each: errors[each])
    found = _measured(way, test, horizon_days, np.random.default_rng(seed))
    serves = way != NAIVE and found.high < 0
    served = way if serves else NAIVE
    verdict = "It is clearly nearer" if serves else f"It is not clearly nearer, so {NAIVE} serves"
    why = (
        f"{verdict}: {found.model:.1f} days off by {way} against {found.naive:.1f} "
        f"({found.interval(1)})."
    )
    card = _card(name, now, horizon_days, len(test[1]), (found,), why)
    card = msgspec.structs.replace(card, serves=serves, algorithm=way, parameters={
        "rule": served, "horizon_days": horizon_days, "settings": "", "seed": seed,
    })  # fmt: skip
    return NextOrder(served, *everything, now), card


def load(files: Mapping[str, bytes]) -> NextOrder:
    """Return the model whose `files()` these are.

    Raises:
        ModelError: the file is missing or damaged.
    """
    return read_head(files, HEAD, NextOrder, "when people order")


def _known(of: Histories) -> tuple[float, AnyBuying | None]:
    """Return what everybody's histories tell: the typical gap, and how they buy if they do."""
    try:
        return typical(of, YEAR), bg_nbd(of)[0]
    except ModelError:
        return typical(of, YEAR), None


def _window(
    features: Features, firsts: Firsts, after: Instant, until: Instant
) -> tuple[Histories, Floats, tuple[float, AnyBuying | None]]:
    """Return the histories of those who ordered in a window, after how many days, and the rest."""
    table, came = features(after), firsts(after, until)
    everybody = histories_of(table)
    order = {person: at for at, person in enumerate(table[PERSON].to_pylist())}
    pairs = [
        (order[person], days)
        for person, days in zip(came[PERSON].to_pylist(), came["days"].to_pylist(), strict=True)
        if person in order
    ]
    places = np.array([at for at, _ in pairs], np.int64)
    return everybody.take(places), np.array([days for _, days in pairs]), _known(everybody)


def _off(
    way: Way,
    window: tuple[Histories, Floats, tuple[float, AnyBuying | None]],
    horizon_days: int,
) -> Floats:
    of, days, known = window
    return np.abs(np.clip(_waits(way, of, *known), 0, horizon_days) - days)


def _waits(way: Way, of: Histories, everybody: float, buying: AnyBuying | None) -> Floats:
    quiet = of.seen - of.last
    if way == "bg_nbd" and buying is not None:
        return _quantile(buying.r + of.repeats, buying.alpha + of.seen, 0.5)
    gap = np.full(len(of), everybody) if way == NAIVE else usual(of, everybody)
    # Who is overdue is as likely to come at any time of her gap: half of it on average.
    return np.where(quiet < gap, gap - quiet, gap / 2)


def _quantile(often: Floats, within: Floats, share: float) -> Floats:
    """Return the wait by which this share has ordered, of a rate of gamma(often, within)."""
    return np.asarray(within * np.expm1(-np.log1p(-share) / np.maximum(often, 0.05)))


def _measured(
    way: Way,
    test: tuple[Histories, Floats, tuple[float, AnyBuying | None]],
    horizon_days: int,
    rng: np.random.Generator,
) -> Measure:
    ours, theirs = _off(way, test, horizon_days), _off(NAIVE, test, horizon_days)
    gain = ours - theirs
    low, high = measures.interval(measures.mean(gain), len(gain), rng)
    return Measure(ERROR, float(ours.mean()), float(theirs.mean()), NAIVE, low, high)


def _card(
    name: str, now: Instant, days: int, people: int, found: tuple[Measure, ...], why: str
) -> ModelCard:
    span = days * DAY
    return ModelCard(
        name=name,
        kind="next_order",
        version=0,
        trained_at=now,
        train_window=(now - 2 * span, now),
        test_window=(now - span, now),
        people=people,
        features=HISTORY,
        parameters={"rule": NAIVE, "horizon_days": days, "settings": "", "seed": 0},
        measures=found,
        serves=False,
        why=why,
    )
