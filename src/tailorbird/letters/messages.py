"""One person's message, from the claim to what the log is told of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from tailorbird import delivery, journeys
from tailorbird.delivery.feedback import GONE, SENDERS_FAULT
from tailorbird.delivery.feedback.reasons import reason_of, without_addresses
from tailorbird.errors import TemplateError, UsageError
from tailorbird.letters import campaigns, editions, frequency
from tailorbird.letters.addressees import Addressees
from tailorbird.letters.deciding import MISSING
from tailorbird.letters.digests import digest_of
from tailorbird.letters.editions import Edition
from tailorbird.letters.given import Values, values
from tailorbird.letters.rendering import render
from tailorbird.letters.senders import reads_mail, signers
from tailorbird.privacy.permit import Permit, permit
from tailorbird.schema import (
    Claim,
    Decision,
    Instant,
    Outgoing,
    PersonId,
    Profile,
    Rendered,
    Settlement,
)
from tailorbird.tracking import amp_links, form_links, image_links
from tailorbird.tracking import events as tracked
from tailorbird.tracking.tokens import WEB_ADDRESS, Sealer
from tailorbird.tracking.utm import tagged
from tailorbird.world import World

ANSWERED: Final = re.compile(r"[245]\d\d\b")
"""How the reply of a mail server begins; other failures never left this machine."""
UNMADE: Final = "broken"
"""How the end of a mail begins that could be decided, and cannot be made when it is to leave."""
ADDRESSED: Final = ("forms.", "amp.", "images.")
"""How paths of templates begin that are addresses, each sealed for one mail."""


class _Ready:
    """An edition with what is made of it once."""

    __slots__ = ("addressed", "edition", "gaps", "template")

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        self.template, self.gaps = edition.template, edition.gaps
        self.addressed = [path for path in self.template.variables() if path.startswith(ADDRESSED)]


class Composer:
    """Makes one message after the other for `delivery.deliver`."""

    def __init__(self, world: World, now: Instant) -> None:
        self._world = world
        self._now = now
        self._sealer = Sealer(world.token_key)
        self._signers: dict[str, list[delivery.DkimSigner]] = {}
        self._editions: dict[tuple[str, int, str], _Ready] = {}
        self._first: dict[PersonId, bytes] = {}
        self._addressees = Addressees(world.people)

    def expect(self, claims: Sequence[Claim | Decision]) -> None:
        """Take note of the mails that are wanted next."""
        self._addressees.expect(claim.person for claim in claims)

    def outgoing(self, claim: Claim) -> Outgoing | Settlement:
        """Return the claim's message, or its end when the person must not be written to any more.

        Consent and suppression are those of right before the send.
        """
        world = self._world
        found = self._addressees.find(claim.person)
        person, profile, state = found.person, found.profile, found.consent
        if person != claim.person and self._decided_too(claim, person):
            return Settlement(claim.send_id, "cancelled", world.carrier.name, "merged")
        kept: Values = msgspec.json.decode(claim.inputs)
        ready = self._ready(claim, kept)
        answer = permit(state, person, ready.edition.campaign.purpose, self._now)
        if not isinstance(answer, Permit):
            return Settlement(claim.send_id, "cancelled", world.carrier.name, answer.reason)
        if profile is None or not profile.email:
            return Settlement(claim.send_id, "cancelled", world.carrier.name, journeys.NO_ADDRESS)
        if self._has_enough(claim, profile, ready):
            return Settlement(claim.send_id, "cancelled", world.carrier.name, frequency.REASON)
        tracks = isinstance(permit(state, person, "tracking", self._now), Permit)
        urls = self._urls(claim, ready)
        try:
            data = self._data(claim, kept, profile, ready, urls)
            if lacking := ready.gaps.find(data, claim.decided_at).missing:
                why = f"{MISSING} {lacking[0]}"
                return Settlement(claim.send_id, "cancelled", world.carrier.name, why)
            rendered = self._rendered(claim, data, ready, tracked=tracks)
        except TemplateError as error:
            # One person's data must not hold up everybody else's mail.
            why = f"{UNMADE}: {error.sentence()}"
            return Settlement(claim.send_id, "failed", world.carrier.name, why)
        envelope = self._envelope(claim, profile, ready.edition, urls["unsubscribe_url"])
        made = delivery.outgoing(
            answer,
            rendered,
            envelope,
            bounce_key=world.token_key,
            signers=self._signing(envelope.from_address),
        )
        return msgspec.structs.replace(made, digest=digest_of(rendered))

    def _has_enough(self, claim: Claim, profile: Profile, ready: _Ready) -> bool:
        """Return whether she chose fewer mails than this would make; what was decided before, too.

        Of several that wait, the first is sent: the next may be in hand before that is known.
        """
        if ready.edition.campaign.purpose != "email_marketing" or not frequency.chosen(profile):
            return False
        first = self._first.setdefault(profile.person, claim.send_id)
        others = frequency.has_enough(self._world, profile, claim.send_id, self._now)
        return first != claim.send_id or others

    def _decided_too(self, claim: Claim, survivor: PersonId) -> bool:
        """Return whether the person into whom this one was merged was decided about as well."""
        ledger = self._world.ledger
        decision = ledger.decision(claim.send_id)
        if decision is None:
            return False
        other = journeys.decision_id(claim.campaign, survivor, decision.occurrence)
        return ledger.decision(other) is not None

    def _data(
        self, claim: Claim, kept: Values, profile: Profile, ready: _Ready, urls: Values
    ) -> Values:
        """Return all that the claim's template reads."""
        base = ready.edition.manifest.base_url
        asking = form_links.in_mail(
            self._sealer, base, ready.addressed, claim.send_id, claim.decided_at
        )
        fed = amp_links.in_mail(
            self._sealer, base, ready.addressed, claim.send_id, claim.decided_at
        )
        drawn = image_links.in_mail(
            self._sealer,
            base,
            ready.addressed,
            image_links.ImageLink("", claim.decided_at, claim.send_id),
        )
        asked = {"forms": asking, "amp": fed, "images": drawn}
        return values(ready.edition, profile, kept, urls | asked)

    def _rendered(self, claim: Claim, data: Values, ready: _Ready, *, tracked: bool) -> Rendered:
        """Return the mail's text; without consent to tracking it has no pixel and bare links."""
        send_id, sealer, base = claim.send_id, self._sealer, ready.edition.manifest.base_url
        tags = ready.edition.campaign.tags(claim.variant)

        def bare(url: str, index: int) -> str:
            return tagged(url, tags)

        def link(url: str, index: int) -> str:
            if not WEB_ADDRESS.fullmatch(url):  # it leads nowhere, which the audience check tells
                return url
            return f"{base}/c/{sealer.seal('click', send_id, link=index, url=tagged(url, tags))}"

        return render(
            ready.template,
            claim.variant,
            data,
            links=link if tracked else bare,
            pixel_url=f"{base}/o/{sealer.seal('open', send_id)}.gif" if tracked else "",
            now=claim.decided_at,
        )

    def again(self, decision: Decision, *, tracked: bool | None = None) -> Rendered | None:
        """Return a decided mail as `outgoing` renders it, whatever has been withdrawn since.

        Without `tracked`, links and pixel are as the person's consent is now.
        """
        found = self._addressees.find(decision.person)
        person, profile = found.person, found.profile
        if profile is None:
            return None
        claim = Claim(
            decision.id, decision.campaign, decision.campaign_version, person, decision.variant,
            decision.at, 0, decision.inputs,
        )  # fmt: skip
        if tracked is None:
            tracked = isinstance(permit(found.consent, person, "tracking", self._now), Permit)
        kept: Values = msgspec.json.decode(claim.inputs)
        ready = self._ready(claim, kept)
        data = self._data(claim, kept, profile, ready, self._urls(claim, ready))
        return self._rendered(claim, data, ready, tracked=tracked)

    def _urls(self, claim: Claim, ready: _Ready) -> Values:
        base = ready.edition.manifest.base_url
        seal: Callable[..., str] = self._sealer.seal
        return {
            "unsubscribe_url": f"{base}/u/{seal('unsubscribe', claim.send_id)}",
            "view_url": f"{base}/v/{seal('view', claim.send_id)}",
            "personalisation_url": f"{base}/p/{seal('personalisation', claim.send_id)}",
            "preferences_url": f"{base}/m/{seal('preferences', claim.send_id)}",
        }

    def _ready(self, claim: Claim, kept: Values) -> _Ready:
        """Return the edition with which a claim was decided; of older decisions, the present."""
        digest = str(kept.get("edition", ""))
        key = (claim.campaign, claim.campaign_version, digest)
        if key not in self._editions:
            self._editions[key] = _Ready(self._edition(claim, digest))
        return self._editions[key]

    def _edition(self, claim: Claim, digest: str) -> Edition:
        if digest:
            return editions.kept(self._world, digest)
        found = campaigns.find(self._world, claim.campaign, claim.campaign_version)
        if found is None:
            what = f"no campaign {claim.campaign!r}, version {claim.campaign_version}"
            raise UsageError(what)
        return editions.current(self._world, *found)

    def _envelope(
        self, claim: Claim, profile: Profile, edition: Edition, unsubscribe_url: str
    ) -> delivery.Envelope:
        settings, campaign, manifest = self._world.settings, edition.campaign, edition.manifest
        own, chief = manifest.sender, settings.sender
        return delivery.Envelope(
            send_id=claim.send_id,
            to=profile.email,
            to_name=str(profile.traits.get("first_name") or ""),
            from_address=own.get("address", chief.address),
            from_name=campaign.from_name or own.get("name", chief.name),
            reply_to=campaign.reply_to or own.get("reply_to", chief.reply_to),
            domain=own.get("domain", chief.domain),
            now=self._now,
            unsubscribe_url=unsubscribe_url,
            unsubscribe_by_mail=chief.unsubscribe_by_mail and reads_mail(settings),
            campaign=claim.campaign,
            variant=claim.variant,
        )

    def _signing(self, address: str) -> list[delivery.DkimSigner]:
        """Return what signs the mails from an address, looked up once."""
        if address not in self._signers:
            world = self._world
            self._signers[address] = signers(world.settings, world.folder, address, self._now)
        return self._signers[address]


