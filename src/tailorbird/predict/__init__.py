"""Trains propensity models, judges them against the naive rule, and scores.

In: traits as of an instant, outcomes after it.
Out: model cards, scores.
"""
