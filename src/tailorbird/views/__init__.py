"""What the pages and the API show: frozen structs, and the Protocol that answers for them.

Instants are `datetime` in UTC here (RFC 3339 in JSON); money stays int64 in minor units of the
shop's currency; ids of decisions and sends are lower-case hexadecimal; cursors are opaque text.

In: nothing; this is a vocabulary.
Out: structs for `tailorbird.web` and `tailorbird.readings`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tailorbird.schema import Instant
from tailorbird.views.health import (
    MembersActs,
    MembershipChange,
    MembershipChanges,
    PersonStays,
    RefreshCost,
    SegmentFinding,
    SegmentHealth,
    SizePoint,
    StayIn,
    UsualSize,
)
from tailorbird.views.mail import (
    Header,
    InboxPage,
    InboxRow,
    Link,
    Mail,
    MailProof,
    Preview,
    TemplateRow,
)
from tailorbird.views.models import Measured, ModelReport
from tailorbird.views.people import (
    ConsentLine,
    Correspondence,
    DecisionReport,
    EventContext,
    Identifier,
    MailRow,
    PeoplePage,
    PersonReport,
    PersonRow,
    Score,
    SessionRow,
    Suggestion,
    Timeline,
    TimelineEntry,
    TimelineLine,
    Trait,
)
from tailorbird.views.port import Readings
from tailorbird.views.quality import QualityReport
from tailorbird.views.results import (
    Arm,
    CampaignResult,
    CampaignSummary,
    Caused,
    Effect,
    Rate,
    RatioCheck,
    VerdictCount,
)
from tailorbird.views.segments import (
    Evidence,
    Explanation,
    Outlook,
    Reason,
    SegmentCount,
    SegmentReport,
    SegmentSize,
    TrendPoint,
    Turn,
)
from tailorbird.views.whole import Activity, Overview, Period, Status, Totals

__all__ = [
    "Activity",
    "Arm",
    "CampaignResult",
    "CampaignSummary",
    "Caused",
    "ConsentLine",
    "Correspondence",
    "DecisionReport",
    "Effect",
    "EventContext",
    "Evidence",
    "Explanation",
    "Header",
    "Identifier",
    "InboxPage",
    "InboxRow",
    "Link",
    "Mail",
    "MailProof",
    "MailRow",
    "Measured",
    "MembersActs",
    "MembershipChange",
    "MembershipChanges",
    "ModelReport",
    "Outlook",
    "Overview",
    "PeoplePage",
    "Period",
    "PersonReport",
    "PersonRow",
    "PersonStays",
    "Preview",
    "QualityReport",
    "Rate",
    "RatioCheck",
    "Readings",
    "Reason",
    "RefreshCost",
    "Score",
    "SegmentCount",
    "SegmentFinding",
    "SegmentHealth",
    "SegmentReport",
    "SegmentSize",
    "SessionRow",
    "SizePoint",
    "Status",
    "StayIn",
    "Suggestion",
    "TemplateRow",
    "Timeline",
    "TimelineEntry",
    "TimelineLine",
    "Totals",
    "Trait",
    "TrendPoint",
    "Turn",
    "UsualSize",
    "VerdictCount",
    "moment",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(instant: Instant) -> datetime:
    """Return an instant as the pages show it: a datetime in UTC."""
    return _EPOCH + timedelta(microseconds=instant)
