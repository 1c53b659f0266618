"""What the pages ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from tailorbird.schema import Instant, PersonId
from tailorbird.views.clusters import ClusterSet
from tailorbird.views.groups import GroupList
from tailorbird.views.health import MembershipChanges, PersonStays, SegmentHealth
from tailorbird.views.mail import InboxPage, Mail, MailProof, Preview, TemplateRow
from tailorbird.views.models import ModelReport
from tailorbird.views.overlaps import SegmentOverlap
from tailorbird.views.people import (
    Correspondence,
    DecisionReport,
    PeoplePage,
    PersonReport,
    Timeline,
)
from tailorbird.views.quality import QualityReport
from tailorbird.views.rates import SegmentRates
from tailorbird.views.results import CampaignResult, CampaignSummary
from tailorbird.views.segments import Explanation, SegmentCount, SegmentReport, SegmentSize
from tailorbird.views.slots import SlotRow
from tailorbird.views.whole import Overview, Status
from tailorbird.views.why import Why, Whys


class Readings(Protocol):
    """What the API asks. Every method only reads; `now` is the clock of the door.

    Returns None where the person, segment, campaign, message or template does not exist.

    Raises:
        DefinitionError, TemplateError, UsageError: what the caller gave must be mended.
    """

    def status(self, now: Instant) -> Status:
        """Return whose shop this is and how fresh the facts are."""

    def overview(self, now: Instant) -> Overview:
        """Return the first page."""

    def models(self) -> tuple[ModelReport, ...]:
        """Return the cards of the latest models, by name."""

    def quality(self, now: Instant, since: Instant = 0) -> QualityReport:
        """Return the state of the data; with `since`, of what was received from then on."""

    def people(self, query: str, segment: str, after: str, limit: int, now: Instant) -> PeoplePage:
        """Return people by number, or those whom `query` finds, or the members of a segment."""

    def person(self, person: PersonId, now: Instant) -> PersonReport | None:
        """Return one person's page."""

    def timeline(self, person: PersonId, after: str, limit: int) -> Timeline | None:
        """Return one page of a person's events."""

    def correspondence(self, person: PersonId) -> Correspondence | None:
        """Return what was decided about a person, and the mails."""

    def decision(self, decision_id: bytes) -> DecisionReport | None:
        """Return one decision."""

    def why(self, person: PersonId, campaign: str, at: Instant, occurrence: str = "") -> Why | None:
        """Return why a person did or did not get a campaign, by default its latest occurrence."""

    def whys(self, person: PersonId, at: Instant) -> Whys | None:
        """Return a sentence for every campaign and a person."""

    def segments(self, now: Instant) -> tuple[SegmentSize, ...]:
        """Return all segments, by name."""

    def segment(self, name: str, now: Instant) -> SegmentReport | None:
        """Return one segment's page."""

    def count(self, text: str, now: Instant) -> SegmentCount:
        """Return how many people a definition in YAML holds now."""

    def segment_healths(self, now: Instant) -> tuple[SegmentHealth, ...]:
        """Return how every segment fares, by name."""

    def segment_health(self, name: str, now: Instant) -> SegmentHealth | None:
        """Return how one segment fares, None where there is none."""

    def segment_changes(
        self, segment: str, person: PersonId, after: str, limit: int
    ) -> MembershipChanges:
        """Return who entered and left, the newest first; '' and 0 leave a choice open."""

    def segment_stays(self, name: str, person: PersonId, as_of: Instant) -> PersonStays | None:
        """Return when a person was in a segment, exactly, by what the log says today."""

    def explain(self, name: str, person: PersonId, now: Instant) -> Explanation | None:
        """Return why a person is, or is not, in a segment."""

    def overlap(
        self, names: Sequence[str], now: Instant, as_of: Instant | None = None
    ) -> SegmentOverlap:
        """Return how segments overlap; without `as_of`, as the last refresh left them."""

    def group_lists(self) -> tuple[GroupList, ...]:
        """Return every list of exclusive groups, by name."""

    def group_list(self, name: str) -> GroupList | None:
        """Return one list of exclusive groups."""

    def rates(
        self, name: str, of: Literal["opened", "clicked"], limit: int, now: Instant
    ) -> SegmentRates | None:
        """Return rates of a segment's people, drawn towards its mean, the highest first."""

    def cluster_sets(self) -> tuple[ClusterSet, ...]:
        """Return all clusters, by name."""

    def cluster_set(self, name: str) -> ClusterSet | None:
        """Return the clusters of one name."""

    def campaigns(self) -> tuple[CampaignSummary, ...]:
        """Return all campaigns, the latest decided first."""

    def campaign(self, name: str, now: Instant) -> CampaignResult | None:
        """Return one campaign's result."""

    def inbox(self, query: str, after: str, limit: int) -> InboxPage:
        """Return messages, the newest first."""

    def mail(self, send_id: bytes) -> Mail | None:
        """Return one message."""

    def templates(self) -> tuple[TemplateRow, ...]:
        """Return all templates, by name."""

    def preview(
        self, template: str, person: PersonId, variant: str, now: Instant
    ) -> Preview | None:
        """Return a template as a person would have got it at an instant. Nothing is recorded."""

    def slots(self) -> tuple[SlotRow, ...]:
        """Return every slot with its rules in words, by name."""

    def proof(self, send_id: bytes, now: Instant) -> MailProof | None:
        """Return whether a sent mail, made again, is byte for byte the one that left."""
