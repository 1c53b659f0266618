"""Sends each message once, and knows what became of it.

In: claims, a way to render, a carrier.
Out: messages sent, settlements.
"""
