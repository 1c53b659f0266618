"""What the people of each arm did after the decision, counted from the facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tailorbird.experiments.verdict import Arm
from tailorbird.ports import Facts
from tailorbird.schema import DAY, Instant

if TYPE_CHECKING:
    import pyarrow as pa


class Outcome(msgspec.Struct, frozen=True):
    """One arm's counts, with the machine opens and clicks that were left out of it."""

    arm: Arm
    sent: int
    machine_openers: int
    machine_clickers: int
    unsubscribed: int
    bounced: int


# One row a person first, so that nobody counts twice in an arm however often they open or buy.
_OUTCOMES = """
WITH window_of AS (
    SELECT person, variant, MIN(decided_at) AS decided_at,
        MAX(decided_at) + CAST(? AS BIGINT) AS ends_at
    FROM decided GROUP BY person, variant
), mail AS (
    SELECT w.variant, w.person,
        BOOL_OR(f.event = 'email_sent') AS sent,
        BOOL_OR(f.event = 'email_opened' AND NOT f.machine) AS opened,
        BOOL_OR(f.event = 'email_clicked' AND NOT f.machine) AS clicked,
        BOOL_OR(f.event = 'email_opened' AND f.machine) AS machine_opened,
        BOOL_OR(f.event = 'email_clicked' AND f.machine) AS machine_clicked,
        BOOL_OR(f.event = 'unsubscribed') AS unsubscribed,
        BOOL_OR(f.event = 'email_bounced') AS bounced
    FROM window_of AS w JOIN facts AS f ON f.person = w.person AND f.campaign = ?
    WHERE f."at" >= w.decided_at AND f."at" < w.ends_at AND f."at" <= ?
    GROUP BY ALL
), purchases AS (
    SELECT w.variant, w.person, SUM(f.value_minor) AS revenue
    FROM window_of AS w JOIN facts AS f ON f.person = w.person AND f.event = 'purchase'
    WHERE f."at" >= w.decided_at AND f."at" < w.ends_at AND f."at" <= ?
    GROUP BY ALL
), goals AS (
    SELECT w.variant, w.person FROM window_of AS w JOIN reached AS r ON r.person = w.person
    WHERE r."at" >= w.decided_at AND r."at" < w.ends_at AND r."at" <= ?
    GROUP BY ALL
)
SELECT w.variant, COUNT(*) AS people,
    COUNT(*) FILTER (WHERE m.sent) AS sent,
    COUNT(*) FILTER (WHERE m.opened OR m.clicked) AS human_openers,
    COUNT(*) FILTER (WHERE m.clicked) AS human_clickers,
    COUNT(*) FILTER (WHERE m.machine_opened) AS machine_openers,
    COUNT(*) FILTER (WHERE m.machine_clicked) AS machine_clickers,
    COUNT(*) FILTER (WHERE m.unsubscribed) AS unsubscribed,
    COUNT(*) FILTER (WHERE m.bounced) AS bounced, COUNT(p.person) AS buyers,
    COUNT(g.person) AS reached,
    CAST(COALESCE(SUM(p.revenue), 0) AS BIGINT) AS revenue,
    CAST(COALESCE(SUM(CAST(p.revenue AS HUGEINT) * p.revenue), 0) AS VARCHAR) AS squares
FROM window_of AS w LEFT JOIN mail AS m USING (variant, person)
LEFT JOIN purchases AS p USING (variant, person)
LEFT JOIN goals AS g USING (variant, person)
GROUP BY w.variant ORDER BY w.variant
"""


def outcomes(
    facts: Facts,
    decided: pa.Table,
    *,
    campaign: str,
    days: int,
    as_of: Instant,
    reached: pa.Table | None = None,
) -> list[Outcome]:
    """Return the counts of every arm, within `days` of each person's decision.

    `decided` has the columns person, variant, decided_at; people of the holdout are in it too, and
    everybody counts in the arm that was drawn, whether or not the mail arrived, and once however
    often she was decided about: from the first time until `days` after the last. A click by a
    person is an open as well, for pictures may have been off. `reached` has (person, at) of
    whoever reached the goal.
    """
    bound = (days * DAY, campaign, as_of, as_of, as_of)
    tables = {"decided": decided, "reached": nobody() if reached is None else reached}
    rows = facts.read(_OUTCOMES, bound, tables).to_pylist()
    return [
        Outcome(
            arm=Arm(
                name=row["variant"],
                people=row["people"],
                human_openers=row["human_openers"],
                human_clickers=row["human_clickers"],
                buyers=row["buyers"],
                revenue_minor_sum=row["revenue"],
                revenue_minor_squares=int(row["squares"]),
                reached=row["reached"],
            ),
            sent=row["sent"],
            machine_openers=row["machine_openers"],
            machine_clickers=row["machine_clickers"],
            unsubscribed=row["unsubscribed"],
            bounced=row["bounced"],
        )
        for row in rows
    ]


def nobody() -> pa.Table:
    """Return the table of a goal that nobody reached."""
    import pyarrow as pa

    return pa.table({"person": pa.array([], pa.int64()), "at": pa.array([], pa.int64())})
