"""Double opt-in: each request is asked about once, by mail, and holds when its owner says so.

The request waits in the log. Deciding to ask is a decision in the ledger, and its mail a send like
any other: a kill anywhere asks nobody twice.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

import msgspec

from tailorbird import delivery, journeys, letters
from tailorbird.collect.forms import Form
from tailorbird.collect.forms_messages import (
    CONFIRMED,
    SOURCE,
    SUBMITTED,
    Submission,
    address,
    agreed,
    requested,
)
from tailorbird.errors import DefinitionError, TailorbirdError, UsageError
from tailorbird.forms.asking import find
from tailorbird.forms.mail import rendered
from tailorbird.forms.submitting import submit
from tailorbird.privacy.permit import (
    REQUEST_HOURS,
    ConfirmationPermit,
    Refusal,
    confirmation_permit,
)
from tailorbird.schema import (
    DAY,
    HOUR,
    Claim,
    ConsentRequest,
    Decision,
    Instant,
    Outgoing,
    PersonId,
    Position,
    Settlement,
)
from tailorbird.tracking.tokens import Sealer
from tailorbird.world import World

PREFIX: Final = "form:"
"""Begins the name under which the ledger keeps confirmations, which no campaign can have."""
READER: Final = "form requests"
MOST_A_DAY: Final = 5
"""Confirmation mails to one person, of all forms together."""
MOST_DECISIONS: Final = 10_000
STEP: Final = 2_000
"""Log records after which a reading without requests is remembered."""

# Anybody may send an event of these names: ours alone count.
_NEWS: Final = """
SELECT position, said.person, said.event, text FROM properties AS said SEMI JOIN
  (SELECT position FROM facts WHERE source = $1 AND position > $2 AND position < $3)
USING (position)
WHERE position > $2 AND position < $3 AND said.person IS NOT NULL
  AND (said.event = $4 AND name = 'pending' OR said.event = $5 AND name = 'submission')
ORDER BY position
"""
_LATER_PAGES: Final = """
SELECT position FROM properties
SEMI JOIN (SELECT position FROM facts WHERE source = $1 AND event = $2) USING (position)
WHERE event = $2 AND name = 'after' AND text = $3 ORDER BY position
"""
_CONFIRMED: Final = """
SELECT position FROM properties SEMI JOIN
  (SELECT position FROM facts WHERE source = $1 AND position > $2 AND event = $3) USING (position)
