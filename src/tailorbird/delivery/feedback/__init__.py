"""What comes back after a message left: bounces, complaints, answers, webhooks of providers.

In: raw mails, bodies of webhooks.
Out: outcomes in one vocabulary, with who is meant and why.
"""

from __future__ import annotations

from tailorbird.delivery.feedback.outcomes import GONE, SENDERS_FAULT, Outcome
from tailorbird.delivery.feedback.read import read

__all__ = ["GONE", "SENDERS_FAULT", "Outcome", "read"]
