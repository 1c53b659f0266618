"""Signs links and pixels, and tells people from machines.

In: tokens, requests.
Out: opens, clicks and unsubscribes as events.
"""

from __future__ import annotations

from tailorbird.tracking.humans import Bursts, Judgement, Visit, judge
from tailorbird.tracking.tokens import Sealed, Sealer

__all__ = ["Bursts", "Judgement", "Sealed", "Sealer", "Visit", "judge"]
