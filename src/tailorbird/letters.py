"""One person's mail: the values that a template is given, its links, its message.

`flow` decides and delivers with it; `readings` shows a mail as any person would get it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec

from tailorbird import content, delivery, imputation, journeys, learning
from tailorbird.errors import SettingsError, TemplateError, UsageError
from tailorbird.privacy.permit import Permit, permit
from tailorbird.schema import (
    Claim,
    ConsentState,
    Decision,
    Instant,
    Outgoing,
    PersonId,
    Product,
    Profile,
    Rendered,
    Settlement,
)
from tailorbird.tracking import events as tracked
from tailorbird.tracking import form_links
from tailorbird.tracking.tokens import Sealer
from tailorbird.world import World

TRAITS: Final = (
    "tier", "orders", "recency_days", "revenue_minor", "favourite_item", "favourite_category",
    "country", "purchase_score",
)  # fmt: skip
"""What a decision keeps of a person for its template. No name, no address."""
EXCLUDE_RECENT_DAYS: Final = 7.0
"""Nothing that was bought in the last week is recommended again."""
ANSWERED: Final = re.compile(r"[245]\d\d\b")
"""How the reply of a mail server begins; other failures never left this machine."""
NO_SUCH_MAILBOX: Final = re.compile(r"\b5\.1\.[0-3]\b")
"""Enhanced status (RFC 3463) of an address that is no good. Other refusals may be our own fault."""
_IN_STOCK: Final = "SELECT item FROM products WHERE stock IS NULL OR stock > 0 ORDER BY item"

Values = dict[str, Any]


# -- what a decision keeps ------------------------------------------------------------------------


def inputs(
    world: World,
    campaign: journeys.Campaign,
    people: Sequence[PersonId],
    states: Mapping[PersonId, ConsentState],
    now: Instant,
) -> dict[PersonId, dict[str, object]]:
    """Return what each person's template will be given, and which model said so.

    Who has not agreed to personalisation gets what is popular, and no traits.
    """
    whole = imputation.table(world, TRAITS, now, people, lambda: learning.trainees(world, now))
    traits = {row.pop("person"): row for row in whole.table.to_pylist()}
    personal = {
        person
        for person in people
        if isinstance(permit(states.get(person), person, "personalisation", now), Permit)
    }
    shown, version = recommendations(world, people, personal, campaign.recommendations, now)
    return {
        person: {
            "traits": traits.get(person, {}) if person in personal else {},
            **(whole.mark(person) if person in personal else {}),
            "recommendations": shown.get(person, []),
            "personalised": person in personal,
            "recommender_version": version,
        }
        for person in people
    }


def recommendations(
    world: World,
    people: Sequence[PersonId],
    personal: set[PersonId],
    number: int,
    now: Instant,
) -> tuple[dict[PersonId, list[Values]], int]:
    """Return products for each person, best first, and the version of the model that chose them.

    Only people in `personal` are recommended from their own history.
    """
    found = learning.recommender(world) if number else None
    if found is None:
        return {}, 0
    version, model = found
    history = learning.history(world, sorted(personal), now)
    within = world.facts.read(_IN_STOCK).column("item").to_pylist()
    top = model.with_history(history, now=now).top(
        people, number, now=now, within=within, exclude_recent_days=EXCLUDE_RECENT_DAYS
    )
    rows = top.to_pylist()
    products = world.facts.products(sorted({row["item"] for row in rows}))
    chosen: dict[PersonId, list[Values]] = {}
    for row in rows:
        product = products.get(row["item"], Product(row["item"]))
        chosen.setdefault(row["person"], []).append(
            {
                "item": product.item,
                "name": product.name or product.item,
                "category": product.category,
                "price_minor": product.price_minor,
                "currency": product.currency or world.settings.shop.currency,
                "url": product.url or f"{world.settings.shop.url}/products/{product.item}",
                "image": product.image,
                "reason": row["reason"],
                "score": round(row["score"], 6),
            }
        )
    return chosen, version


# -- templates ------------------------------------------------------------------------------------


def check(world: World, campaign: journeys.Campaign, version: int) -> None:
    """Compile the campaign's template, so that a mistake ends the campaign before it begins.

    Raises:
        TemplateError: with the place and the mend.
        UsageError: there is no such template.
    """
    template(world, campaign, version)


def check_template(world: World, name: str, mjml: str) -> None:
    """Compile a template with a plain subject.

    Raises:
        TemplateError: with the place and the mend.
    """
    blocks = {block.name: block.text for block in world.definitions.latest("block")}
    content.compile_email(
        content.EmailSource(name=name, subjects={"any": "Hello"}, mjml=mjml), blocks
    )


def template(world: World, campaign: journeys.Campaign, version: int) -> content.EmailTemplate:
    """Return the campaign's template, compiled once for each version of it, blocks included."""
    found = world.definitions.get("template", campaign.template)
    if found is None:
        known = ", ".join(d.name for d in world.definitions.latest("template")) or "none yet"
        raise UsageError(
            f"no template {campaign.template!r}",
            where=f"campaigns/{campaign.name}.yaml",
            mend=f"templates here: {known}",
        )
    subjects = tuple((name, variant.subject) for name, variant in campaign.variants.items())
    blocks = tuple((block.name, block.text) for block in world.definitions.latest("block"))
    return _compiled(campaign.template, subjects, found.text, blocks)


