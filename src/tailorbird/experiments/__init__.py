"""Draws variants by keyed hash and reads what they changed.

In: a key, people; counts of outcomes.
Out: variants with probabilities; verdicts with intervals.
"""

from __future__ import annotations

from tailorbird.experiments.assignment import HOLDOUT, Assignment, assign, assign_all
from tailorbird.experiments.guard import SampleRatio
from tailorbird.experiments.outcomes import Outcome, outcomes
from tailorbird.experiments.power import sample_size
from tailorbird.experiments.verdict import METRICS, Arm, Caused, Effect, Rate, Verdict, read

__all__ = [
    "HOLDOUT",
    "METRICS",
    "Arm",
    "Assignment",
    "Caused",
    "Effect",
    "Outcome",
    "Rate",
    "SampleRatio",
    "Verdict",
    "assign",
    "assign_all",
    "outcomes",
    "read",
    "sample_size",
]
