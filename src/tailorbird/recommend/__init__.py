"""Learns what goes with what, is judged against naive rules, and recommends with reasons.

In: interactions (person, item, kind, quantity, at), items.
Out: recommendations with score and reason, a model card.
"""
