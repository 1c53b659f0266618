"""Sends each message once, and knows what became of it.

In: claims, a way to render, a carrier.
Out: messages sent, settlements.
"""

from __future__ import annotations

from tailorbird.delivery.protocol import DeliveryReport, Recovery, Render, deliver, recover

__all__ = ["DeliveryReport", "Recovery", "Render", "deliver", "recover"]