WHERE position > $2 AND event = $3 AND name = 'submission' AND text = $4 LIMIT 1
"""


class Request(msgspec.Struct, frozen=True):
    """A submission that waits for the owner of its address, and the form that it answers."""

    form: Form
    submission: Submission
    person: PersonId
    position: Position

    def expired(self, now: Instant) -> bool:
        """Return whether it has waited too long."""
        return now >= self.submission.at + REQUEST_HOURS * HOUR


# -- deciding whom to ask -------------------------------------------------------------------------


def ask(world: World, now: Instant) -> int:
    """Decide about every request that came since the last time; return how many are asked.

    Later pages of a form count as soon as the request that they belong to is confirmed.
    """
    done, end = int(world.log.progress(READER) or 0), world.facts.offset()
    if end <= done:
        return 0
    bounds = (((done + 1) << 20) - 1, (end + 1) << 20)
    rows = world.facts.read(_NEWS, (SOURCE, *bounds, SUBMITTED, CONFIRMED)).to_pylist()
    asked = 0
    for row in rows:
        if row["event"] == CONFIRMED:
            later = world.facts.read(_LATER_PAGES, (SOURCE, SUBMITTED, row["text"])).to_pylist()
            for each in later:
                _count_in(world, each["position"], now)
            continue
        decision = _decided(world, row["position"], row["person"], now)
        if decision is not None:
            asked += world.ledger.record([decision]) and decision.verdict == "send"
    if rows or end - done >= STEP:
        world.log.append_from(READER, [], str(end))
    return asked


def _decided(world: World, position: Position, person: PersonId, now: Instant) -> Decision | None:
    submission = _submission(world, position)
    if submission is None:
        return None
    if submission.after:
        if confirmed(world, submission.after):
            _count_in(world, position, now)
        return None
    reason = _refusal(world, submission, person, position, now)
    campaign = PREFIX + submission.form
    return Decision(
        # Not by person: she may be merged before this is decided again.
        id=journeys.decision_id(campaign, 0, submission.id),
        campaign=campaign,
        campaign_version=submission.version,
        occurrence=submission.id,
        person=person,
        at=now,
        verdict="refused" if reason else "send",
        reason=reason,
        inputs=msgspec.json.encode({"position": position}),
    )


def _refusal(
    world: World, submission: Submission, person: PersonId, position: Position, now: Instant
) -> str:
    """Return why a request is not asked about, or ''."""
    try:
        form, _ = find(world, submission.form, submission.version)
    except TailorbirdError:
        return "unknown_form"  # its definition is gone, or of a later version of ours
    permit = _permit(world, Request(form, submission, person, position), now)
    if not isinstance(permit, ConfirmationPermit):
        return permit.reason
    return _rate(world, submission, person, now)


def _count_in(world: World, position: Position, now: Instant) -> None:
    """Take a later page in, now that its address is confirmed; doing it again changes nothing."""
    submission = _submission(world, position)
    if submission is not None:
        with suppress(UsageError, DefinitionError):
            form, _ = find(world, submission.form, submission.version)
            submit(world, form, msgspec.structs.replace(submission, confirmed_at=now))


def _rate(world: World, submission: Submission, person: PersonId, now: Instant) -> str:
    """Return why this person is not asked again so soon, or ''.

    An address gets one mail while a request of the same form waits, however often it is given.
    """
    before = [
        decision
        for decision in world.ledger.decisions(person=person, limit=MOST_DECISIONS)
        if decision.campaign.startswith(PREFIX)
        and decision.verdict == "send"
        and decision.occurrence != submission.id
    ]
    if sum(now - decision.at < DAY for decision in before) >= MOST_A_DAY:
        return "asked_often"
    open_ = (
        decision
        for decision in before
        if decision.campaign == PREFIX + submission.form
        and now - decision.at < REQUEST_HOURS * HOUR
    )
    waits = any(
        not confirmed(world, decision.occurrence, _position(decision)) for decision in open_
    )
    return "asked_already" if waits else ""


# -- the mail -------------------------------------------------------------------------------------


def is_confirmation(claim: Claim) -> bool:
    """Return whether a send asks for a confirmation."""
    return claim.campaign.startswith(PREFIX)


def outgoing(world: World, claim: Claim, now: Instant) -> Outgoing | Settlement:
    """Return the mail that asks, or the claim's end when there is nothing to ask any more."""
    request = request_of(world, claim.send_id)
    if request is None:
        return Settlement(claim.send_id, "cancelled", world.carrier.name, "unknown_request")
    if confirmed(world, request.submission.id, request.position):
        return Settlement(claim.send_id, "cancelled", world.carrier.name, "confirmed")
    permit = _permit(world, request, now)
    if not isinstance(permit, ConfirmationPermit):
        return Settlement(claim.send_id, "cancelled", world.carrier.name, permit.reason)
    settings, token = world.settings, Sealer(world.token_key).seal("confirm", claim.send_id)
    base = settings.server.base_url.rstrip("/")
    url = f"{base}/f/{request.form.name}/confirm/{token}"
    return delivery.outgoing(
        permit,
        rendered(request.form, agreed(request.form, request.submission), url, settings.sender),
        delivery.Envelope(
            send_id=claim.send_id,
            to=permit.address,
            from_address=settings.sender.address,
            from_name=settings.sender.name,
            domain=settings.sender.domain,
            now=now,
            campaign=claim.campaign,
        ),
        bounce_key=world.token_key,
        signers=letters.signers(settings, world.folder, settings.sender.address, now),
    )


# -- the owner's answer ---------------------------------------------------------------------------


def request_of(world: World, send_id: bytes) -> Request | None:
    """Return the request that a confirmation mail asks about; None when it is not known."""
    decision = world.ledger.decision(send_id)
    if decision is None or not decision.campaign.startswith(PREFIX):
        return None
    position = _position(decision)
    submission = _submission(world, position)
    if submission is None:
        return None
    try:
        form, _ = find(world, submission.form, submission.version)
    except TailorbirdError:
        return None
    person = world.people.survivor(decision.person) or decision.person
    return Request(form, submission, person, position)


def confirm(world: World, request: Request, now: Instant) -> bool:
    """Record durably that the owner of the address meant it; False when it is too late.

    Saying it twice is saying it once.
    """
    submission = request.submission
    if confirmed(world, submission.id, request.position):
        return True
    if request.expired(now):
        return False
    submit(world, request.form, msgspec.structs.replace(submission, confirmed_at=now))
    return True


def confirmed(world: World, submission: str, since: Position = 0) -> bool:
    """Return whether a submission, told at a position, is known to be confirmed."""
    return bool(world.facts.read(_CONFIRMED, (SOURCE, since, CONFIRMED, submission)).num_rows)


def _permit(world: World, request: Request, now: Instant) -> ConfirmationPermit | Refusal:
    given = address(request.form, request.submission)
    asked = ConsentRequest(request.person, given, request.submission.at, request.position)
    return confirmation_permit(asked, world.people.suppression(given), now)


def _position(decision: Decision) -> Position:
    return int(msgspec.json.decode(decision.inputs)["position"])


def _submission(world: World, position: Position) -> Submission | None:
    records = world.log.read((position >> 20) - 1, 1)
    ours = bool(records) and records[0].body.source == SOURCE
    return requested(records[0].body.content) if ours else None
