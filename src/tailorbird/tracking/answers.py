"""What a request for a pixel or a link means, whoever took it: an HTTP door or a test bench."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import msgspec

from tailorbird.schema import SECOND, Instant, PersonId
from tailorbird.tracking import events
from tailorbird.tracking.humans import Bursts, Visit, judge
from tailorbird.tracking.tokens import Sealer


class Sent(msgspec.Struct, frozen=True):
    """The send behind a token. `tracked` is False when the person has not agreed to tracking."""

    person: PersonId
    campaign: str
    variant: str
    sent_at: Instant
    tracked: bool = True


class Asked(msgspec.Struct, frozen=True):
    """A request, as far as it tells people from machines."""

    at: Instant
    user_agent: str = ""
    method: str = "GET"
    prefetch: bool = False


Lookup: TypeAlias = Callable[[bytes], Sent | None]


class Answers:
    """Opens tokens, tells people from machines, and says what the log must be told."""

    def __init__(self, sealer: Sealer, lookup: Lookup) -> None:
        self._sealer = sealer
        self._lookup = lookup
        self._bursts = Bursts()

    def opened(self, token: str, asked: Asked) -> events.TrackedEvent | None:
        """Return the event of a loaded pixel; None for a forged token or an untracked person."""
        sealed = self._sealer.open(token, "open")
        sent = self._tracked(sealed.send_id) if sealed is not None else None
        if sealed is None or sent is None:
            return None
        judgement = judge(_visit("open", sent, asked))
        return events.opened_event(
            sealed.send_id,
            person=sent.person,
            campaign=sent.campaign,
            variant=sent.variant,
            at=asked.at,
            machine=judgement.machine,
            reason=judgement.reason,
        )

    def clicked(self, token: str, asked: Asked) -> events.TrackedEvent | None:
        """Return the event of a followed link; None for a forged token or an untracked person."""
        sealed = self._sealer.open(token, "click")
        sent = self._tracked(sealed.send_id) if sealed is not None else None
        if sealed is None or sent is None:
            return None
        burst = self._bursts.add(sealed.send_id, sealed.link, asked.at)
        visit = msgspec.structs.replace(_visit("click", sent, asked), links_in_burst=burst)
        judgement = judge(visit)
        return events.clicked_event(
            sealed.send_id,
            person=sent.person,
            campaign=sent.campaign,
            variant=sent.variant,
            at=asked.at,
            url=sealed.url,
            link=sealed.link,
            machine=judgement.machine,
            reason=judgement.reason,
        )

    def _tracked(self, send_id: bytes) -> Sent | None:
        sent = self._lookup(send_id)
        return sent if sent is not None and sent.tracked else None


def _visit(kind: Literal["open", "click"], sent: Sent, asked: Asked) -> Visit:
    age = (asked.at - sent.sent_at) / SECOND
    return Visit(kind, asked.user_agent, age, method=asked.method, prefetch=asked.prefetch)
