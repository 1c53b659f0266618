"""The sandbox: lets mails leave for named addresses and domains alone, whatever carries them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from tailorbird.delivery.carriers.kinds import OpenCarrier, Reachable
from tailorbird.ports import Journal
from tailorbird.schema import Outgoing, Reply

REFUSED: Final = "sandbox: the address is not in delivery.sandbox_allow; nothing was sent"


class SandboxCarrier:
    """`ports.Carrier` that stands before another and refuses every address outside a list.

    A refused send is settled as failed, and the settlement says why.
    """

    def __init__(self, carrier: OpenCarrier, allow: Iterable[str]) -> None:
        self.name = carrier.name
        self._carrier = carrier
        self._allow = frozenset(word.strip().lower().lstrip("@") for word in allow)

    def send(self, messages: Iterator[Outgoing], journal: Journal) -> Iterator[Reply]:
        """Send what may leave; yields a reply for each, the refused ones as they are met."""
        refused: list[Reply] = []

        def allowed() -> Iterator[Outgoing]:
            for message in messages:
                if self.allows(message.envelope_to):
                    yield message
                else:
                    refused.append(Reply(message.send_id, "rejected", 0, REFUSED))
                    journal.reply(refused[-1])

        for reply in self._carrier.send(allowed(), journal):
            while refused:
                yield refused.pop()
            yield reply
        yield from refused

    def allows(self, address: str) -> bool:
        """Return whether a mail may leave for an address."""
        address = address.lower()
        return address in self._allow or address.rpartition("@")[2] in self._allow

    def found(self, send_ids: Sequence[bytes]) -> dict[bytes, bool] | None:
        """Return what the carrier behind it knows."""
        return self._carrier.found(send_ids)

    def reach(self) -> None:
        """Return when what is behind the carrier lets us in.

        Raises:
            CarrierError: it does not.
        """
        if isinstance(self._carrier, Reachable):
            self._carrier.reach()

    def close(self) -> None:
        """Let go of what it stands before."""
        self._carrier.close()
