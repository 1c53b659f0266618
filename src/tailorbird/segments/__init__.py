"""Keeps exact, explainable membership: one definition, one compiler.

In: a tree of conditions, an instant, optionally the people touched.
Out: members, the instant of the next change, the evidence of every leaf.
"""
