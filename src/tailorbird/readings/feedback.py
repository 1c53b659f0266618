"""What came back about mails, by the door through which it came and by reason."""

from __future__ import annotations

from typing import Final

from tailorbird.delivery.feedback.providers import PROVIDERS
from tailorbird.schema import Instant, Names
from tailorbird.views import moment
from tailorbird.views.feedback import FeedbackRow, FeedbackSummary
from tailorbird.world import World

DOOR: Final = "delivery:"
MAIL: Final = "mail"
COUNTED: Final = 10_000
SHOWN: Final = (
    Names.EMAIL_DELIVERED, Names.EMAIL_DEFERRED, Names.EMAIL_BOUNCED, Names.EMAIL_DROPPED,
    Names.EMAIL_COMPLAINED, Names.EMAIL_AUTO_REPLIED, Names.UNSUBSCRIBED,
)  # fmt: skip
_ROWS: Final = """
WITH told AS (
    SELECT position, MAX(text) FILTER (name = 'kind') AS kind,
           MAX(text) FILTER (name = 'why') AS why, MAX(text) FILTER (name = 'hard') AS hard
    FROM properties WHERE event IN ($1, $2, $3, $4, $5, $6, $7) AND "at" >= $8
      AND name IN ('kind', 'why', 'hard') GROUP BY position)
SELECT f.source, f.event,
       COALESCE(t.kind, CASE t.hard WHEN 'true' THEN 'hard_bounce' WHEN 'false' THEN 'soft_bounce'
                        ELSE '' END) AS kind,
       COALESCE(t.why, '') AS why, COUNT(DISTINCT f.send_id) AS mails,
       COUNT(DISTINCT f.person) AS people, MAX(f."at") AS last_at
FROM facts AS f LEFT JOIN told AS t USING (position)
WHERE f.event IN ($1, $2, $3, $4, $5, $6, $7) AND f."at" >= $8
  AND ($9 = '' OR f.campaign = $9)
GROUP BY ALL ORDER BY mails DESC, f.source, f.event, kind, why
"""
_SENT: Final = """
SELECT COUNT(DISTINCT send_id) AS sent FROM facts
WHERE event = $1 AND "at" >= $2 AND ($3 = '' OR campaign = $3)"""


def summary(world: World, since: Instant, campaign: str = "") -> FeedbackSummary:
    """Return what came back since an instant, of one campaign or of all, by door and reason."""
    found = world.facts.read(_ROWS, [*SHOWN, since, campaign]).to_pylist()
    (sent,) = world.facts.read(_SENT, [Names.EMAIL_SENT, since, campaign])["sent"].to_pylist()
    return FeedbackSummary(
        since=moment(since),
        sent=sent,
        rows=tuple(
            FeedbackRow(
                row["source"].removeprefix(DOOR),
                row["event"],
                row["kind"],
                row["why"],
                row["mails"],
                row["people"],
                moment(row["last_at"]),
            )
            for row in found
        ),
        held=sum(_held(world, name) for name in (MAIL, *PROVIDERS)),
    )


def _held(world: World, name: str) -> int:
    """Return how many reports of one door wait in quarantine, `COUNTED` at most."""
    page = world.quarantine.page(0, COUNTED, state="held", source=f"{DOOR}{name}")
    return len(page)
