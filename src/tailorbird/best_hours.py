"""When mails are due of a campaign that asks for best hours: at the hour that one's page says.

That hour is the trait `best_send_hour`, of the model `send_hour`. Where none was trained, hours are
judged at once, by the same rules and with the same refusal. Who has no hour of her own, or does not
allow personalisation, gets everybody's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from tailorbird import hours, model_data, model_hours, profiles, serving
from tailorbird.learning_texts import WantedModel
from tailorbird.model_data import Past
from tailorbird.model_hours import SendHours
from tailorbird.schema import Instant, PersonId
from tailorbird.world import World

if TYPE_CHECKING:
    from tailorbird.hours import Numbers

    People: TypeAlias = Sequence[PersonId]

MODEL: Final = "send_hour"
TRAIT: Final = "best_send_hour"


def waits(world: World, starts: Mapping[PersonId, Instant], now: Instant) -> dict[PersonId, int]:
    """Return how many whole hours after her start each person's mail is due.

    At once, where nobody has opened or clicked yet: then no hour is better than another.
    """
    people, begins = list(starts), np.fromiter(starts.values(), np.int64, len(starts))
    allowed = model_data.allowing(world, people, now, "personalisation")
    found = serving.served(world, MODEL)
    kept, counts = (model_hours.load(found[1]), None) if found else _at_once(world, allowed, now)
    if not kept.known:
        return dict.fromkeys(people, 0)
    if counts is None:
        best = _told(world, people, allowed, kept, now)
    else:
        best = _judged(people, allowed, kept, counts)
    after = hours.until(world, people, best, begins, now)
    return dict(zip(people, after.tolist(), strict=True))


def said(world: World, now: Instant) -> str:
    """Return how hours are chosen, and how that was judged."""
    found = serving.served(world, MODEL)
    by = f" (model {MODEL}, version {found[0]})" if found else ""
    kept = model_hours.load(found[1]) if found else _at_once(world, (), now)[0]
    if not kept.known:
        return f"at once: nobody has opened or clicked yet, so no hour is better than another{by}"
    rule = kept.rule
    if rule.strength is None:
        return f"everybody's best hour: {rule.why}{by}"
    return (
        f"each reader's own hour, shrunk towards everybody's: {rule.why}, by {rule.gain:.3f} nats "
        f"for each of {rule.judged_on:,} later opens and clicks{by}"
    )


def _told(world: World, people: People, allowed: People, kept: SendHours, now: Instant) -> Numbers:
    """Return the hour that each one's page says."""
    found = np.full(len(people), model_hours.everybodys(kept))
    told = profiles.table(world.facts, [TRAIT], as_of=now, people=allowed).drop_null()
    found[hours.placed(people, told["person"].to_numpy())] = told[TRAIT].to_numpy()
    return found


def _judged(people: People, allowed: People, kept: SendHours, counts: Numbers) -> Numbers:
    """Return the hour that each one's page would say if the model was trained now."""
    found = np.full(len(people), model_hours.everybodys(kept))
    found[hours.placed(people, np.array(allowed, np.int64))] = model_hours.chosen(
        kept, counts
    ).hours
    return found


def _at_once(world: World, asked: People, now: Instant) -> tuple[SendHours, Numbers]:
    """Return what chooses hours, judged now on whom may be learnt from; and the counts of these."""
    taught = model_data.trainees(world, now)
    both = sorted({*taught, *asked})
    past = Past(world, WantedModel(MODEL), both)
    earlier, later = past.hours(now, past.asked.horizon, model_hours.KNOWN_DAYS)
    of, these = (hours.placed(both, np.array(some, np.int64)) for some in (taught, asked))
    return model_hours.judged(earlier[of], later[of]), (earlier + later)[these]
