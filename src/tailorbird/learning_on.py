"""Learning between trainings: what a logistic model becomes when it learns every new outcome.

It is a challenger like any other: kept as a version, and made to serve, only where foretelling each
outcome before it was learnt went surely better than with the weights as they were.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from tailorbird import drifting, learning, predict, serving
from tailorbird.errors import UsageError
from tailorbird.model_cards import Measure, ModelCard
from tailorbird.model_data import Past, trainees
from tailorbird.predict import online
from tailorbird.predict.propensity import Floats, Propensity
from tailorbird.schema import DAY, Instant
from tailorbird.world import World

if TYPE_CHECKING:
    import pyarrow as pa

MOST_DAYS: Final = 60


class LearntOn(msgspec.Struct, frozen=True):
    """How learning on fared beside the weights as they were, and the version that it became."""

    model: str
    measure: Measure
    learnt: int
    version: int
    """0 where it did not surely win: then nothing was kept."""


def learn_on(world: World, name: str, now: Instant) -> LearntOn:
    """Learn every outcome since the serving version was trained; have it serve where that wins.

    Raises:
        UsageError: it was never trained, foretells no yes or no, or somebody rolled back to it.
        ModelError: it is no logistic model, or no outcome has become known since.
    """
    found, card = serving.served(world, name), learning.serving_card(world, name)
    if found is None or card is None:
        raise UsageError(f"no model {name!r} was trained", mend=f"`tailorbird models train {name}`")
    asked = learning.asked_of(world, name, found[1])
    held = serving.held_by(world, name)
    if not drifting.comparable(asked) or held is not None:
        what = "somebody rolled back to what serves" if held else f"{name!r} foretells no yes or no"
        raise UsageError(what, mend="train it again")
    if asked.fair is not None:
        what = f"{name!r} is fair by weighing rows, which single outcomes would undo"
        raise UsageError(what, mend="train it again")
    past = Past(world, asked, trainees(world, now))
    rng = np.random.default_rng(asked.seed)
    learnt, measure = online.judge_online(
        _logistic(world, found[1], now), _days(past, card.trained_at, now), rng
    )
    version = _kept(world, past, card, learnt, measure, now) if measure.high < 0 else 0
    return LearntOn(name, measure, learnt.learnt, version)


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
        features, outcome = drifting.window(past, begins + day * DAY)
        today = features["person"].to_numpy() % horizon == day % horizon
        if today.any():
            yield features.filter(today), outcome[today]


def _kept(
    world: World, past: Past, card: ModelCard, learnt: online.Online, measure: Measure, now: Instant
) -> int:
    """Keep what was learnt as a version that serves, and score everybody by it."""
    name = past.asked.name
    why = (
        f"It learnt {learnt.learnt:,} outcomes since version {card.version}, foretelling each "
        f"first: log loss {measure.model:.4f} against {measure.naive:.4f} "
        f"(95 % interval of the difference {measure.low:+.4f} to {measure.high:+.4f})."
    )
    files = learnt.model.files() | learnt.files()
    files |= {learning.ASKED: msgspec.json.encode(past.asked)}
    files |= drifting.baseline_files(past, files, now, None)
    mine = msgspec.structs.replace(card, why=why, measures=(*card.measures, measure))
    kept = learning.keep(world, name, files, mine)
    serving.turn(world, name, kept.version, "promoted", why, now)
    learning.score(world, now, name)
    return kept.version
