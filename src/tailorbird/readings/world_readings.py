"""`views.Readings` over the ports of a `World`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeVar, cast

from tailorbird.schema import MINUTE, Instant, PersonId
from tailorbird.views import (
    CampaignResult,
    CampaignSummary,
    Correspondence,
    DecisionReport,
    Explanation,
    InboxPage,
    Mail,
    MailProof,
    MembershipChanges,
    ModelReport,
    Overview,
    PeoplePage,
    PersonReport,
    PersonStays,
    Preview,
    QualityReport,
    SegmentCount,
    SegmentHealth,
    SegmentReport,
    SegmentSize,
    Status,
    TemplateRow,
    Timeline,
)
from tailorbird.views.clusters import ClusterSet
from tailorbird.views.groups import GroupList
from tailorbird.views.overlaps import SegmentOverlap
from tailorbird.views.rates import SegmentRates
from tailorbird.views.slots import SlotRow
from tailorbird.views.why import Why, Whys
from tailorbird.world import World

T = TypeVar("T")
KEPT = 32


class WorldReadings:
    """Every method may be called from several threads at once.

    What is costly is kept for a minute, as long as no new event has been taken in.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._kept: dict[tuple[object, ...], object] = {}

    def status(self, now: Instant) -> Status:
        """Return whose shop this is and how fresh the facts are."""
        from tailorbird.readings import whole

        return whole.status(self._world, now)

    def overview(self, now: Instant) -> Overview:
        """Return the first page."""
        from tailorbird.readings import whole

        world = self._world
        latest = next((c.name for c in self.campaigns() if c.decided), None)
        return Overview(
            totals=self._keep(("totals",), now, lambda: whole.totals(world)),
            activity=self._keep(("activity",), now, lambda: whole.activity(world, now)),
            segments=self.segments(now),
            models=self.models(),
            campaign=self.campaign(latest, now) if latest else None,
        )

    def models(self) -> tuple[ModelReport, ...]:
        """Return the cards of the latest models, by name."""
        from tailorbird.readings import whole

        return whole.models(self._world)

    def quality(self, now: Instant, since: Instant = 0) -> QualityReport:
        """Return the state of the data; with `since`, of what was received from then on."""
        from tailorbird.readings import quality

        world = self._world
        return self._keep(("quality", since), now, lambda: quality.report(world, now, since))

    def people(self, query: str, segment: str, after: str, limit: int, now: Instant) -> PeoplePage:
        """Return people by number, or those whom `query` finds, or the members of a segment."""
        from tailorbird.readings import people

        return people.page(self._world, query, segment, after, limit, now)

    def person(self, person: PersonId, now: Instant) -> PersonReport | None:
        """Return one person's page."""
        from tailorbird.readings import people

        return people.report(self._world, person, now)

    def timeline(self, person: PersonId, after: str, limit: int) -> Timeline | None:
        """Return one page of a person's events."""
        from tailorbird.readings import history

        return history.timeline(self._world, person, after, limit)

    def correspondence(self, person: PersonId) -> Correspondence | None:
        """Return what was decided about a person, and the mails."""
        from tailorbird.readings import history

        return history.correspondence(self._world, person)

    def decision(self, decision_id: bytes) -> DecisionReport | None:
        """Return one decision."""
        from tailorbird.readings import history

        return history.decision(self._world, decision_id)

    def why(self, person: PersonId, campaign: str, at: Instant, occurrence: str = "") -> Why | None:
        """Return why a person did or did not get a campaign, by default its latest occurrence."""
        from tailorbird.readings import why

        return why.why(self._world, person, campaign, at, occurrence)

    def whys(self, person: PersonId, at: Instant) -> Whys | None:
        """Return a sentence for every campaign and a person."""
        from tailorbird.readings import why

        return why.whys(self._world, person, at)

    def segments(self, now: Instant) -> tuple[SegmentSize, ...]:
        """Return all segments, by name."""
        from tailorbird.readings import segments

        return segments.sizes(self._world, now)

    def segment(self, name: str, now: Instant) -> SegmentReport | None:
        """Return one segment's page."""
        from tailorbird.readings import segments

        return segments.report(self._world, name, now)

    def count(self, text: str, now: Instant) -> SegmentCount:
        """Return how many people a definition in YAML holds now."""
        from tailorbird.readings import segments

        return segments.count(self._world, text, now)

    def segment_healths(self, now: Instant) -> tuple[SegmentHealth, ...]:
        """Return how every segment fares, by name."""
        from tailorbird.readings import health

        return self._keep(("health",), now, lambda: health.healths(self._world, now))

    def segment_health(self, name: str, now: Instant) -> SegmentHealth | None:
        """Return how one segment fares, None where there is none."""
        from tailorbird.readings import health

        return self._keep(("health", name), now, lambda: health.health(self._world, name, now))

    def segment_changes(
        self, segment: str, person: PersonId, after: str, limit: int
    ) -> MembershipChanges:
        """Return who entered and left, the newest first; '' and 0 leave a choice open."""
        from tailorbird.readings import segment_history

        return segment_history.changes(self._world, segment, person, int(after or 0), limit)

    def segment_stays(self, name: str, person: PersonId, as_of: Instant) -> PersonStays | None:
        """Return when a person was in a segment, exactly, by what the log says today."""
        from tailorbird.readings import segment_history

        return segment_history.person_stays(self._world, name, person, as_of)

    def explain(self, name: str, person: PersonId, now: Instant) -> Explanation | None:
        """Return why a person is, or is not, in a segment."""
        from tailorbird.readings import segments

        return segments.explain(self._world, name, person, now)

    def overlap(
        self, names: Sequence[str], now: Instant, as_of: Instant | None = None
    ) -> SegmentOverlap:
        """Return how segments overlap; without `as_of`, as the last refresh left them."""
        from tailorbird.readings import overlaps

        return overlaps.overlap(self._world, names, now, as_of)

    def group_lists(self) -> tuple[GroupList, ...]:
        """Return every list of exclusive groups, by name."""
        from tailorbird.readings import groups

        return groups.group_lists(self._world)

    def group_list(self, name: str) -> GroupList | None:
        """Return one list of exclusive groups."""
        from tailorbird.readings import groups

        return groups.group_list(self._world, name)

    def rates(
        self, name: str, of: Literal["opened", "clicked"], limit: int, now: Instant
    ) -> SegmentRates | None:
        """Return rates of a segment's people, drawn towards its mean, the highest first."""
        from tailorbird.readings import rates

        return rates.rates(self._world, name, of, limit, now)

    def cluster_sets(self) -> tuple[ClusterSet, ...]:
        """Return all clusters, by name."""
        from tailorbird.readings import clusters

        return clusters.cluster_sets(self._world)

    def cluster_set(self, name: str) -> ClusterSet | None:
        """Return the clusters of one name."""
        from tailorbird.readings import clusters

        return clusters.cluster_set(self._world, name)

    def campaigns(self) -> tuple[CampaignSummary, ...]:
        """Return all campaigns, the latest decided first."""
        from tailorbird.readings import campaigns

        return campaigns.summaries(self._world)

    def campaign(self, name: str, now: Instant) -> CampaignResult | None:
        """Return one campaign's result."""
        from tailorbird.readings import campaigns

        states = tuple(sorted(self._world.ledger.states(name).items()))
        key = ("campaign", name, states)
        return self._keep(key, now, lambda: campaigns.result(self._world, name, now))

    def inbox(self, query: str, after: str, limit: int) -> InboxPage:
        """Return messages, the newest first."""
        from tailorbird.readings import mails

        return mails.page(self._world, query, after, limit)

    def mail(self, send_id: bytes) -> Mail | None:
        """Return one message."""
        from tailorbird.readings import mails

        return mails.mail(self._world, send_id)

    def templates(self) -> tuple[TemplateRow, ...]:
        """Return all templates, by name."""
        from tailorbird.readings import mails

        return mails.templates(self._world)

    def preview(
        self, template: str, person: PersonId, variant: str, now: Instant
    ) -> Preview | None:
        """Return a template as a person would have got it at an instant. Nothing is recorded."""
        from tailorbird.readings import mails

        return mails.preview(self._world, template, person, variant, now)

    def slots(self) -> tuple[SlotRow, ...]:
        """Return every slot with its rules in words, by name."""
        from tailorbird.readings import slots

        return slots.slots(self._world)

    def proof(self, send_id: bytes, now: Instant) -> MailProof | None:
        """Return whether a sent mail, made again, is byte for byte the one that left."""
        from tailorbird.readings import mails

        return mails.proof(self._world, send_id, now)

    def _keep(self, key: tuple[object, ...], now: Instant, make: Callable[[], T]) -> T:
        whole_key = (*key, self._world.facts.offset(), now // MINUTE)
        if whole_key not in self._kept:
            made = make()
            while len(self._kept) >= KEPT:
                self._kept.pop(next(iter(self._kept)), None)
            self._kept[whole_key] = made
            return made
        return cast("T", self._kept[whole_key])
