"""Proves a recommender on the last windows: its report, and what its scores are worth.

Three windows as in `judge`: the scores are calibrated on the one before the last, and report and
calibration are judged on the last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from tailorbird.model_cards import Measure, ModelCard, only_people
from tailorbird.recommend import calibration, like_people, report
from tailorbird.recommend.calibration import Calibration
from tailorbird.recommend.content_based import Described, describe
from tailorbird.recommend.interactions import Flags, Interactions, Ints, encode, with_catalogue
from tailorbird.recommend.links import Links
from tailorbird.recommend.parameters import OWN_REPEAT, POPULARITY, Parameters
from tailorbird.recommend.recommender import Recommender, train
from tailorbird.recommend.report import DEPTH, LEAST_PEOPLE, Bought, Judged, Report
from tailorbird.recommend.tuning import MOST_TUNED, Window, window
from tailorbird.schema import DAY, Instant, Names

if TYPE_CHECKING:
    import pyarrow as pa

MOST_JUDGED: Final = 3_000
MOST_SHOWN: Final = 4_000
"""People of whom a calibration window asks what they would have been shown."""
SHOWN: Final = 6
"""Products that each of them would have been shown."""
NAIVE: Final[Mapping[str, Parameters]] = {"own repeat": OWN_REPEAT, "popularity": POPULARITY}
ERROR: Final = "recommendation_score calibration error"


@dataclass(frozen=True, slots=True)
class Proof:
    """What is kept beside a recommender: its report, and what its scores are worth."""

    report: Report
    calibration: Calibration | None

    def files(self) -> dict[str, bytes]:
        """Return what is kept among the model's files."""
        found = {report.FILE: msgspec.json.encode(self.report)}
        if self.calibration is not None:
            found[calibration.FILE] = msgspec.json.encode(self.calibration)
        return found

    def noted(self, card: ModelCard) -> ModelCard:
        """Return a card that also says how far the scores' probabilities are from the truth."""
        found = self.calibration
        if found is None or not found.test_shown:
            return card
        gap = found.error - found.error_of_rate
        measure = Measure(ERROR, found.error, found.error_of_rate, "one rate for all", gap, gap)
        return msgspec.structs.replace(card, measures=(*card.measures, measure))


def prove(
    model: Recommender,
    interactions: pa.Table,
    items: pa.Table | None = None,
    *,
    now: Instant,
    horizon_days: int = 30,
    seed: int = 0,
    groups: pa.Table | None = None,
    windows: Sequence[Window] = (),
) -> Proof:
    """Return what a recommender of these parameters was worth, and the worth of its scores.

    `groups` (person, group) says whose popularity people without a history are shown, where it won
    on the window before; they are judged apart. `windows` are those by which it was judged, of the
    same interactions: what they have learnt is not learnt again.
    """
    rng, horizon = np.random.default_rng(seed), horizon_days * DAY
    middle, last = now - 2 * horizon, now - horizon
    items, coded = with_catalogue(items, encode(interactions))
    days = model.parameters.popular_half_life_days
    like = like_people.judged(coded, groups, (middle, last), days, seed)
    past = _Past(coded, items, like.groups, seed, describe(items, coded.items), windows)
    bought, test = _purchases(interactions), past.like(model, last, horizon)
    buyers, strangers = _buyers(bought, _known(_until(interactions, last)), (last, now), rng)
    if len(buyers) < LEAST_PEOPLE:
        return Proof(Report(last, now, len(buyers), (), _too_few(len(buyers), horizon_days)), None)
    lists = {"": _lists(test, buyers, last), **_naive_lists(past, buyers, last)}
    targets = bought.between(last, now)
    sections = Judged(targets, lists, buyers, bought, last, rng).sections()
    new = {"": _lists(test, strangers, last, past.of), "popularity": _lists(test, strangers, last)}
    sections += Judged(targets, new, strangers, bought, last, rng).newcomers()
    before = past.like(model, middle, horizon)
    if model.second and not (before.second and test.second):
        return Proof(Report(last, now, len(buyers), tuple(sections), _FIRST_ALONE), None)
    scores = _calibrated(before, test, interactions, bought, (middle, last, now), rng)
    return Proof(Report(last, now, len(buyers), tuple(sections)), scores)


def _too_few(buyers: int, horizon_days: int) -> str:
    why = f"{only_people(buyers).lower()} with a history bought in the last {horizon_days} days"
    return f"{why}; {LEAST_PEOPLE} are needed"


_FIRST_ALONE: Final = (
    "too few people bought earlier to judge the second stage: without probabilities"
)


# -- the windows ----------------------------------------------------------------------------------


def _purchases(interactions: pa.Table) -> Bought:
    import pyarrow.compute as pc

    some = interactions.filter(
        pc.and_(pc.equal(interactions["kind"], Names.PURCHASE), pc.is_valid(interactions["person"]))
    )
    return Bought(
        some["person"].to_numpy(), some["item"].to_pylist(), some["at"].cast("int64").to_numpy()
    )


