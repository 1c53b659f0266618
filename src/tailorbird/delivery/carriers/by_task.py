"""Two carriers as one: mails that somebody asked for go by their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from tailorbird.delivery.carriers.kinds import OpenCarrier, Reachable
from tailorbird.errors import CarrierError
from tailorbird.ports import Journal
from tailorbird.schema import Outgoing, Reply


class CarrierByTask:
    """`ports.Carrier` that gives transactional mails to one carrier and all others to another.

    Its name is that of the other; a transactional reply names who gave it.
    """

    def __init__(self, carrier: OpenCarrier, transactional: OpenCarrier) -> None:
        self.name = carrier.name
        self._carrier = carrier
        self._transactional = transactional

    def send(self, messages: Iterator[Outgoing], journal: Journal) -> Iterator[Reply]:
        """Send as they come, the transactional ones behind the others; yields a reply for each.

        Raises:
            CarrierError: one of the two takes nothing; what the other has in hand still leaves.
        """
        aside: list[Outgoing] = []

        def others() -> Iterator[Outgoing]:
            for message in messages:
                if message.transactional:
                    aside.append(message)
                else:
                    yield message

        try:
            yield from self._carrier.send(others(), journal)
        except CarrierError:
            yield from self._asked_for(aside, journal)
            raise
        yield from self._asked_for(aside, journal)

    def found(self, send_ids: Sequence[bytes]) -> dict[bytes, bool] | None:
        """Return what either of them knows; a send that only one denies may be the other's."""
        known = [self._carrier.found(send_ids), self._transactional.found(send_ids)]
        told = [answers for answers in known if answers is not None]
        if not told:
            return None
        seen = {send_id: True for answers in told for send_id, there in answers.items() if there}
        if len(told) < len(known):
            return seen
        denied = {send_id for send_id in send_ids if all(send_id in answers for answers in told)}
        return dict.fromkeys(denied, False) | seen

    def reach(self) -> None:
        """Return when both can be reached.

        Raises:
            CarrierError: one cannot.
        """
        for carrier in (self._carrier, self._transactional):
            if isinstance(carrier, Reachable):
                carrier.reach()

    def close(self) -> None:
        """Let go of both."""
        self._carrier.close()
        self._transactional.close()

    def _asked_for(self, aside: Sequence[Outgoing], journal: Journal) -> Iterator[Reply]:
        if aside:
            for reply in self._transactional.send(iter(aside), journal):
                yield msgspec.structs.replace(
                    reply, carrier=reply.carrier or self._transactional.name
                )
