"""The webhooks of mail providers: one file each.

In: what was posted.
Out: whether it was they, and outcomes.
"""

from __future__ import annotations

from tailorbird.delivery.feedback.providers.posted import Posted
from tailorbird.delivery.feedback.providers.registry import PROVIDERS, Provider, read_posted
from tailorbird.delivery.feedback.providers.spoken import Unread

__all__ = ["PROVIDERS", "Posted", "Provider", "Unread", "read_posted"]
