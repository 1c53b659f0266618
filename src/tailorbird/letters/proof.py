"""Whether a mail, made again from what the ledger keeps, is the one that was sent."""

from __future__ import annotations

from typing import Literal

import msgspec

from tailorbird.letters import editions
from tailorbird.letters.digests import digest_of
from tailorbird.letters.given import PERSONAL
from tailorbird.letters.messages import Composer
from tailorbird.schema import Decision, Instant, Rendered
from tailorbird.world import World

ProofState = Literal["proven", "differs", "unrecorded", "unsent"]


class Proof(msgspec.Struct, frozen=True):
    """A sent mail, made again: whether it is the one that left, and if not, what may be why.

    `unrecorded`: the process died between the mail's leaving and its record; `unsent`: it has not
    left.
    """

    send_id: bytes
    state: ProofState
    recorded: bytes
    made: bytes
    """The digest of the mail as it is made again."""
    edition: str
    rendered: Rendered | None
    tracked: bool
    reasons: tuple[str, ...] = ()


def prove(world: World, send_id: bytes, now: Instant) -> Proof | None:
    """Return the proof of one send, None where nothing was decided to be sent under this id.

    Raises:
        UsageError: a part of its edition is gone.
        TemplateError: it cannot be made again.
    """
    decision = world.ledger.decision(send_id)
    if decision is None or decision.verdict != "send":
        return None
    ended = world.ledger.settlement(send_id)
    recorded = ended.digest if ended else b""
    edition = str(msgspec.json.decode(decision.inputs).get("edition", ""))
    left = ended is not None and ended.state in ("sent", "unknown")
    composer = Composer(world, world.ledger.sent_at(send_id) or now)
    made = [(each, composer.again(decision, tracked=each)) for each in (True, False)]
    tracked, rendered = made[0]
    for each, mail in made:
        if mail is not None and digest_of(mail) == recorded:
            return Proof(send_id, "proven", recorded, recorded, edition, mail, each)
    digest = digest_of(rendered) if rendered else b""
    if not left or not recorded:
        state: ProofState = "unrecorded" if left else "unsent"
        return Proof(send_id, state, recorded, digest, edition, rendered, tracked)
    reasons = tuple(_reasons(world, decision, edition, rendered))
    return Proof(send_id, "differs", recorded, digest, edition, rendered, tracked, reasons)


def _reasons(
    world: World, decision: Decision, edition: str, rendered: Rendered | None
) -> list[str]:
    """Return what may have changed since; where nothing has, the record was altered."""
    if rendered is None:
        return ["the person was erased"]
    found = []
    if not edition:
        found.append("it was decided before editions were kept")
    elif (then := editions.kept(world, edition).manifest.made_by) != editions.made_by():
        found.append(f"it was made by Tailorbird {then}, this is {editions.made_by()}")
    sent = world.ledger.sent_at(decision.id) or decision.at
    person = world.people.survivor(decision.person) or decision.person
    changed = {
        said.name
        for said in world.people.sayings(person)
        if said.at > sent and said.name in PERSONAL
    }
    found += [f"{name} was told anew since" for name in sorted(changed)]
    return found or ["the ledger's inputs or its digest were altered"]
