"""Trains propensity models, judges them against the naive rule, and scores; finds clusters.

In: traits as of an instant, outcomes after it.
Out: model cards, scores, clusters with what sets them apart.
"""

from __future__ import annotations

from tailorbird.predict.ahead import HEAD as AHEAD
from tailorbird.predict.ahead import Ahead, ahead, fitting, sure
from tailorbird.predict.ahead import load as load_ahead
from tailorbird.predict.algorithms import Algorithm, Fitted, Outside
from tailorbird.predict.buyer import Asks, Buyers, patience_days
from tailorbird.predict.choose import NAMES as ALGORITHMS
from tailorbird.predict.cluster import Clusters, Method
from tailorbird.predict.cluster import load as load_clusters
from tailorbird.predict.cluster_train import ClusterReport
from tailorbird.predict.cluster_train import train as train_clusters
from tailorbird.predict.next_order import NextOrder, judge_next
from tailorbird.predict.next_order import load as load_next_order
from tailorbird.predict.onnx import bring as bring_onnx
from tailorbird.predict.propensity import Column, Propensity
from tailorbird.predict.reasons import reasons
from tailorbird.predict.remote import Ask
from tailorbird.predict.remote import bring as bring_address
from tailorbird.predict.stored import Model, Scorer, from_outside, load, stands_elsewhere
from tailorbird.predict.validate import judge

__all__ = [
    "AHEAD",
    "ALGORITHMS",
    "Ahead",
    "Algorithm",
    "Ask",
    "Asks",
    "Buyers",
    "ClusterReport",
    "Clusters",
    "Column",
    "Fitted",
    "Method",
    "Model",
    "NextOrder",
    "Outside",
    "Propensity",
    "Scorer",
    "ahead",
    "bring_address",
    "bring_onnx",
    "fitting",
    "from_outside",
    "judge",
    "judge_next",
    "load",
    "load_ahead",
    "load_clusters",
    "load_next_order",
    "patience_days",
    "reasons",
    "stands_elsewhere",
    "sure",
    "train_clusters",
]
