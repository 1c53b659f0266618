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

__all__ = [
    "CAP",
    "COMMON_PRIORITY",
    "HOLDOUT",
    "MERGED",
    "NO_ADDRESS",
    "Campaign",
    "Candidate",
    "Cap",
    "Variant",
    "decide",
    "decision_id",
    "parse",
    "refusal",
]
