"""Who may be written to when her mail is claimed: asked again, inside that very transaction."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tailorbird import journeys
from tailorbird.outbox import Admission
from tailorbird.privacy.permit import Permit, permit
from tailorbird.schema import DAY, Claim, ConsentState, Instant, PersonId, Settlement
from tailorbird.world import World

URGENT: Final = 0
"""The rank of mails that somebody waits for; campaigns come after them."""


class Door:
    """`outbox.Gate` of a data folder: consent, suppression, caps, and one mail an address.

    Campaigns that begin with `apart` are not asked about: their mails judge for themselves, and go
    first. Without `all_lanes`, this worker does not send them. Once `ending`, it lets nobody in.
    """

    def __init__(
        self,
        world: World,
        *,
        apart: str,
        all_lanes: bool = True,
        ending: Callable[[], bool] = bool,
    ) -> None:
        self._world = world
        self._apart = apart
        self._all_lanes = all_lanes
        self._ending = ending
        self._campaigns: dict[tuple[str, int], journeys.Campaign | None] = {}

    def rank(self, campaign: str) -> int | None:
        """Return a campaign's place in the queue, the lowest first; None: not by this worker."""
        if self._ending():
            return None
        if campaign.startswith(self._apart):
            return URGENT if self._all_lanes else None
        standing = self._campaign(campaign)
        return URGENT + (standing.priority if standing else journeys.COMMON_PRIORITY)

    def admit(self, claims: Sequence[Claim], now: Instant) -> Admission:
        """Return who may not be written to after all, and whose addresses count once."""
        asked = [claim for claim in claims if not claim.campaign.startswith(self._apart)]
        people = self._world.people
        homes = people.ties.homes({claim.person for claim in asked})
        states = people.consent_states([homes.get(c.person, c.person) for c in asked])
        over = self._over_cap(asked, homes, now)
        ended: list[Settlement] = []
        addresses: dict[bytes, bytes] = {}
        for claim in asked:
            person = homes.get(claim.person, claim.person)
            why = self._refusal(claim, person, states.get(person), now)
            if claim.send_id in over:
                why = why or journeys.CAP
            if why:
                carrier = self._world.carrier.name
                ended.append(Settlement(claim.send_id, "cancelled", carrier, why))
            elif not self._shares_address(claim):
                addresses[claim.send_id] = states[person].address_key
        return Admission(tuple(ended), addresses)

    def _refusal(
        self, claim: Claim, person: PersonId, state: ConsentState | None, now: Instant
    ) -> str:
        if person != claim.person and self._decided_too(claim, person):
            return journeys.MERGED
        campaign = self._campaign(claim.campaign, claim.campaign_version)
        answer = permit(state, person, campaign.purpose if campaign else "email_marketing", now)
        if not isinstance(answer, Permit):
            return answer.reason
        return "" if state and state.has_address else journeys.NO_ADDRESS

    def _decided_too(self, claim: Claim, survivor: PersonId) -> bool:
        """Return whether the person into whom this one was merged was decided about as well."""
        other = journeys.decision_id(claim.campaign, survivor, claim.occurrence)
        return self._world.ledger.decision(other) is not None

    def _over_cap(
        self, claims: Sequence[Claim], homes: Mapping[PersonId, PersonId], now: Instant
    ) -> set[bytes]:
        """Return the sends by which somebody would get more mails than their campaigns allow."""
        by_campaign: dict[str, list[Claim]] = defaultdict(list)
        for claim in claims:
            by_campaign[claim.campaign].append(claim)
        over: set[bytes] = set()
        allowed: Counter[PersonId] = Counter()
        for name, own in by_campaign.items():
            campaign = self._campaign(name, own[0].campaign_version)
            if campaign is not None and campaign.cap is not None:
                since = now - campaign.cap.days * DAY
                numbers = sorted({claim.person for claim in own})
                recent = self._world.ledger.recent(numbers, since, name, self._apart)
                over |= {
                    claim.send_id
                    for claim in own
                    if recent.get(claim.person, 0) + allowed[homes.get(claim.person, claim.person)]
                    >= campaign.cap.messages
                }
            left = [claim for claim in own if claim.send_id not in over]
            allowed.update(homes.get(claim.person, claim.person) for claim in left)
        return over

    def _shares_address(self, claim: Claim) -> bool:
        """Return whether everybody at an address gets her own mail of this campaign."""
        campaign = self._campaign(claim.campaign, claim.campaign_version)
        return campaign is not None and campaign.each_person

    def _campaign(self, name: str, version: int = 0) -> journeys.Campaign | None:
        """Return a version of a campaign, the latest for 0; None where none was kept."""
        key = (name, version)
        if key not in self._campaigns:
            found = self._world.definitions.get("campaign", name, version or None)
            readable = found is not None and not found.removed
            self._campaigns[key] = (
                journeys.parse(found.text, f"campaigns/{name}.yaml") if found and readable else None
            )
        return self._campaigns[key]
