"""Judges a recommender against the naive rules on a time split, and lets the winner serve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from tailorbird.model_cards import Measure, ModelCard, only_people
from tailorbird.recommend import like_people, second_trial
from tailorbird.recommend import measures as measuring
from tailorbird.recommend.content_based import Described, describe
from tailorbird.recommend.interactions import Floats, Interactions, encode, with_catalogue
from tailorbird.recommend.parameters import OWN_REPEAT, Kind, Parameters, Second
from tailorbird.recommend.recommender import Recommender, train
from tailorbird.recommend.second_trial import NOT_ASKED, Trial, Verdict
from tailorbird.recommend.tuning import (
    AT,
    DEPTH,
    MOST_JUDGED,
    MOST_TUNED,
    Tuned,
    Window,
    tune,
    window,
)
from tailorbird.schema import DAY, Instant

if TYPE_CHECKING:
    import pyarrow as pa

LEAST_PEOPLE: Final = 30
"""Known buyers that the validation and the test window need each."""
NAME: Final = "recommender"
FEATURES: Final = ("items bought, put in the cart or viewed", "when", "what everybody buys now")


def judge(
    interactions: pa.Table,
    items: pa.Table | None = None,
    *,
    now: Instant,
    horizon_days: int = 30,
    seed: int = 0,
    groups: pa.Table | None = None,
    algorithm: Kind | None = None,
    second_stage: Second = False,
) -> tuple[Recommender, ModelCard]:
    """Return a recommender fit on everything up to `now`, and the card that judges it.

    All but the last two horizons is history, the next window chooses the parameters (the naive
    rules' too), the last is the test, on people who had a history before it.
    It serves only where NDCG@10 surely beats own repeats and popularity; else the better rule does.
    `algorithm` forces a kind of model, which has to win all the same. With `second_stage`
    lambdarank reorders where it surely beats the first ranking on the test; with `auto` only where
    one learnt before surely did so on the second window, too. Strangers of one of the `groups`
    (person, group) are shown what sells there where that surely beats what sells to everybody.

    Raises:
        ModelError: a column is missing.
    """
    found = judged(
        interactions, items, now=now, horizon_days=horizon_days, seed=seed, groups=groups,
        algorithm=algorithm, second_stage=second_stage,
    )  # fmt: skip
    return found.model, found.card


@dataclass(frozen=True, slots=True)
class Judgement:
    """A recommender, its card, and the windows that chose and judged it, with what they learnt."""

    model: Recommender
    card: ModelCard
    validation: Window
    test: Window


def judged(
    interactions: pa.Table,
    items: pa.Table | None = None,
    *,
    now: Instant,
    horizon_days: int = 30,
    seed: int = 0,
    groups: pa.Table | None = None,
    algorithm: Kind | None = None,
    second_stage: Second = False,
) -> Judgement:
    """Return what `judge` returns, and its windows: `prove` learns from them what it needs.

    Raises:
        ModelError: a column is missing.
    """
    items, coded = with_catalogue(items, encode(interactions))
    rng, horizon = np.random.default_rng(seed), horizon_days * DAY
    told = describe(items, coded.items)
    validation, test = split(coded, now=now, horizon=horizon, rng=rng, described=told)
    earlier = partial(window, coded, *_before(now, horizon), MOST_TUNED, rng, told)
    found = _judged((validation, test), rng, algorithm, second_stage, earlier)
    parameters = found.parameters
    card = _card(coded, found, now, horizon, (validation, test))
    days = parameters.popular_half_life_days
    like = like_people.judged(coded, groups, (now - horizon, now), days, seed)
    model = train(
        coded, items, now=now, seed=seed, parameters=parameters, groups=like.groups, said=told
    )
    if second_trial.serves(card, found.second):
        model = model.reordered_by(test.second_stage(parameters, rng) or found.trial.learnt)
    card = like.noted(second_trial.noted(card, found.trial, found.second))
    return Judgement(model, card, validation, test)


def _judged(
    windows: tuple[Window, Window],
    rng: np.random.Generator,
    algorithm: Kind | None,
    second_stage: Second,
    earlier: Callable[[], Window],
) -> _Found:
    """Return what the window before the test chose, and what the test makes of it."""
    validation, test = windows
    if min(len(validation.people), len(test.people)) < LEAST_PEOPLE:
        refused = Trial(refused="there was nothing to judge it by") if second_stage else NOT_ASKED
        return _Found(OWN_REPEAT, (), refused)
    tuned = tune(validation, rng, algorithm)
    trial = second_trial.prepared(second_stage, earlier, validation, tuned.model, rng)
    return _compare(tuned, test, rng, trial)


def _before(now: Instant, horizon: int) -> tuple[Instant, Instant]:
    """Return the horizon before the validation window."""
    return now - 3 * horizon, now - 2 * horizon


_NDCG: Final = f"ndcg@{AT}"
_RECALL: Final = f"recall@{DEPTH}"


def split(
    coded: Interactions,
    *,
    now: Instant,
    horizon: int,
    rng: np.random.Generator,
    described: Described | None = None,
) -> tuple[Window, Window]:
    """Return the windows that choose the parameters and that judge: the two last horizons (us)."""
    middle, last = now - 2 * horizon, now - horizon
    return (
        window(coded, middle, last, MOST_TUNED, rng, described),
        window(coded, last, now, MOST_JUDGED, rng, described),
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """The parameters that serve, the measures beside the rules, and of the second stage."""

    parameters: Parameters
    measures: tuple[Measure, ...]
    trial: Trial
    second: Verdict | None = None


def _compare(tuned: Tuned, test: Window, rng: np.random.Generator, trial: Trial) -> _Found:
    """Return what the test finds; the measures beside the better rule come first."""
    rules = {"own repeat": tuned.own_repeat, "popularity": tuned.popularity}
    first = test.judged(tuned.model, rng)
    second = second_trial.verdict(trial, first, test, tuned.model, rng)
    model = second.figures if second is not None and second.wins else first
    naive = {rule: test.judged(parameters, rng) for rule, parameters in rules.items()}
    order = sorted(naive, key=lambda rule: -float(naive[rule][0].mean()))
    found = tuple(measure for rule in order for measure in _measures(model, naive[rule], rule, rng))
    wins = all(measure.low > 0 for measure in found if measure.name == _NDCG)
    return _Found(tuned.model if wins else rules[order[0]], found, trial, second)


def _measures(
    model: tuple[Floats, Floats], naive: tuple[Floats, Floats], rule: str, rng: np.random.Generator
) -> list[Measure]:
    found = []
    for name, ours, theirs in zip((_NDCG, _RECALL), model, naive, strict=True):
        low, high = measuring.interval(ours - theirs, rng)
        found.append(Measure(name, float(ours.mean()), float(theirs.mean()), rule, low, high))
    return found


def _why(measures: tuple[Measure, ...], serves: bool) -> str:
    judged = [measure for measure in measures if measure.name == _NDCG]
    best = judged[0] if serves else min(judged, key=lambda measure: measure.low)
    figures = (
        f"{_NDCG.upper()} {best.model:.3f} against {best.naive:.3f} of the rule "
        f"'{best.naive_rule}' "
        f"({best.interval()})"
    )
    if serves:
        return f"It beats the naive rules on the last window: {figures}."
    rule = judged[0].naive_rule
    served = "which" if rule == best.naive_rule else f"the rule '{rule}'"
    comma = "," if served == "which" else ";"
    return (
        f"It is not clearly better than the rule '{best.naive_rule}'{comma} {served} serves "
        f"instead: {figures}."
    )


def _too_few(fewest: int, horizon_days: int) -> str:
    return (
        f"{only_people(fewest)} with a history bought in a window of {horizon_days} days, "
        f"{LEAST_PEOPLE} are needed to judge: the rule 'own repeat, then popular' serves."
    )


def _card(
    coded: Interactions,
    found: _Found,
    now: Instant,
    horizon: int,
    windows: tuple[Window, Window],
) -> ModelCard:
    """Return the card: what was found, whether it serves, and why."""
    first = int(coded.at.min()) if len(coded.at) else now
    serves = found.parameters.neighbours != "none"  # only the naive rules have none
    fewest = min(len(window.people) for window in windows)
    too_few = _too_few(fewest, round(horizon / DAY))
    return ModelCard(
        name=NAME,
        kind="recommender",
        version=0,
        trained_at=now,
        train_window=(min(first, now), now),
        test_window=(now - horizon, now),
        people=len(windows[1].people),
        features=FEATURES,
        parameters=msgspec.to_builtins(found.parameters),
        measures=found.measures,
        serves=serves,
        why=_why(found.measures, serves) if found.measures else too_few,
    )
