"""What came back about mails, tied to the sends that it is about: events for the log.

The log holds mails and webhooks as they came. Here they are read, each time that the log is, and
only what is proven to be about a mail that we sent reaches a person: by a return path or a link
that nobody else can make, by what we gave a verified provider to hand back, or by a Message-ID
together with the address of its person.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from tailorbird.delivery import feedback as room
from tailorbird.delivery.feedback import providers
from tailorbird.delivery.feedback.outcomes import SENDERS_FAULT, Outcome, OutcomeKind
from tailorbird.delivery.feedback.reasons import without_addresses
from tailorbird.delivery.verp import returned_send, unsubscribed_send
from tailorbird.schema import Body, Decision, Instant, LogRecord, Names, PersonId, Scalar
from tailorbird.tracking.events import iso
from tailorbird.tracking.humans import Visit, judge
from tailorbird.tracking.tokens import Sealer
from tailorbird.world import World

Told: TypeAlias = dict[str, object]
FEEDBACK: Final = "feedback"
MAIL: Final = f"{FEEDBACK}:mail"
"""The source of raw mails; that of a provider's webhook ends in its name."""
MOST_OUTCOMES: Final = 5_000
NOTHING: Final[Told] = {"type": "nothing"}
NAMES: Final[dict[OutcomeKind, str]] = {
    "delivered": Names.EMAIL_DELIVERED, "deferred": Names.EMAIL_DEFERRED,
    "soft_bounce": Names.EMAIL_BOUNCED, "hard_bounce": Names.EMAIL_BOUNCED,
    "dropped": Names.EMAIL_DROPPED, "complaint": Names.EMAIL_COMPLAINED,
    "unsubscribe": Names.UNSUBSCRIBED, "opened": Names.EMAIL_OPENED,
    "clicked": Names.EMAIL_CLICKED, "auto_reply": Names.EMAIL_AUTO_REPLIED,
    "challenge": Names.EMAIL_AUTO_REPLIED,
}  # fmt: skip
"""What leaves a fact behind; of the rest nothing is to be told."""
HELD_KINDS: Final[frozenset[OutcomeKind]] = frozenset(
    {"soft_bounce", "hard_bounce", "complaint", "unsubscribe"}
)
"""What somebody should see even when it names no mail of ours."""
UNTOLD_AGENT: Final = "Mozilla/5.0 (unknown)"
"""Stands for the user agent of a visit of which a provider does not tell it."""
_HEX: Final = re.compile(r"[0-9a-f]{32}")
_OURS: Final = re.compile(r"([0-9a-f]{32})@")
_TOKEN: Final = re.compile(r"/u/([\w-]{20,200})")


def is_feedback(record: LogRecord) -> bool:
    """Return whether a record holds what came back as it came."""
    return record.body.source.startswith(f"{FEEDBACK}:")


def posted_body(name: str, at: Instant, content: bytes, delivery: str = "") -> Body:
    """Return a provider's request as the log keeps it; `delivery` is the id in its headers."""
    envelope = {"delivery": delivery, "posted": content.decode("utf-8", "replace")}
    return Body(f"{FEEDBACK}:{name}", at, msgspec.json.encode(envelope))


def translated(world: World, records: Sequence[LogRecord]) -> list[LogRecord]:
    """Return the records, those that hold feedback as the events that it is."""
    return [_translated(world, each) if is_feedback(each) else each for each in records]


def _translated(world: World, record: LogRecord) -> LogRecord:
    body = record.body
    name = body.source.partition(":")[2]
    reader = _Reader(world, name, body.received_at)
    said = [reader.told(outcome) for outcome in outcomes_of(name, body.content)[:MOST_OUTCOMES]]
    content = msgspec.json.encode({"batch": said})
    return LogRecord(record.offset, Body(f"delivery:{name}", body.received_at, content))


class _Envelope(msgspec.Struct):
    posted: str
    delivery: str = ""


def outcomes_of(name: str, content: bytes) -> list[Outcome | providers.Unread]:
    """Return what a body of the log says, by the part of its source after the colon."""
    if name == "mail":
        return list(room.read(content))
    if name not in providers.PROVIDERS:
        return [providers.Unread(f"there is no provider {name!r}")]
    try:
        envelope = msgspec.json.decode(content, type=_Envelope)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return [providers.Unread("the body is not as it was kept")]
    return providers.read_posted(name, envelope.posted.encode(), envelope.delivery)