@lru_cache(maxsize=32)
def _compiled(
    name: str,
    subjects: tuple[tuple[str, str], ...],
    mjml: str,
    blocks: tuple[tuple[str, str], ...],
) -> content.EmailTemplate:
    source = content.EmailSource(name=name, subjects=dict(subjects), mjml=mjml)
    return content.compile_email(source, dict(blocks))


def values(
    world: World,
    profile: Profile,
    kept: Mapping[str, object],
    campaign: str,
    urls: Mapping[str, Any],
) -> Values:
    """Return what a template may read, for one person."""
    settings = world.settings
    return {
        "person": {
            "first_name": profile.traits.get("first_name"),
            "country": profile.traits.get("country"),
        },
        "traits": kept.get("traits", {}),
        "imputed": kept.get("imputed", []),
        "recommendations": kept.get("recommendations", []),
        "shop": msgspec.to_builtins(settings.shop),
        "sender": {"name": settings.sender.name, "postal_address": settings.sender.postal_address},
        "campaign": {"name": campaign},
        "demo": settings.demo,
        **urls,
    }


# -- messages -------------------------------------------------------------------------------------


class Composer:
    """Makes one message after the other for `delivery.deliver`."""

    def __init__(self, world: World, now: Instant) -> None:
        self._world = world
        self._now = now
        self._sealer = Sealer(world.token_key)
        self._signers = signers(world)
        self._campaigns: dict[tuple[str, int], journeys.Campaign] = {}
        self._templates: dict[tuple[str, int], content.EmailTemplate] = {}

    def outgoing(self, claim: Claim) -> Outgoing | Settlement:
        """Return the claim's message, or its end when the person must not be written to any more.

        Consent and suppression are asked again here, right before the send.
        """
        world = self._world
        person = world.people.survivor(claim.person) or claim.person
        if person != claim.person and self._decided_too(claim, person):
            return Settlement(claim.send_id, "cancelled", world.carrier.name, "merged")
        profile = world.people.profiles([person]).get(person)
        campaign = self._campaign(claim)
        state = world.people.consent_states([person]).get(person)
        answer = permit(state, person, campaign.purpose, self._now)
        if not isinstance(answer, Permit):
            return Settlement(claim.send_id, "cancelled", world.carrier.name, answer.reason)
        if profile is None or not profile.email:
            return Settlement(claim.send_id, "cancelled", world.carrier.name, journeys.NO_ADDRESS)
        tracks = isinstance(permit(state, person, "tracking", self._now), Permit)
        try:
            rendered = self.rendered(claim, profile, campaign, tracked=tracks)
        except TemplateError as error:
            # One person's data must not hold up everybody else's mail.
            return Settlement(claim.send_id, "failed", world.carrier.name, error.sentence())
        return delivery.outgoing(
            answer,
            rendered,
            self._envelope(claim, profile),
            bounce_key=world.token_key,
            signers=self._signers,
        )

    def _decided_too(self, claim: Claim, survivor: PersonId) -> bool:
        """Return whether the person into whom this one was merged was decided about as well."""
        ledger = self._world.ledger
        decision = ledger.decision(claim.send_id)
        if decision is None:
            return False
        other = journeys.decision_id(claim.campaign, survivor, decision.occurrence)
        return ledger.decision(other) is not None

    def rendered(
        self, claim: Claim, profile: Profile, campaign: journeys.Campaign, *, tracked: bool
    ) -> Rendered:
        """Return the mail's text; without consent to tracking it has no pixel and bare links."""
        send_id, sealer = claim.send_id, self._sealer

        def link(url: str, index: int) -> str:
            token = sealer.seal("click", send_id, link=index, url=url)
            return f"{self._base}/c/{token}"

        template = self._template(campaign, claim.campaign_version)
        paths = template.variables()
        asking = form_links.in_mail(sealer, self._base, paths, send_id, claim.decided_at)
        return template.render(
            claim.variant,
            values(
                self._world,
                profile,
                msgspec.json.decode(claim.inputs),
                claim.campaign,
                self._urls(claim) | {"forms": asking},
            ),
            links=link if tracked else _bare,
            pixel_url=f"{self._base}/o/{sealer.seal('open', send_id)}.gif" if tracked else "",
            now=claim.decided_at,
        )

    def again(self, decision: Decision) -> Rendered | None:
        """Return a decided mail as `outgoing` renders it, whatever has been withdrawn since."""
        person = self._world.people.survivor(decision.person) or decision.person
        profile = self._world.people.profiles([person]).get(person)
        if profile is None:
            return None
        claim = Claim(
            decision.id, decision.campaign, decision.campaign_version, person, decision.variant,
            decision.at, 0, decision.inputs,
        )  # fmt: skip
        state = self._world.people.consent_states([person]).get(person)
        tracks = isinstance(permit(state, person, "tracking", self._now), Permit)
        return self.rendered(claim, profile, self._campaign(claim), tracked=tracks)

    @property
    def _base(self) -> str:
        return self._world.settings.server.base_url.rstrip("/")

    def _urls(self, claim: Claim) -> Values:
        seal: Callable[..., str] = self._sealer.seal
        return {
            "unsubscribe_url": f"{self._base}/u/{seal('unsubscribe', claim.send_id)}",
            "view_url": f"{self._base}/v/{seal('view', claim.send_id)}",
        }

    def _template(self, campaign: journeys.Campaign, version: int) -> content.EmailTemplate:
        key = (campaign.name, version)
        if key not in self._templates:
            self._templates[key] = template(self._world, campaign, version)
        return self._templates[key]

    def _campaign(self, claim: Claim) -> journeys.Campaign:
        key = (claim.campaign, claim.campaign_version)
        if key not in self._campaigns:
            found = self._world.definitions.get("campaign", *key)
            if found is None:
                raise UsageError(
                    f"no campaign {claim.campaign!r}, version {claim.campaign_version}"
                )
            self._campaigns[key] = journeys.parse(found.text, f"campaigns/{found.name}.yaml")
        return self._campaigns[key]

    def _envelope(self, claim: Claim, profile: Profile) -> delivery.Envelope:
        sender = self._world.settings.sender
        first_name = profile.traits.get("first_name")
        return delivery.Envelope(
            send_id=claim.send_id,
            to=profile.email,
            to_name=str(first_name or ""),
            from_address=sender.address,
            from_name=sender.name,
            domain=sender.domain,
            now=self._now,
            unsubscribe_url=self._urls(claim)["unsubscribe_url"],
            campaign=claim.campaign,
            variant=claim.variant,
        )


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


def signers(world: World) -> list[delivery.DkimSigner]:
    """Return the DKIM signer of the sending domain, if a key is set.

    Raises:
        SettingsError: the key file cannot be read.
    """
    sender = world.settings.sender
    if not sender.dkim_key_file:
        return []
    try:
        key = Path(sender.dkim_key_file).read_bytes()
    except OSError as error:
        raise SettingsError(
            f"the DKIM key cannot be read: {error.strerror}",
            where=f"sender.dkim_key_file = {sender.dkim_key_file}",
            mend="give the path of a PEM private key, or leave the setting empty",
        ) from None
    return [delivery.DkimSigner(sender.domain, sender.dkim_selector or "tailorbird", key)]


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
    return tracked.bounced_event(
        settlement.send_id,
        person=who,
        campaign=campaign,
        variant=variant,
        at=at,
        reason=settlement.reply,
        hard=NO_SUCH_MAILBOX.search(settlement.reply) is not None,
    )


def _bare(url: str, index: int) -> str:
    return url
