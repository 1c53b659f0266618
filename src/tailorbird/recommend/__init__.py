"""Learns what goes with what, is judged against naive rules, and recommends with reasons.

In: interactions (person, item, kind, quantity, at), items.
Out: recommendations with score and reason, a model card.
"""

from __future__ import annotations

from tailorbird.recommend.evaluate import judge, judged
from tailorbird.recommend.parameters import Parameters
from tailorbird.recommend.proof import Proof, prove
from tailorbird.recommend.recommender import Recommender, fit, load

__all__ = ["Parameters", "Proof", "Recommender", "fit", "judge", "judged", "load", "prove"]
