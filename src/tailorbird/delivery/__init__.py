"""Sends each message once, and knows what became of it.

In: claims, a way to render, a carrier.
Out: messages sent, settlements.
"""

from __future__ import annotations

from tailorbird.delivery.addresses import wire_address
from tailorbird.delivery.dkim import DkimSigner
from tailorbird.delivery.message import Envelope, outgoing
from tailorbird.delivery.protocol import (
    DeliveryReport,
    Recovery,
    Render,
    Repeatable,
    UnknownPolicy,
    deliver,
    recover,
)

__all__ = [
    "DeliveryReport",
    "DkimSigner",
    "Envelope",
    "Recovery",
    "Render",
    "Repeatable",
    "UnknownPolicy",
    "deliver",
    "outgoing",
    "recover",
    "wire_address",
]
