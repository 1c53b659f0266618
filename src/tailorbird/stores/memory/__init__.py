"""Adapters that forget: for proofs that need thousands of stores, and for rooms judged alone.

In: calls of the ports.
Out: the same answers as the durable adapters, from plain dictionaries.
"""
