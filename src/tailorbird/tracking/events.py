"""What became of a send, as events for the log, in the words of the Segment spec.

They name their person by number, under `context.personId`. The collector takes that from internal
sources only. A message id is made of what happened, so that telling it twice is telling it once.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, TypeAlias

from tailorbird.schema import Instant, Names, PersonId, Scalar

TrackedEvent: TypeAlias = dict[str, object]
SOURCES: Final = frozenset({"tracking", "delivery"})
"""The sources that may name a person by number."""


def sent_event(
    send_id: bytes, *, person: PersonId, campaign: str, variant: str, at: Instant
) -> TrackedEvent:
    """Return the event of a message that the carrier took."""
    properties = _about(send_id, campaign, variant)
    return _event(Names.EMAIL_SENT, f"sent-{send_id.hex()}", person, at, properties)


def opened_event(
    send_id: bytes,
    *,
    person: PersonId,
    campaign: str,
    variant: str,
    at: Instant,
    machine: bool = False,
    reason: str = "",
) -> TrackedEvent:
    """Return the event of a pixel that was loaded; `reason` says why a machine is thought so."""
    properties = _about(send_id, campaign, variant, machine=machine, reason=reason)
    return _event(Names.EMAIL_OPENED, f"open-{send_id.hex()}-{at}", person, at, properties)


def clicked_event(
    send_id: bytes,
    *,
    person: PersonId,
    campaign: str,
    variant: str,
    at: Instant,
    url: str,
    link: int = 0,
    machine: bool = False,
    reason: str = "",
) -> TrackedEvent:
    """Return the event of a link that was followed; `link` is its place in the mail."""
    properties = _about(
        send_id, campaign, variant, url=url, link=link, machine=machine, reason=reason
    )
    return _event(Names.EMAIL_CLICKED, f"click-{send_id.hex()}-{link}-{at}", person, at, properties)


def bounced_event(
    send_id: bytes,
    *,
    person: PersonId,
    campaign: str,
    variant: str,
    at: Instant,
    reason: str,
    hard: bool = True,
    why: str = "",
    sender_fault: bool = False,
) -> TrackedEvent:
    """Return the event of a message that was turned away; `reason` is the reply, `why` its sense.

    A hard bounce is for good: the address is not written to again.
    """
    told: dict[str, Scalar] = {"why": why, "sender_fault": sender_fault} if why else {}
    properties = _about(send_id, campaign, variant, reason=reason, hard=hard, **told)
    return _event(Names.EMAIL_BOUNCED, f"bounce-{send_id.hex()}", person, at, properties)


def unsubscribed_event(
    send_id: bytes,
    *,
    person: PersonId,
    campaign: str,
    variant: str,
    at: Instant,
    again: bool = False,
) -> TrackedEvent:
    """Return the event of a person who asked for no more mails.

    `again`: she had come back since she left by the same mail.
    """
    properties = _about(send_id, campaign, variant)
    named = f"unsub-{send_id.hex()}" + (f"-{at}" if again else "")
    return _event(Names.UNSUBSCRIBED, named, person, at, properties)


def opted_out_event(
    send_id: bytes, *, person: PersonId, campaign: str, variant: str, at: Instant
) -> TrackedEvent:
    """Return the event of a person who no longer wants what she is sent chosen for her."""
    properties = _about(send_id, campaign, variant)
    told = _event(Names.CONSENT_CHANGED, f"impersonal-{send_id.hex()}-{at}", person, at, properties)
    said = {"personalisation": False, "evidence": f"mail {send_id.hex()}"}
    return told | {"context": {"personId": person, "consent": said}}


def preferred_event(
    send_id: bytes, *, person: PersonId, at: Instant, consent: dict[str, object]
) -> TrackedEvent:
    """Return the event of a person who says purpose by purpose what we may do.

    `consent` is what `context.consent` holds: purposes, the wording's version, the evidence.
    """
    told = _event(Names.CONSENT_CHANGED, f"preferred-{send_id.hex()}-{at}", person, at, {})
    return told | {"context": {"personId": person, "consent": consent}}


def corrected_event(
    send_id: bytes, *, person: PersonId, at: Instant, traits: dict[str, str]
) -> TrackedEvent:
    """Return the event of a person who says something of herself."""
    told = _event(Names.IDENTIFY, f"corrected-{send_id.hex()}-{at}", person, at, {})
    return told | {"type": "identify", "traits": traits}


def chosen_event(
    send_id: bytes, *, person: PersonId, at: Instant, topic: str, added: bool
) -> TrackedEvent:
    """Return the event of a person who puts herself on a list, or takes herself off it."""
    name = Names.LIST_ADDED if added else Names.LIST_REMOVED
    named = f"{name}-{topic}-{send_id.hex()}-{at}"
    return _event(name, named, person, at, {"list": topic, "reason": "preferences"})


def surveyed_event(
    send_id: bytes,
    *,
    person: PersonId,
    campaign: str,
    variant: str,
    at: Instant,
    said: dict[str, Scalar],
) -> TrackedEvent:
    """Return the event of a question that was answered inside a mail: the first answer counts."""
    properties = said | _about(send_id, campaign, variant)
    return _event(Names.SURVEY_ANSWERED, f"survey-{send_id.hex()}", person, at, properties)


def _event(
    name: str, message_id: str, person: PersonId, at: Instant, properties: dict[str, Scalar]
) -> TrackedEvent:
    return {
        "type": "track",
        "event": name,
        "messageId": message_id,
        "timestamp": iso(at),
        "context": {"personId": person},
        "properties": properties,
    }


def _about(send_id: bytes, campaign: str, variant: str, **more: Scalar) -> dict[str, Scalar]:
    return {"send_id": send_id.hex(), "campaign": campaign, "variant": variant} | more


def iso(at: Instant) -> str:
    """Return an instant as ISO 8601 in UTC with microseconds."""
    seconds, micros = divmod(at, 1_000_000)
    whole = datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)
    return whole.isoformat(timespec="microseconds").replace("+00:00", "Z")
