"""What a plan does to people and mails, beside what it does to texts."""

from __future__ import annotations

import msgspec

from tailorbird.as_code.audiences import Audiences
from tailorbird.as_code.planning import DefinitionPlan, Draft
from tailorbird.as_code.sends import outlooks
from tailorbird.schema import Instant
from tailorbird.stopping import Stop
from tailorbird.world import World


def with_effects(
    world: World, found: Draft, now: Instant, stop: Stop | None = None
) -> DefinitionPlan:
    """Return the plan of a draft with who enters and leaves, and what mails it brings.

    Nothing is looked at while there are faults.
    """
    plan = found.plan
    if plan.faults or not plan.changes:
        return plan
    counting = Audiences(world, found.world, now, stop)
    return msgspec.structs.replace(
        plan,
        audiences=(*counting.of_segments(), *counting.of_campaigns(found.touched)),
        sends=tuple(outlooks(found.world, found.touched, now, stop)),
    )
