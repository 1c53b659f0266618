"""Who may be written to when her mail is claimed: asked again, inside that very transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from tailorbird import journeys
from tailorbird.letters import campaigns
from tailorbird.letters.limiting import Mailed, limits_of, own_limits
from tailorbird.outbox import Admission
from tailorbird.privacy.permit import Permit, permit
from tailorbird.schema import Claim, ConsentState, Instant, PersonId, Purpose, Settlement
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
        self._shared = limits_of(world.settings)
        self._mailed = Mailed(world, apart)
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
        over = self._over_limits(asked, homes, now)
        ended: list[Settlement] = []
        addresses: dict[bytes, bytes] = {}
        for claim in asked:
            person = homes.get(claim.person, claim.person)
            why = self._refusal(claim, person, states.get(person), now)
            why = why or over.get(claim.send_id, "")
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
        answer = permit(state, person, self._purpose(claim), now)
        if not isinstance(answer, Permit):
            return answer.reason
        return "" if state and state.has_address else journeys.NO_ADDRESS

    def _decided_too(self, claim: Claim, survivor: PersonId) -> bool:
        """Return whether the person into whom this one was merged was decided about as well."""
        other = journeys.decision_id(claim.campaign, survivor, claim.occurrence)
        return self._world.ledger.decision(other) is not None

    def _over_limits(
        self, claims: Sequence[Claim], homes: Mapping[PersonId, PersonId], now: Instant
    ) -> dict[bytes, str]:
        """Return why sends may not go by which somebody would get more mails than are allowed.

        What waits does not count here: the arbiter has counted it, and it is asked in its turn.
        """
        bound = {claim: self._limits(claim) for claim in claims}
        span = max((limit.span for limits in bound.values() for limit in limits), default=0)
        if not span:
            return {}
        people = {claim: homes.get(claim.person, claim.person) for claim in claims}
        zones = {people[claim]: _kept_zone(claim) for claim in claims}
        marks = self._mailed.left(sorted(zones), zones, span, now)
        over: dict[bytes, str] = {}
        for claim, limits in bound.items():
            own, zone = marks[people[claim]], zones[people[claim]]
            mark = self._mailed.mark(zone, now, claim.campaign, self._purpose(claim), claim.send_id)
            full = (x for x in limits if journeys.filling(x, own, now, mark.day))
            if (limit := next(full, None)) is not None:
                over[claim.send_id] = limit.reason
            else:
                own.append(mark)
        return over

    def _limits(self, claim: Claim) -> list[journeys.Limit]:
        """Return the limits that bind a claim; what the person chose is asked with her mail."""
        campaign = self._campaign(claim.campaign, claim.campaign_version)
        own = own_limits(campaign, None) if campaign else ()
        purpose = self._purpose(claim)
        return [each for each in (*self._shared, *own) if each.purpose in ("", purpose)]

    def _purpose(self, claim: Claim) -> Purpose:
        campaign = self._campaign(claim.campaign, claim.campaign_version)
        return campaign.purpose if campaign else "email_marketing"

    def _shares_address(self, claim: Claim) -> bool:
        """Return whether everybody at an address gets her own mail of this campaign."""
        campaign = self._campaign(claim.campaign, claim.campaign_version)
        return campaign is not None and campaign.each_person

    def _campaign(self, name: str, version: int = 0) -> journeys.Campaign | None:
        """Return a version of a campaign, the latest for 0; None where none was kept."""
        key = (name, version)
        if key not in self._campaigns:
            found = campaigns.find(self._world, name, version or None)
            self._campaigns[key] = found[0] if found else None
        return self._campaigns[key]


class _Kept(msgspec.Struct, frozen=True):
    """What a decision kept of the person's clock."""

    zone: str = ""


def _kept_zone(claim: Claim) -> str:
    return msgspec.json.decode(claim.inputs, type=_Kept).zone