def _until(interactions: pa.Table, until: Instant) -> pa.Table:
    import pyarrow.compute as pc

    return interactions.filter(pc.less_equal(interactions["at"].cast("int64"), until))


def _known(past: pa.Table) -> Ints:
    """Return who had done anything."""
    return np.unique(past["person"].drop_null().to_numpy())


def _buyers(
    bought: Bought, known: Ints, window: tuple[Instant, Instant], rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Return who bought in a window: of the known and of strangers, `MOST_JUDGED` of each."""
    after, until = window
    people = np.unique(bought.person[(bought.at > after) & (bought.at <= until)])
    return (
        _drawn(np.intersect1d(people, known), MOST_JUDGED, rng),
        _drawn(np.setdiff1d(people, known), MOST_JUDGED, rng),
    )


def _drawn(people: Ints, most: int, rng: np.random.Generator) -> Ints:
    return people if len(people) <= most else np.sort(rng.choice(people, most, replace=False))


@dataclass(frozen=True, slots=True)
class _Past:
    """What recommenders are fit on, as of any instant."""

    coded: Interactions
    items: pa.Table | None
    groups: pa.Table | None
    seed: int
    said: Described
    windows: Sequence[Window]

    def fit(self, parameters: Parameters, now: Instant) -> Recommender:
        return train(
            self.coded, self.items, now=now, seed=self.seed, parameters=parameters,
            groups=self.groups, said=self.said, known=self._links(parameters, now),
        )  # fmt: skip

    def _links(self, parameters: Parameters, now: Instant) -> Links | None:
        """Return what a window that begins at an instant has learnt; None where there is none."""
        found = next((each for each in self.windows if each.after == now), None)
        return found.links(parameters) if found else None

    def like(self, model: Recommender, now: Instant, horizon: int) -> Recommender:
        """Return a model of these parameters, with a second stage where the other has one."""
        made = self.fit(model.parameters, now)
        if model.second is None:
            return made
        rng, begins = np.random.default_rng(self.seed), now - horizon
        earlier = window(self.coded, begins, now, MOST_TUNED, rng, self.said)
        return made.reordered_by(earlier.second_stage(model.parameters, rng))

    @property
    def of(self) -> dict[int, str]:
        """Return each person's group."""
        if self.groups is None:
            return {}
        columns = (self.groups[name].to_pylist() for name in ("person", "group"))
        return {person: group for person, group in zip(*columns, strict=True) if group}


def _lists(
    model: Recommender, people: Ints, now: Instant, groups: Mapping[int, str] | None = None
) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    if not len(people):
        return found
    top = model.top(people.tolist(), DEPTH, now=now, groups=groups)
    pairs = zip(top["person"].to_pylist(), top["item"].to_pylist(), strict=True)
    for person, item in pairs:
        found.setdefault(person, []).append(item)
    return found


def _naive_lists(past: _Past, people: Ints, now: Instant) -> dict[str, dict[int, list[str]]]:
    fitted = {rule: past.fit(parameters, now) for rule, parameters in NAIVE.items()}
    return {rule: _lists(model, people, now) for rule, model in fitted.items()}


# -- probabilities --------------------------------------------------------------------------------


def _calibrated(
    before: Recommender,
    test: Recommender,
    interactions: pa.Table,
    bought: Bought,
    windows: tuple[Instant, Instant, Instant],
    rng: np.random.Generator,
) -> Calibration | None:
    """Return probabilities learnt on the first window and judged on the second."""
    middle, last, until = windows
    learnt = calibration.fit(
        *_shown(before, interactions, bought, (middle, last), rng), (last - middle) // DAY
    )
    if learnt is None:
        return None
    found = calibration.judged(learnt, *_shown(test, interactions, bought, (last, until), rng))
    return found if found.helps else _one_rate(found)


def _one_rate(found: Calibration) -> Calibration:
    """Return a calibration that says the same of everything: it was not worse than the other."""
    width = len(found.weights)
    odds = np.log(max(found.rate, 1e-6) / max(1 - found.rate, 1e-6))
    return msgspec.structs.replace(
        found,
        weights=(float(odds), *[0.0] * (width - 1)),
        centre=(0.0,) * width,
        scale=(1.0,) * width,
        knots=(),
        error=found.error_of_rate,
        log_loss=found.log_loss_of_rate,
    )


def _shown(
    model: Recommender,
    interactions: pa.Table,
    bought: Bought,
    window: tuple[Instant, Instant],
    rng: np.random.Generator,
) -> tuple[calibration.Shown, Flags]:
    """Return what people with a history would have been shown, and whether they bought it."""
    after, until = window
    past = _until(interactions, after)
    people = _drawn(_known(past), MOST_SHOWN, rng)
    top = model.top(people.tolist(), SHOWN, now=after)
    targets = bought.between(after, until)
    pairs = zip(top["person"].to_pylist(), top["item"].to_pylist(), strict=True)
    hit = np.array([item in targets.get(person, ()) for person, item in pairs], dtype=bool)
    return calibration.shown(top, past, after), hit
