"""What somebody withdraws by a page that her mail led her to."""

from __future__ import annotations

import msgspec

from tailorbird.privacy.permit import Permit, permit
from tailorbird.schema import Body, Instant
from tailorbird.tracking import events
from tailorbird.world import World


def stop_personalisation(world: World, send_id: bytes, at: Instant) -> bool:
    """Have the person behind a send no longer be personalised to; False if it is unknown.

    Her wish is in the log before this returns. Saying it again says nothing new.
    """
    decision = world.ledger.decision(send_id)
    if decision is None:
        return False
    person = world.people.survivor(decision.person) or decision.person
    state = world.people.consent_states([person]).get(person)
    agreed = isinstance(permit(state, person, "personalisation", at), Permit)
    if agreed or state is None or "personalisation" not in state.withdrawn:
        event = events.opted_out_event(
            send_id, person=person, campaign=decision.campaign, variant=decision.variant, at=at
        )
        world.log.append([Body("tracking", at, msgspec.json.encode(event))])
    return True
