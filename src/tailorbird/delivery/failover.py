"""Carriers that stand in for each other: one that fails is left alone, and the next takes over.

A mail passes to another carrier only where it certainly did not leave by the first: what that one
had in hand is left to the protocol, which knows what left. So a send in doubt never fails over,
unless the policy says that it is tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Protocol, TypeAlias

import msgspec

from tailorbird.delivery.breaker import PROBE, Breaker, BreakerState, choose
from tailorbird.delivery.carriers.kinds import OpenCarrier
from tailorbird.errors import CarrierError
from tailorbird.ports import Carrier, Journal
from tailorbird.schema import Instant, Outgoing, Reply
from tailorbird.settings import Delivery

Finding: TypeAlias = Callable[[Sequence[bytes]], "dict[bytes, bool] | None"]


class Breakers(Protocol):
    """What is remembered of carriers that failed; `pacing.Pacing` is one."""

    def breakers(self, now: Instant) -> dict[str, Breaker]:
        """Return what is remembered of each."""

    def carrier_failed(self, carrier: str, reason: str, now: Instant) -> Breaker:
        """Learn that a carrier could not be reached, or refused us altogether."""

    def carrier_answered(self, carrier: str, now: Instant) -> None:
        """Learn that a carrier took mail."""


def standing_in(
    carriers: Mapping[str, OpenCarrier],
    chosen: Delivery,
    breakers: Breakers,
    clock: Callable[[], Instant],
) -> Mapping[str, OpenCarrier]:
    """Return the carriers by name, those of `delivery.failover` behind the one that sends."""
    if not chosen.failover:
        return carriers
    named = [carriers[name] for name in dict.fromkeys((chosen.carrier, *chosen.failover))]
    return {**carriers, chosen.carrier: CarriersInTurn(named, breakers, clock)}


class CarriersInTurn:
    """`ports.Carrier` over several, the best first; its name is that of the first."""

    def __init__(
        self, carriers: Sequence[Carrier], breakers: Breakers, clock: Callable[[], Instant]
    ) -> None:
        self.name = carriers[0].name
        self._carriers = {carrier.name: carrier for carrier in carriers}
        self._breakers = breakers
        self._clock = clock

    def send(self, messages: Iterator[Outgoing], journal: Journal) -> Iterator[Reply]:
        """Send as they come, by the first carrier that works; yields a reply for each that left.

        Raises:
            CarrierError: all of them fail or rest; what was not answered is left to the journal.
        """
        order = list(self._carriers)
        waiting = _Waiting(messages)
        why: CarrierError | None = None
        while not waiting.over:
            now = self._clock()
            name = choose(order, self._breakers.breakers(now), now)
            if name is None:
                raise why or _all_rest(self._breakers.breakers(now))
            state = self._breakers.breakers(now).get(name, Breaker()).state(now)
            failed: CarrierError | None = None
            try:
                yield from self._by(name, waiting, journal, state)
            except CarrierError as error:
                why = failed = error
            if waiting.refused or failed:
                order.remove(name)
                self._breakers.carrier_failed(name, waiting.refused or str(failed), now)
                waiting.refused = ""
        if why and waiting.nothing_answered:
            raise why

    def found(self, send_ids: Sequence[bytes]) -> dict[bytes, bool] | None:
        """Return what any of them knows; a send is denied only where all of them deny it."""
        return _found_by([each.found for each in self._carriers.values()], send_ids)

    def close(self) -> None:
        """Let go of nothing: whoever opened the carriers closes them."""

    def _by(
        self, name: str, waiting: _Waiting, journal: Journal, state: BreakerState
    ) -> Iterator[Reply]:
        """Send by one carrier; one that is tried again gets a few first."""
        given: Iterator[Outgoing] = iter(waiting)
        if state == "half_open":
            given = islice(given, PROBE)
        answered = False
        for reply in self._carriers[name].send(given, journal):
            if reply.kind == "untaken":
                waiting.refused = reply.text or "it takes nothing from us"
            elif reply.kind != "unknown" and not answered:
                answered = True
                waiting.nothing_answered = False
                self._breakers.carrier_answered(name, self._clock())
            yield reply if name == self.name else _by_whom(reply, name)


class FormerCarriers:
    """`ports.Carrier` that only answers for a former life; of one that is gone, nobody can tell."""

    def __init__(self, names: Sequence[str], carriers: Mapping[str, Carrier]) -> None:
        self.name = names[0]
        self._asked = [carriers[name].found if name in carriers else _silent for name in names]

    def send(self, messages: Iterator[Outgoing], journal: Journal) -> Iterator[Reply]:
        """Refuse.

        Raises:
            CarrierError: always.
        """
        raise CarrierError("this carrier sends no more", where="delivery.carrier")

    def found(self, send_ids: Sequence[bytes]) -> dict[bytes, bool] | None:
        """Return what any of them knows; a send is denied only where all of them deny it."""
        return _found_by(self._asked, send_ids)


def _silent(_: Sequence[bytes]) -> None:
    return None


def _found_by(asked: Sequence[Finding], send_ids: Sequence[bytes]) -> dict[bytes, bool] | None:
    told = [find(send_ids) for find in asked]
    answers = [each for each in told if each is not None]
    if not answers:
        return None
    known = {send_id: True for each in answers for send_id, there in each.items() if there}
    if len(answers) < len(told):
        return known
    denied = [each for each in send_ids if all(each in answer for answer in answers)]
    return dict.fromkeys(denied, False) | known


class _Waiting:
    """The messages that no carrier has been given yet."""

    def __init__(self, messages: Iterator[Outgoing]) -> None:
        self._messages = messages
        self.over = False
        self.refused = ""
        """Why the carrier took nothing; it gets no more."""
        self.nothing_answered = True

    def __iter__(self) -> Iterator[Outgoing]:
        while not self.refused:
            message = next(self._messages, None)
            if message is None:
                self.over = True
                return
            yield message


def _by_whom(reply: Reply, name: str) -> Reply:
    return msgspec.structs.replace(reply, carrier=reply.carrier or name)


def _all_rest(breakers: dict[str, Breaker]) -> CarrierError:
    said = "; ".join(f"{name}: {each.reason}" for name, each in sorted(breakers.items()))
    return CarrierError(
        f"every carrier failed and rests now ({said})",
        where="delivery.carrier",
        mend="mend one, or wait: each is tried again by itself; nothing is lost",
    )
