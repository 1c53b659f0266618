"""Learning between trainings: what a logistic model becomes when it learns every new outcome.

It is a challenger like any other: kept as a version, and made to serve, only where foretelling each
outcome before it was learnt went surely better than with the weights as they were. Models that say
`learns_on` are looked at daily; whoever looks often must win by more.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from tailorbird import drifting, learning, predict, serving
from tailorbird.errors import TailorbirdError, UsageError
from tailorbird.long_work import AT_ONCE, Work
from tailorbird.model_cards import Measure, ModelCard
from tailorbird.model_data import Past, trainees
from tailorbird.predict import online
from tailorbird.predict.propensity import Floats, Propensity
from tailorbird.recalculating import due
from tailorbird.schema import DAY, Instant
from tailorbird.world import World

if TYPE_CHECKING:
    import pyarrow as pa

LANE: Final = "models"
"""Trainings and learning on of all models wait for each other."""
MOST_DAYS: Final = 60


class LearntOn(msgspec.Struct, frozen=True):
    """How learning on fared beside the weights as they were, and the version that it became."""

    model: str
    measure: Measure
    learnt: int
    version: int
    """0 where it did not surely win: then nothing was kept."""


class LookedOn(msgspec.Struct, frozen=True):
    """The latest day's learning on of a model that wants it, and what came of it."""

    at: Instant
    learnt: int
    version: int
    """That it became and that serves since; 0 where it did not surely win."""
    why: str


def run_due(world: World, now: Instant, work: Work = AT_ONCE) -> list[str]:
    """Have the models that want it learn on, each day after a training; return whose answer came.

    `work` does it: behind, it is seen at a later call.
    """
    done = []
    for name in (each.name for each in learning.defined(world) if each.learns_on):
        task = f"learn-on:{name}"
        if work.asked(task) or _is_due(world, name, now):
            done += [name] if work(task, partial(_look, world, name, now), lane=LANE) else []
    return done


def _is_due(world: World, name: str, now: Instant) -> bool:
    last = looked(world, name)
    if last is not None and not due("daily", last.at, now):
        return False
    card = learning.serving_card(world, name)
    return card is not None and due("daily", card.trained_at, now)


def looked(world: World, name: str) -> LookedOn | None:
    """Return the latest learning on by itself, None where there was none."""
    kept = world.log.progress(_reader(name))
    return msgspec.json.decode(kept, type=LookedOn) if kept else None


def _look(world: World, name: str, now: Instant) -> bool:
    try:
        found = learn_on(world, name, now, looks=MOST_DAYS)
        said = LookedOn(now, found.learnt, found.version, _words(found))
    except TailorbirdError as error:
        said = LookedOn(now, 0, 0, error.sentence())
    world.log.append_from(_reader(name), [], msgspec.json.encode(said).decode())
    return True


def _reader(name: str) -> str:
    return f"models-learn-on:{name}"


def _words(found: LearntOn) -> str:
    became = f"version {found.version} serves" if found.version else "it was not clearly better"
    return (
        f"{became}: log loss {found.measure.model:.4f} against {found.measure.naive:.4f} without "
        f"(the difference is {found.measure.low:+.4f} to {found.measure.high:+.4f})"
    )


def learn_on(world: World, name: str, now: Instant, *, looks: int = 1) -> LearntOn:
    """Learn every outcome since the serving version learnt; have it serve where that surely wins.

    Who looks `looks` times must win by more each time.

    Raises:
        UsageError: it was never trained, foretells no yes or no, or somebody rolled back to it.
        ModelError: it is no logistic model, or no outcome has become known since.
    """
    found = serving.trained(world, name)
    card, asked = learning.card_of(found[0], found[2]), learning.asked_of(world, name, found[1])
    held = serving.held_by(world, name)
    if not asked.yes_or_no or held is not None:
        unfit = f"{name!r} predicts no yes or no"
        what = unfit if not asked.yes_or_no else "somebody rolled back to what serves"
        raise UsageError(what, mend="train it again")
    if asked.fair is not None:
        what = f"{name!r} is fair by weighing rows, which single outcomes would undo"
        raise UsageError(what, mend="train it again")
    past = Past(world, asked, trainees(world, now))
    rng = np.random.default_rng(asked.seed)
    begun = online.load_online(found[1])
    learnt, measure = online.judge_online(
        _logistic(world, found[1], now),
        _days(past, max(card.trained_at, card.learnt_until), now),
        rng,
        begun=begun,
        looks=looks,
    )
    number = learnt.learnt - (begun.learnt if begun else 0)
    wins = measure.high < 0
    version = _kept(world, past, card, learnt, measure, number, now) if wins else 0
    return LearntOn(name, measure, number, version)


def _logistic(world: World, files: dict[str, bytes], now: Instant) -> Propensity:
    """Return a kept model as the weights that can move; a rule's where it is no logistic one."""
    model = drifting.scorer(world, files, now)
    fitted = model.fitted if isinstance(model, predict.Model) else model
    if isinstance(fitted, Propensity):
        return fitted
    return Propensity("base rate", 0, 0, 0.0)


def _days(past: Past, trained_at: Instant, now: Instant) -> Iterator[tuple[pa.Table, Floats]]:
    """Yield, day by day, those whose outcomes became known since; everybody once a horizon."""
    horizon = past.asked.horizon
    begins = max(trained_at, now - MOST_DAYS * DAY)
    for day in range(1, (now - begins) // DAY + 1):
        today = [person for person in past.people if person % horizon == day % horizon]
        # Of churn all are asked: each one's patience is drawn to everybody's.
        churn = past.asked.foretells == "churn"
        view = past if churn else Past(past.world, past.asked, today)
        features, outcome = drifting.window(view, begins + day * DAY)
        those = np.isin(features["person"].to_numpy(), today)
        if those.any():
            yield features.filter(those), outcome[those]


def _kept(
    world: World,
    past: Past,
    card: ModelCard,
    learnt: online.Online,
    measure: Measure,
    number: int,
    now: Instant,
) -> int:
    """Keep what was learnt as a version that serves, and score everybody by it."""
    name = past.asked.name
    why = (
        f"It learnt {number:,} outcomes since version {card.version}, predicting each "
        f"first: log loss {measure.model:.4f} against {measure.naive:.4f} "
        f"({measure.interval(4)})."
    )
    files = learnt.model.files() | learnt.files()
    files |= {learning.ASKED: msgspec.json.encode(past.asked)}
    files |= drifting.baseline_files(past, files, now, None)
    before = tuple(each for each in card.measures if each.name != online.LOG_LOSS)
    mine = msgspec.structs.replace(card, why=why, measures=(*before, measure), learnt_until=now)
    kept = learning.keep(world, name, files, mine)
    serving.turn(world, name, kept.version, "promoted", why, now)
    learning.score(world, now, name)
    return kept.version
