"""Drift of a model that serves: its people, their outcomes and its probabilities, then and now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from tailorbird import asking, learning, predict, serving
from tailorbird.errors import UsageError
from tailorbird.model_cards import Measure
from tailorbird.model_data import Past, trainees
from tailorbird.predict import drift as drifts
from tailorbird.predict import measures
from tailorbird.predict.drift import DriftReport
from tailorbird.predict.propensity import Floats
from tailorbird.schema import DAY, Instant
from tailorbird.world import World

if TYPE_CHECKING:
    import pyarrow as pa

CALIBRATION: Final = "calibration error"
MOST_READ: Final = 5_000


class Looked(msgspec.Struct, frozen=True):
    """A look at drift that was kept: when, at which version, what was found."""

    at: Instant
    version: int
    report: DriftReport


def window(past: Past, now: Instant) -> tuple[pa.Table, Floats]:
    """Return the latest window whose outcomes are known: people as of its beginning, and outcomes.

    The newest window that any training up to now could be judged on.
    """
    begins = now - past.asked.horizon * DAY
    features = past.features(begins)
    came = past.outcomes(begins, now)
    happened = np.isin(features["person"].to_numpy(), came["person"].to_numpy())
    return features, happened.astype(np.float64)


def scorer(world: World, files: dict[str, bytes], now: Instant) -> predict.Scorer:
    """Return a kept model, ready to score, and reached where it stands elsewhere."""
    own = {name: files[name] for name in files if name != learning.ASKED}
    return predict.load(own, asking.ask_of(world, now))


def compared(
    ours: Floats, theirs: Floats, outcome: Floats, naive: str, rng: np.random.Generator
) -> Measure:
    """Return the AUC of one model's estimates beside that of another's, which `naive` names."""
    one, two = measures.ranked(ours, outcome), measures.ranked(theirs, outcome)
    once = np.ones(len(outcome))
    low, high = measures.interval(
        lambda weight: one.auc(weight) - two.auc(weight), len(outcome), rng
    )
    return Measure("auc", one.auc(once), two.auc(once), naive, low, high)


def baseline_files(
    past: Past, files: dict[str, bytes], now: Instant, judged_error: float | None
) -> dict[str, bytes]:
    """Return what is kept beside a model of the window that it was judged on: no person is in it.

    `judged_error`: the calibration error of its card, from people that it had not seen.
    """
    features, outcome = window(past, now)
    if not features.num_rows:
        return {}
    kept = drifts.baseline(features, outcome, scorer(past.world, files, now).estimates(features))
    if judged_error is not None:
        kept = msgspec.structs.replace(kept, calibration_error=judged_error)
    return kept.files()


def look(world: World, name: str, now: Instant) -> Looked:
    """Compare the latest window with that on which the serving version was judged; keep the answer.

    Raises:
        UsageError: no model of this name was trained, or it keeps no such window, or scores nobody.
    """
    number, files, card = serving.trained(world, name)
    if not learning.card_of(number, card).scores:
        mend = "train it again when there is more to learn from"
        raise UsageError(f"{name!r} scores nobody, so nothing can drift", mend=mend)
    before = drifts.load_baseline(files)
    asked = learning.asked_of(world, name, files)
    if before is None or not asked.yes_or_no:
        what = f"{name!r}, version {number}, keeps no window to compare with"
        raise UsageError(what, mend="train it again; a recommender has none")
    past = Past(world, asked, trainees(world, now))
    features, outcome = window(past, now)
    model = scorer(world, files, now)
    if features.num_rows:
        said, read = model.estimates(features), model.effects(features.slice(0, MOST_READ)).spread()
        report = drifts.drift(before, features, outcome, said, read=read)
    else:
        report = drifts.drift(before, features)
    return keep(world, name, Looked(now, number, report))


def keep(world: World, name: str, looked: Looked) -> Looked:
    """Keep a look as the last one; return it."""
    world.log.append_from(_reader(name), [], msgspec.json.encode(looked).decode())
    return looked


def looked(world: World, name: str) -> Looked | None:
    """Return the last look at a model's drift, None before the first."""
    kept = world.log.progress(_reader(name))
    return msgspec.json.decode(kept, type=Looked) if kept else None


def _reader(name: str) -> str:
    return f"drift:{name}"
