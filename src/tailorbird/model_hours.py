"""The hour at which each person's mail is best sent, as a model: kept, judged, scored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from tailorbird.journeys import best_hour
from tailorbird.journeys.best_hour import BestHours, Rule
from tailorbird.model_cards import Measure, ModelCard
from tailorbird.model_data import Past
from tailorbird.predict.heads import read_head
from tailorbird.schema import DAY, Instant

if TYPE_CHECKING:
    import pyarrow as pa

    from tailorbird.model_data import Hours

HEAD: Final = "hours.json"
KNOWN_DAYS: Final = 180
"""What is older says little of when somebody reads today."""
EVERYBODYS: Final = "everybody's best hour"
UNKNOWN: Final = "Nobody opened or clicked, so no hour is better than another: nobody is scored."


class SendHours(msgspec.Struct, frozen=True):
    """How hours are chosen, and everybody's share of each."""

    rule: Rule
    shared: tuple[float, ...]
    reads: int | None = None
    """Opens and clicks that told them; not kept by the first versions."""

    @property
    def known(self) -> bool:
        """Return whether anybody has opened or clicked: else no hour is better than another."""
        if self.reads is None:
            return max(self.shared) > min(self.shared)
        return self.reads > 0


def train(past: Past, now: Instant) -> tuple[dict[str, bytes], ModelCard]:
    """Return what chooses hours, judged on the opens and clicks of the last window, and its card.

    Where people's own hours foretell those no better than everybody's, everybody's serve.
    """
    later_days = past.asked.horizon
    earlier, later = past.hours(now, later_days, KNOWN_DAYS)
    kept = judged(earlier, later)
    rule = kept.rule
    gain = Measure("nats an open", rule.gain, 0.0, EVERYBODYS, rule.gain, rule.gain)
    card = ModelCard(
        name=past.asked.name,
        kind="send_hour",
        version=0,
        trained_at=now,
        train_window=(now - KNOWN_DAYS * DAY, now),
        test_window=(now - later_days * DAY, now),
        people=int((earlier + later).any(axis=1).sum()),
        features=(),
        parameters={
            "rule": "own hours" if rule.strength is not None else EVERYBODYS,
            "horizon_days": later_days,
            "strength": rule.strength,
        },
        measures=(gain,) if rule.judged_on >= best_hour.LEAST_LATER else (),
        serves=rule.strength is not None,
        why=f"{rule.why[0].upper()}{rule.why[1:]}." if kept.known else UNKNOWN,
        scores=kept.known,
    )
    return {HEAD: msgspec.json.encode(kept)}, card


def judged(earlier: Hours, later: Hours) -> SendHours:
    """Return what chooses hours, of (people, 24) before a split, judged on the same after it."""
    both = earlier + later
    shared = best_hour.everybody(both)
    return SendHours(best_hour.judge(earlier, later), tuple(shared.tolist()), int(both.sum()))


def chosen(kept: SendHours, counts: Hours) -> BestHours:
    """Return the hour of each person, of (people, 24)."""
    return best_hour.choose(kept.rule, counts, np.array(kept.shared))


def everybodys(kept: SendHours) -> int:
    """Return the hour of whoever has none of her own."""
    return int(chosen(kept, np.zeros((1, best_hour.HOURS), np.int64)).hours[0])


def told(past: Past, files: Mapping[str, bytes], now: Instant) -> pa.Table:
    """Return person, value (the local hour), low, high (its three hours) and top_reason.

    Raises:
        ModelError: the file is missing or damaged.
    """
    import pyarrow as pa

    best = chosen(load(files), past.hours(now, 0, KNOWN_DAYS)[0])
    seen, own = best.seen.tolist(), best.own.tolist()
    reasons = [
        f"{n} own opens and clicks" if hers else EVERYBODYS
        for n, hers in zip(seen, own, strict=True)
    ]
    return pa.table(
        {
            "person": pa.array(past.people, pa.int64()),
            "value": pa.array(best.hours, pa.float64()),
            "low": pa.array(best.hours, pa.float64()),
            "high": pa.array(best.hours + 3, pa.float64()),
            "top_reason": pa.array(reasons, pa.string()),
        }
    )


def load(files: Mapping[str, bytes]) -> SendHours:
    """Return what chooses hours, as it was kept.

    Raises:
        ModelError: the file is missing or damaged.
    """
    return read_head(files, HEAD, SendHours, "the hours")
