"""Decides who gets what: audience, permits, caps, variants.

In: candidates, permits, a campaign's definition, what was sent before.
Out: decisions.
"""

from __future__ import annotations

from tailorbird.journeys.arbiter import (
    Asked,
    Displaced,
    Ruling,
    arbitrate,
)
from tailorbird.journeys.campaign import (
    COMMON_PRIORITY,
    HOLDOUT,
    Campaign,
    Cap,
    Variant,
    parse,
)
from tailorbird.journeys.decisions import (
    MERGED,
    NO_ADDRESS,
    Candidate,
    broken,
    decide,
    decision_id,
    refusal,
)
from tailorbird.journeys.journey import Journey
from tailorbird.journeys.json_schema import json_schema
from tailorbird.journeys.limits import (
    CAP,
    DISPLACED,
    Limit,
    Mark,
    filling,
    read_limits,
)
from tailorbird.journeys.parse_journey import Written, parse_journey, read_journey

__all__ = [
    "CAP",
    "COMMON_PRIORITY",
    "DISPLACED",
    "HOLDOUT",
    "MERGED",
    "NO_ADDRESS",
    "Asked",
    "Campaign",
    "Candidate",
    "Cap",
    "Displaced",
    "Journey",
    "Limit",
    "Mark",
    "Ruling",
    "Variant",
    "Written",
    "arbitrate",
    "broken",
    "decide",
    "decision_id",
    "filling",
    "json_schema",
    "parse",
    "parse_journey",
    "read_journey",
    "read_limits",
    "refusal",
]
