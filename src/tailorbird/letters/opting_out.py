"""What somebody withdraws by a page that her mail led her to: mails, or what is chosen for her."""

from __future__ import annotations

import msgspec

from tailorbird import profiles
from tailorbird.privacy.permit import Permit, permit
from tailorbird.schema import Body, Instant, Names, PersonId
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


def unsubscribe(world: World, send_id: bytes, at: Instant) -> bool:
    """Withdraw the consent of the person behind a send, before this returns; False if unknown."""
    decision = world.ledger.decision(send_id)
    if decision is None:
        return False
    # Whoever was merged since then speaks for the person that she has become.
    person = world.people.survivor(decision.person) or decision.person
    again = True
    try:
        again = _withdraw(world, person, send_id, at)
    finally:
        # Where that could not be kept, the log brings it later; nobody is told that it is.
        event = events.unsubscribed_event(
            send_id, person=person, campaign=decision.campaign, variant=decision.variant, at=at,
            again=again,
        )  # fmt: skip
        world.log.append([Body("tracking", at, msgspec.json.encode(event))])
    return True


def _withdraw(world: World, person: PersonId, send_id: bytes, at: Instant) -> bool:
    """Keep that a person wants no mails any more; return whether she had come back by then."""
    people = world.people
    with people.transaction():
        receipt = profiles.withdrawal(person, send_id.hex(), at)
        state = people.consent_states([person]).get(person)
        left_before = people.receipts_from(receipt.source, [person])
        # She may have come back by the page of her choices, and leave by the same mail once more.
        again = bool(left_before) and state is not None and receipt.purpose in state.granted
        if again or not left_before:
            people.add_consents([receipt])
        profile = people.profiles([person]).get(person)
        if profile is not None and profile.email:
            people.suppress([(profile.email, Names.UNSUBSCRIBED, at)])
    return again
