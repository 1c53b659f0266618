"""Draws variants by keyed hash and reads what they changed.

In: a key, people; counts of outcomes.
Out: variants with probabilities; verdicts with intervals.
"""