class _Reader:
    """Turns the outcomes of one body into messages of the Segment spec."""

    def __init__(self, world: World, name: str, at: Instant) -> None:
        self._world = world
        self._name = name
        self._at = at
        self._verified = name != "mail"

    def told(self, outcome: Outcome | providers.Unread) -> Told:
        """Return the event of an outcome, else one that says nothing or is held."""
        if isinstance(outcome, providers.Unread):
            return self._held(outcome.why, msgspec.to_builtins(outcome))
        found = self._send(outcome)
        if found is None:
            if outcome.kind not in HELD_KINDS:
                return NOTHING
            return self._held("it is about no mail that we sent", msgspec.to_builtins(outcome))
        send_id, decision, kind = found
        return self._event(msgspec.structs.replace(outcome, kind=kind), send_id, decision)

    # -- which send -------------------------------------------------------------------------------

    def _send(self, outcome: Outcome) -> tuple[bytes, Decision, OutcomeKind] | None:
        """Return the send that an outcome is proven to be about, and what it is to that send."""
        key = self._world.token_key
        for address in outcome.envelope_to:
            asked = unsubscribed_send(address, key)
            if asked and (decision := self._decision(asked)):
                leaves = outcome.kind in ("unsubscribe", "other")
                return asked, decision, "unsubscribe" if leaves else outcome.kind
            returned = returned_send(address, key)
            if returned and (decision := self._decision(returned)):
                return returned, decision, outcome.kind
        for send_id, proven in self._named(outcome):
            decision = self._decision(send_id)
            if decision and (proven or self._is_of(decision, outcome.recipient)):
                return send_id, decision, outcome.kind
        return None

    def _named(self, outcome: Outcome) -> list[tuple[bytes, bool]]:
        """Return the sends that an outcome names, and whether that alone is proof."""
        sealer = Sealer(self._world.token_key)
        tokens = [token for link in outcome.links for token in _TOKEN.findall(link)]
        sealed = [sealer.open(token, "unsubscribe") for token in tokens[:10]]
        found = [(each.send_id, True) for each in sealed if each is not None]
        if self._verified:
            values = [value for _, value in outcome.metadata if _HEX.fullmatch(value)]
            found += [(bytes.fromhex(value), True) for value in values[:10]]
        ours = [match[1] for each in outcome.message_ids if (match := _OURS.match(each))]
        return found + [(bytes.fromhex(value), self._verified) for value in ours[:10]]

    def _decision(self, send_id: bytes) -> Decision | None:
        decision = self._world.ledger.decision(send_id)
        return decision if decision is not None and decision.verdict == "send" else None

    def _is_of(self, decision: Decision, address: str) -> bool:
        people = self._world.people
        person = people.survivor(decision.person) or decision.person
        profile = people.profiles([person]).get(person)
        return bool(address and profile and profile.email.lower() == address.lower())

    # -- what is told -----------------------------------------------------------------------------

    def _event(self, outcome: Outcome, send_id: bytes, decision: Decision) -> Told:
        name = NAMES.get(outcome.kind)
        if name is None or self._is_ours_already(outcome):
            return NOTHING
        sent_at = self._world.ledger.sent_at(send_id) or decision.at
        at = outcome.at if sent_at <= outcome.at <= self._at else self._at
        said: dict[str, Scalar] = {
            "send_id": send_id.hex(), "campaign": decision.campaign, "variant": decision.variant,
        }  # fmt: skip
        if outcome.kind in ("opened", "clicked"):
            if not self._tracked(decision.person):
                return NOTHING
            said |= _visited(outcome, at, sent_at)
        else:
            said |= _reported(outcome)
        return {
            "type": "track",
            "event": name,
            "messageId": self._id(outcome, send_id),
            "timestamp": iso(at),
            "context": {"personId": decision.person},
            "properties": said,
        }

    def _is_ours_already(self, outcome: Outcome) -> bool:
        """Return whether our own link was followed: its page has told of it."""
        base = self._world.settings.server.base_url.rstrip("/")
        return outcome.kind == "clicked" and outcome.url.startswith(f"{base}/")

    def _tracked(self, person: PersonId) -> bool:
        """Return whether she had agreed to be tracked when this came: the same at a rebuild."""
        people = self._world.people
        known = [
            each.granted
            for each in people.consents(people.survivor(person) or person)
            if each.purpose == "tracking" and each.at <= self._at
        ]
        return bool(known and known[-1])

    def _id(self, outcome: Outcome, send_id: bytes) -> str:
        """Return the provider's id of an event; of mails one for each send and kind of outcome.

        A bounce has the id that its refusal by the server itself would have had.
        """
        if self._verified:
            return f"{self._name}-{outcome.event_id}"
        if outcome.kind in ("soft_bounce", "hard_bounce"):
            return f"bounce-{send_id.hex()}"
        if outcome.kind != "deferred":
            return f"{outcome.kind}-{send_id.hex()}"
        said = f"{outcome.at} {outcome.status} {outcome.diagnostic}".encode()
        digest = hashlib.blake2b(said, digest_size=8).hexdigest()
        return f"deferred-{send_id.hex()}-{digest}"

    def _held(self, why: str, told: object) -> Told:
        digest = hashlib.blake2b(msgspec.json.encode(told), digest_size=12).hexdigest()
        mend = "it is kept for you to see; discard it when it needs nothing"
        return {
            "type": "held",
            "messageId": f"{self._name}-held-{digest}",
            "properties": {"reason": why, "mend": mend},
            "message": told,
        }


def _visited(outcome: Outcome, at: Instant, sent_at: Instant) -> dict[str, Scalar]:
    """Return what is told of an open or a click: a machine's is marked, as of our own pixel."""
    agent = outcome.user_agent or UNTOLD_AGENT
    kind: Literal["open", "click"] = "open" if outcome.kind == "opened" else "click"
    judgement = judge(Visit(kind, agent, (at - sent_at) / 1_000_000))
    told: dict[str, Scalar] = {"machine": judgement.machine, "reason": judgement.reason}
    return told | ({"url": outcome.url} if outcome.url else {})


def _reported(outcome: Outcome) -> dict[str, Scalar]:
    """Return what is told of a report, without anybody's address."""
    told: dict[str, Scalar] = {
        "kind": outcome.kind,
        "why": outcome.why,
        "status": outcome.status,
        "reason": without_addresses(outcome.diagnostic, outcome.recipient),
        "host": outcome.reporting_host[:100] if "@" not in outcome.reporting_host else "",
        "feedback_type": outcome.feedback_type,
    }
    told = {name: value for name, value in told.items() if value}
    if outcome.kind in ("soft_bounce", "hard_bounce"):
        told["hard"] = outcome.kind == "hard_bounce"
        told["sender_fault"] = outcome.why in SENDERS_FAULT
    return told
