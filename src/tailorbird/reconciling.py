"""Decisions, outbox, settlements, journals, events and carrier side by side: does it add up?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Final

from tailorbird.delivery.journals import Journals
from tailorbird.errors import StoreError, UsageError
from tailorbird.outbox import TOLD, Audit, Fault, InDoubt
from tailorbird.ports import Ledger
from tailorbird.schema import HOUR, Instant, Names, Reply, Settlement
from tailorbird.world import World

AT_ONCE: Final = 1000
GRACE: Final = HOUR
"""How long after its lease a claim may wait for somebody to take it over."""
BY_HAND: Final = "by hand"
_OF_MAILS: Final = (
    Names.EMAIL_SENT, Names.EMAIL_DELIVERED, Names.EMAIL_OPENED, Names.EMAIL_CLICKED,
    Names.EMAIL_BOUNCED, Names.EMAIL_COMPLAINED, Names.UNSUBSCRIBED,
)  # fmt: skip
_TOLD: Final = f"""
SELECT DISTINCT send_id, event FROM facts
WHERE send_id <> '' AND event IN ({", ".join("?" * len(_OF_MAILS))}) ORDER BY send_id, event
"""  # noqa: S608 - only places for values
_SENT: Final = "SELECT DISTINCT send_id FROM facts WHERE send_id <> '' AND event = ?"


def verify(world: World, now: Instant) -> Iterator[Fault]:
    """Yield all that does not add up; call it when the log has been taken in."""
    yield from world.audit.faults()
    yield from _claims_left(world, now)
    yield from _journals(world)
    yield from _events(world)
    yield from _untold(world)


def _claims_left(world: World, now: Instant) -> Iterator[Fault]:
    """Yield claims that nobody works on: their lease ended long ago, their worker has died."""
    journals = Journals(world.folder)
    for send_id, worker in world.audit.overdue(now - GRACE):
        if worker != world.worker and not journals.is_held(worker):
            yield Fault("claim_left", send_id, f"by {worker}")


def _journals(world: World) -> Iterator[Fault]:
    """Yield words of journals, of workers that are not at work, that the ledger contradicts."""
    journals = Journals(world.folder)
    found = [(world.worker, world.journal.last())]
    for worker in journals.workers():
        if worker == world.worker:
            continue
        try:
            left = journals.left_by(worker)
        except StoreError:
            continue
        if left is not None:
            with closing(left):
                found.append((worker, left.last()))
    for worker, words in found:
        states = world.audit.departures(list(words))
        for send_id, reply in words.items():
            departure = states.get(send_id)
            if departure is None:
                yield Fault("journal_stranger", send_id, f"in the journal of {worker}")
            elif departure.state in ("cancelled", "failed") and _left(reply):
                yield Fault("journal_differs", send_id, f"{departure.state}, but it left")


def _left(reply: Reply | None) -> bool:
    return reply is None or reply.kind == "accepted"


def _events(world: World) -> Iterator[Fault]:
    """Yield events of mails that never left."""
    rows = world.facts.read(_TOLD, _OF_MAILS).to_pylist()
    for start in range(0, len(rows), AT_ONCE):
        part = [(bytes.fromhex(row["send_id"]), row["event"]) for row in rows[start:][:AT_ONCE]]
        known = world.audit.departures(sorted({send_id for send_id, _ in part}))
        for send_id, event in part:
            departure = known.get(send_id)
            if departure is None:
                yield Fault("never_sent", send_id, f"{event}, and there is no such send")
            elif not departure.left and (event, departure.state) != (Names.EMAIL_BOUNCED, "failed"):
                yield Fault("never_sent", send_id, f"{event}, but it is {departure.state}")


def _untold(world: World) -> Iterator[Fault]:
    """Yield sent mails that the log was not told of, or that their carrier does not have."""
    told = set(world.facts.read(_SENT, (Names.EMAIL_SENT,)).column("send_id").to_pylist())
    until = int(world.log.progress(TOLD) or 0)
    after = 0
    while rows := world.ledger.settlements(after, AT_ONCE):
        after = rows[-1][0]
        sent = [(at, ended) for at, _, ended in rows if ended.state == "sent"]
        for sequence, ended in sent:
            if sequence <= until and ended.send_id.hex() not in told:
                yield Fault("not_told", ended.send_id)
        own = [e.send_id for _, e in sent if e.carrier == world.carrier.name]
        there = world.carrier.found(own) or {}
        yield from (Fault("not_at_carrier", each) for each in own if there.get(each) is False)


def settle(
    ledger: Ledger, audit: Audit, send_id: bytes, *, sent: bool, reason: str, author: str,
    now: Instant,
) -> InDoubt:  # fmt: skip
    """Say by hand what became of a send in doubt; return what was known of it.

    Raises:
        UsageError: it is not in doubt, or there is no reason.
    """
    if not reason:
        raise UsageError("a send is settled for a reason", mend="say how you know; it is kept")
    found = [each for each in audit.unknowns(_before(send_id), 1) if each.send_id == send_id]
    if not found:
        raise UsageError("this send is not in doubt", mend="see `tailorbird delivery unknowns`")
    said = f"{BY_HAND}: {reason}" + (f" ({author})" if author else "")
    end = Settlement(send_id, "sent" if sent else "pending", found[0].carrier, said)
    ledger.settle([end if sent else _again(end, now)], now)
    return found[0]


def settle_all(
    ledger: Ledger, audit: Audit, *, retry: bool, now: Instant, campaign: str = ""
) -> int:
    """Settle everything in doubt by a rule, as delivered or to be sent again; return how many."""
    after, ends = b"", 0
    while page := audit.unknowns(after, AT_ONCE):
        after = page[-1].send_id
        said = "by rule: sent again" if retry else "by rule: assumed delivered"
        own = [each for each in page if campaign in ("", each.campaign)]
        settled = [Settlement(e.send_id, "sent", e.carrier, said) for e in own]
        ledger.settle([_again(each, now) if retry else each for each in settled], now)
        ends += len(own)
    return ends


def _again(end: Settlement, now: Instant) -> Settlement:
    return Settlement(end.send_id, "pending", end.carrier, end.reply, now)


def _before(send_id: bytes) -> bytes:
    """Return the greatest id of 16 bytes below this one."""
    number = int.from_bytes(send_id, "big")
    return (number - 1).to_bytes(len(send_id), "big") if number else b""
