"""Decides who gets what: audience, permits, caps, variants.

In: candidates, permits, a campaign's definition.
Out: decisions.
"""
