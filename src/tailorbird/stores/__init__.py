"""Adapters that every room shares. Named only in app.

In: calls of the ports.
Out: rows that survive a power cut.
"""
