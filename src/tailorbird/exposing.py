"""How rules of exposure are met: what is kept of lists is learnt at trainings and each day.

It is learnt on the people of the audit, as of the beginning of the day, anew for each version of
the model and of the rules, and where the number of products has changed. No request waits for it.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import msgspec

from tailorbird import learning, recommending, serving, steering_record
from tailorbird.errors import DefinitionError, UsageError
from tailorbird.long_work import AT_ONCE, Work
from tailorbird.recalculating import due
from tailorbird.schema import DAY, HOUR, Instant
from tailorbird.steering_record import Learnt
from tailorbird.world import World

LANE: Final = "exposure"
BETWEEN: Final = HOUR
"""Between two learnings because products came or went: an import brings them all day long."""


def run_due(world: World, now: Instant, work: Work = AT_ONCE) -> list[str]:
    """Learn what rules that steer keep of lists, where it is due; return the names learnt.

    Rules that cannot be read learn nothing. `work` does it: behind, it is seen at a later call.
    """
    done = []
    for rules, version in recommending.every(world):
        task = f"steering:{rules.name}"
        if work.asked(task) or (rules.steered() and _is_due(world, rules.name, version, now)):
            learn = partial(_learn, world, rules.name, now)
            done += [rules.name] if work(task, learn, lane=LANE) else []
    return done


def _is_due(world: World, name: str, version: int, now: Instant) -> bool:
    model = serving.version(world, learning.RECOMMENDER)
    if not model:
        return False
    last = steering_record.learnt(world, name)
    if last is None or (last.version, last.rules_version) != (model, version):
        return True
    if due("daily", last.at, now) or _missing(world, name, last):
        return True
    waited = not last.products or now >= last.at + BETWEEN
    return waited and recommending.shop(world).stamp[0] != last.products


def _missing(world: World, name: str, last: Learnt) -> list[int]:
    return [each for each in steering_record.lengths(world, name) if each not in last.shares]


def _learn(world: World, name: str, now: Instant) -> bool:
    """Learn and keep what rules of a name keep of lists; return whether there are such rules."""
    began, model = now // DAY * DAY, serving.version(world, learning.RECOMMENDER)
    people = recommending.audited_people(world, began)
    try:
        chooser = recommending.Chooser(world, people, began, name)
    except (DefinitionError, UsageError):
        return False  # refused, or removed since it was due
    products = len(chooser.shop.stock.items)
    found = Learnt(now, model, chooser.rules_version, products, {})
    last = steering_record.learnt(world, name)
    known = last.shares if last and _alike(last, found) else {}
    shares = {
        number: known.get(number) or chooser.learnt_steering(people, number)
        for number in steering_record.lengths(world, name)
    }
    steering_record.keep(world, name, msgspec.structs.replace(found, shares=shares))
    return True


def _alike(one: Learnt, two: Learnt) -> bool:
    """Return whether both are learnt from the same, as of the same day."""
    first, second = (
        (each.at // DAY, each.version, each.rules_version, each.products) for each in (one, two)
    )
    return first == second
