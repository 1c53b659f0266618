"""Trains propensity models, judges them against the naive rule, and scores.

In: traits as of an instant, outcomes after it.
Out: model cards, scores.
"""

from __future__ import annotations

from tailorbird.predict.propensity import Column, Propensity, load
from tailorbird.predict.validate import judge

__all__ = ["Column", "Propensity", "judge", "load"]
