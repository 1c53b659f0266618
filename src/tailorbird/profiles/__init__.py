"""Knows each person: identities, merges, and the one definition of every trait.

In: events.
Out: resolved events, merges; traits as of any instant.
"""