def sent_html(world: World, send_id: bytes) -> str | None:
    """Return the mail that a send brought, made again from its decision; None when unknown.

    Byte for byte what was sent, as long as the person's name has not changed since.
    """
    decision = world.ledger.decision(send_id)
    if decision is None or decision.verdict != "send":
        return None
    composer = Composer(world, world.ledger.sent_at(send_id) or decision.at)
    rendered = composer.again(decision)
    return None if rendered is None else rendered.html


def settled_event(world: World, settlement: Settlement, at: Instant) -> tracked.TrackedEvent | None:
    """Return what the log is told of a send's end; nothing of one that goes on or never left."""
    decision = world.ledger.decision(settlement.send_id)
    if decision is None or settlement.state not in ("sent", "unknown", "failed"):
        return None
    who, campaign, variant = decision.person, decision.campaign, decision.variant
    if settlement.state != "failed":
        return tracked.sent_event(
            settlement.send_id, person=who, campaign=campaign, variant=variant, at=at
        )
    if not ANSWERED.match(settlement.reply):
        return None
    why = reason_of(settlement.reply).why
    return tracked.bounced_event(
        settlement.send_id,
        person=who,
        campaign=campaign,
        variant=variant,
        at=at,
        reason=without_addresses(settlement.reply),
        hard=why in GONE,
        why=why,
        sender_fault=why in SENDERS_FAULT,
    )
