"""Whether a second stage serves: it has to beat the first ranking on windows that it has not seen.

In: what an author wants, the windows of `judge`. Out: what serves, its figures, or why it does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from tailorbird.model_cards import Measure, ModelCard, Tried
from tailorbird.recommend import measures, second_stage
from tailorbird.recommend.interactions import Floats
from tailorbird.recommend.parameters import Parameters, Second
from tailorbird.recommend.second_stage import CANDIDATES, FEATURES, LEAST_HITS, ROUNDS, SecondStage
from tailorbird.recommend.tuning import AT, Window

MEASURE: Final = f"ndcg@{AT} with the second stage"
FIRST: Final = "first ranking"
_SETTINGS: Final = f"{ROUNDS} trees over {len(FEATURES)} features of {CANDIDATES} candidates"
_NO_LIBRARY: Final = "LightGBM is not installed (install tailorbird[learn])"


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of a second stage up to the test: one to be judged there, or why there is none.

    `refused` holds the reason; the trial that nobody asked for has neither.
    """

    learnt: SecondStage | None = None
    refused: str = ""
    tried: tuple[Tried, ...] = ()


NOT_ASKED: Final = Trial()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the test said: whether a second stage serves, its figure, and each person's figures."""

    wins: bool
    figures: tuple[Floats, Floats]
    measure: Measure


def prepared(
    wanted: Second,
    earlier: Callable[[], Window],
    validation: Window,
    parameters: Parameters,
    rng: np.random.Generator,
) -> Trial:
    """Return a second stage learnt on the window before the test, or why there is none.

    With `auto` one learnt on the window before that has to surely win there first.
    """
    if not wanted:
        return NOT_ASKED
    if not second_stage.installed():
        return Trial(refused=_NO_LIBRARY)
    first = earlier().second_stage(parameters, rng) if wanted == "auto" else None
    learnt = validation.second_stage(parameters, rng)
    if learnt is None or (first is None and wanted == "auto"):
        return Trial(refused=_too_few())
    if first is None:
        return Trial(learnt)
    plain = validation.judged(parameters, rng)
    found = _against(validation.judged(parameters, rng, first), plain, rng)
    tried = (
        Tried(FIRST, found.measure.naive, chosen=not found.wins),
        Tried("second stage", found.measure.model, settings=_SETTINGS, chosen=found.wins),
    )
    if found.wins:
        return Trial(learnt, tried=tried)
    return Trial(refused=f"on the window before the last {_loses(found.measure)}", tried=tried)


def verdict(
    trial: Trial,
    first: tuple[Floats, Floats],
    test: Window,
    parameters: Parameters,
    rng: np.random.Generator,
) -> Verdict | None:
    """Return what the test says of a trial beside the figures of the first ranking."""
    if trial.learnt is None:
        return None
    return _against(test.judged(parameters, rng, trial.learnt), first, rng)


def _against(
    again: tuple[Floats, Floats], first: tuple[Floats, Floats], rng: np.random.Generator
) -> Verdict:
    low, high = measures.interval(again[0] - first[0], rng)
    means = float(again[0].mean()), float(first[0].mean())
    return Verdict(low > 0, again, Measure(MEASURE, *means, FIRST, low, high))


def serves(card: ModelCard, found: Verdict | None) -> bool:
    """Return whether a second stage serves: it won, and what it reorders serves."""
    return found is not None and found.wins and card.serves


def noted(card: ModelCard, trial: Trial, found: Verdict | None) -> ModelCard:
    """Return a card that also says what became of the second stage that was asked for."""
    if trial is NOT_ASKED:
        return card
    return msgspec.structs.replace(
        card,
        measures=card.measures if found is None else (*card.measures, found.measure),
        tried=trial.tried,
        parameters=card.parameters | {"second_stage": serves(card, found)},
        why=f"{card.why} {_said(card, trial, found)}",
    )


def _said(card: ModelCard, trial: Trial, found: Verdict | None) -> str:
    if found is None:
        why = trial.refused
    elif serves(card, found):
        return f"The second stage serves: {_figures(found.measure)}."
    elif found.wins:
        why = "the rule serves, which it does not reorder"
    else:
        why = f"on the last window {_loses(found.measure)}"
    return f"The second stage does not serve: {why}."


def _loses(measure: Measure) -> str:
    return f"it is not clearly better than the first ranking: {_figures(measure)}"


def _figures(measure: Measure) -> str:
    return (
        f"NDCG@{AT} {measure.model:.3f} against {measure.naive:.3f} of the {measure.naive_rule} "
        f"({measure.interval()})"
    )


def _too_few() -> str:
    return (
        f"fewer than {LEAST_HITS} people of a window bought one of their first {CANDIDATES}, "
        "too few to learn from"
    )
