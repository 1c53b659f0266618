"""Trains propensity models, judges them against the naive rule, and scores; finds clusters.

In: traits as of an instant, outcomes after it.
Out: model cards, scores, clusters with what sets them apart.
"""

from __future__ import annotations

from tailorbird.predict.algorithms import Algorithm, Fitted, Outside
from tailorbird.predict.choose import NAMES as ALGORITHMS
from tailorbird.predict.cluster import Clusters, Method
from tailorbird.predict.cluster import load as load_clusters
from tailorbird.predict.cluster_train import ClusterReport
from tailorbird.predict.cluster_train import train as train_clusters
from tailorbird.predict.propensity import Column, Propensity
from tailorbird.predict.reasons import reasons
from tailorbird.predict.stored import Model, Scorer, load
from tailorbird.predict.validate import judge

__all__ = [
    "ALGORITHMS",
    "Algorithm",
    "ClusterReport",
    "Clusters",
    "Column",
    "Fitted",
    "Method",
    "Model",
    "Outside",
    "Propensity",
    "Scorer",
    "judge",
    "load",
    "load_clusters",
    "reasons",
    "train_clusters",
]
