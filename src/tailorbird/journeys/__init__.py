"""Decides who gets what: audience, permits, caps, variants.

In: candidates, permits, a campaign's definition.
Out: decisions.
"""

from __future__ import annotations

from tailorbird.journeys.campaign import (
    COMMON_PRIORITY,
    HOLDOUT,
    Campaign,
    Cap,
    Variant,
    parse,
)
from tailorbird.journeys.decisions import (
    CAP,
    MERGED,
    NO_ADDRESS,
    Candidate,
    decide,
    decision_id,
    refusal,
)
from tailorbird.journeys.journey import Journey
from tailorbird.journeys.parse_journey import Written, parse_journey, read_journey

__all__ = [
    "CAP",
    "COMMON_PRIORITY",
    "HOLDOUT",
    "MERGED",
    "NO_ADDRESS",
    "Campaign",
    "Candidate",
    "Cap",
    "Journey",
    "Variant",
    "Written",
    "decide",
    "decision_id",
    "parse",
    "parse_journey",
    "read_journey",
    "refusal",
]
