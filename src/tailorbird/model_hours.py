"""The hour at which each person's mail is best sent, as a model: kept, judged, scored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from tailorbird.journeys import best_hour
from tailorbird.journeys.best_hour import Rule
from tailorbird.model_cards import Measure, ModelCard
from tailorbird.model_data import Past
from tailorbird.predict.heads import read_head
from tailorbird.schema import DAY, Instant

if TYPE_CHECKING:
    import pyarrow as pa

HEAD: Final = "hours.json"
KNOWN_DAYS: Final = 180
"""What is older says little of when somebody reads today."""
EVERYBODYS: Final = "everybody's best hour"


class SendHours(msgspec.Struct, frozen=True):
    """How hours are chosen, and everybody's share of each."""

    rule: Rule
    shared: tuple[float, ...]


def train(past: Past, now: Instant) -> tuple[dict[str, bytes], ModelCard]:
    """Return what chooses hours, judged on the opens and clicks of the last window, and its card.

    Where people's own hours foretell those no better than everybody's, everybody's serve.
    """
    later_days = past.asked.horizon
    earlier, later = past.hours(now, later_days, KNOWN_DAYS)
    rule = best_hour.judge(earlier, later)
    shared = best_hour.everybody(earlier + later)
    kept = SendHours(rule, tuple(shared.tolist()))
    judged = rule.judged_on >= best_hour.LEAST_LATER
    gain = Measure("nats an open", rule.gain, 0.0, EVERYBODYS, rule.gain, rule.gain)
    card = ModelCard(
        name=past.asked.name,
        kind="send_hour",
        version=0,
        trained_at=now,
        train_window=(now - KNOWN_DAYS * DAY, now),
        test_window=(now - later_days * DAY, now),
        people=int(((earlier + later).sum(axis=1) > 0).sum()),
        features=(),
        parameters={
            "rule": "own hours" if rule.strength is not None else EVERYBODYS,
            "horizon_days": later_days,
            "strength": rule.strength,
        },
        measures=(gain,) if judged else (),
        serves=rule.strength is not None,
        why=f"{rule.why[0].upper()}{rule.why[1:]}.",
    )
    return {HEAD: msgspec.json.encode(kept)}, card


def told(past: Past, files: Mapping[str, bytes], now: Instant) -> pa.Table:
    """Return person, value (the local hour), low, high (its three hours) and top_reason.

    Raises:
        ModelError: the file is missing or damaged.
    """
    import pyarrow as pa

    kept = _load(files)
    counts, _ = past.hours(now, 0, KNOWN_DAYS)
    chosen = best_hour.choose(kept.rule, counts, np.array(kept.shared))
    hours = [each.hour for each in chosen]
    own = [f"{each.seen} own opens and clicks" if each.own else EVERYBODYS for each in chosen]
    return pa.table(
        {
            "person": pa.array(past.people, pa.int64()),
            "value": pa.array(hours, pa.float64()),
            "low": pa.array(hours, pa.float64()),
            "high": pa.array([hour + 3 for hour in hours], pa.float64()),
            "top_reason": pa.array(own, pa.string()),
        }
    )


def _load(files: Mapping[str, bytes]) -> SendHours:
    return read_head(files, HEAD, SendHours, "the hours")
