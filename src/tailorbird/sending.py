"""Mail out, outcomes back: who sends, what holds it up, what became of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, nullcontext
from functools import cache
from typing import Final

import msgspec

from tailorbird import delivery, forms, letters, pacing
from tailorbird.delivery.carriers.registry import abilities
from tailorbird.delivery.failover import FormerCarriers
from tailorbird.delivery.journal import FileJournal
from tailorbird.delivery.journals import Journals
from tailorbird.errors import StoreError
from tailorbird.lanes import Pace
from tailorbird.outbox import TOLD
from tailorbird.ports import Carrier, Journal
from tailorbird.schema import Body, Claim, Instant, Outgoing, Settlement
from tailorbird.world import World

PAUSED: Final = "given back: sending is paused"
ENDING: Final = "given back: the worker ends"
CARRIERS_OF: Final = ":carriers:"
"""Starts the names under which is kept by which carriers each worker sends."""


def never() -> bool:
    """Return that there is no end in sight."""
    return False


def deliver(
    world: World,
    now: Instant,
    worker: str = "",
    clock: Callable[[], Instant] | None = None,
    ending: Callable[[], bool] = never,
) -> delivery.DeliveryReport:
    """Send what was decided and not yet sent; first settle what a kill left open.

    `worker` is the owner of the world's journal. `clock` tells the time of long work. Once
    `ending` says so, nothing more is begun: what was claimed and has not left is given back.
    """
    worker = worker or world.worker
    sender = (world.ledger, world.carrier, world.journal)
    pace = settle_left(world, now, worker)
    _note_carriers(world, worker)
    composer = letters.Composer(world, now)
    door = letters.Door(world, apart=forms.PREFIX, all_lanes=world.has_facts, ending=ending)
    report = delivery.deliver(
        *sender,
        _renderer(world, composer, now, ending),
        worker=worker,
        now=now,
        policy=policy(world),
        gate=door,
        pace=pace,
        clock=clock,
        expect=composer.expect,
        repeatable=repeatable(world),
    )
    announce(world)
    return report


def settle_left(world: World, now: Instant, worker: str) -> Pace | None:
    """Settle what this worker's last life and the dead left in hand; return the pace of now."""
    pace = pacing.prepare(world, now, forms.PREFIX)
    delivery.recover(
        world.ledger, witness(world, worker), world.journal,
        worker=worker, policy=policy(world), now=now, others=False, pace=pace,
        repeatable=repeatable(world),
    )  # fmt: skip
    take_over(world, now, worker, pace)
    return pace


def _renderer(
    world: World, composer: letters.Composer, now: Instant, ending: Callable[[], bool]
) -> delivery.Render:
    """Return what makes a claim's message, or ends the claim as it has to by then."""

    def render(claim: Claim) -> Outgoing | Settlement:
        if ending():
            return Settlement(claim.send_id, "pending", world.carrier.name, ENDING)
        if (halted := _halted(world, claim)) is not None:
            return halted
        if forms.is_confirmation(claim):
            return forms.outgoing(world, claim, now)
        return composer.outgoing(claim)

    return render


def take_over(
    world: World, now: Instant, worker: str, pace: Pace | None = None
) -> list[delivery.Recovery]:
    """Settle what other workers left behind that have died, each by its own journal.

    Whose journal is held lives, however far the clock has jumped; whose journal is not in this
    folder is dead when its lease has ended, or when the server that machines share says so.
    """
    journals, found = Journals(world.folder), []
    for name in world.ledger.workers():
        if name == worker:
            continue
        try:
            left: FileJournal | None = journals.left_by(name)
        except StoreError:
            continue
        with closing(left) if left is not None else nullcontext():
            heir: str = name
            words: Journal | None = left
            if left is None and world.machines is not None:
                if (taken := world.machines.take(name)) is None:
                    continue
                heir, words = taken
            found.append(
                delivery.recover(
                    world.ledger, witness(world, name), words,
                    worker=heir, policy=policy(world), now=now, others=False, pace=pace,
                    repeatable=repeatable(world),
                )
            )  # fmt: skip
    return found


def witness(world: World, worker: str) -> Carrier:
    """Return who can tell what left in a worker's last life: the carriers that it had then.

    Another one that is asked denies what it never had, and everything would be sent again.
    """
    kept = world.lanes.meters().get(_carriers_of(world, worker))
    names = msgspec.json.decode(kept, type=list[str]) if kept else []
    if set(names) <= set(_carriers(world)):
        return world.carrier
    return FormerCarriers(names, world.carriers)


def _note_carriers(world: World, worker: str) -> None:
    name, said = _carriers_of(world, worker), msgspec.json.encode(_carriers(world))
    if world.lanes.meters().get(name) != said:
        world.lanes.keep({name: said})


def _carriers_of(world: World, worker: str) -> str:
    """Return under which name a worker's carriers are kept; many workers have the same."""
    return CARRIERS_OF + (worker.rpartition("-")[2] if world.machines else worker)


def _carriers(world: World) -> list[str]:
    chosen = world.settings.delivery
    return [name for name in (chosen.carrier, chosen.transactional, *chosen.failover) if name]


def policy(world: World) -> Callable[[Claim], delivery.UnknownPolicy]:
    """Return what becomes of sends in doubt: mails that somebody waits for have their own rule."""
    chosen = world.settings.delivery

    def of(claim: Claim) -> delivery.UnknownPolicy:
        if forms.is_confirmation(claim):
            return chosen.unknown_transactional
        return chosen.unknown_policy

    return of


def repeatable(world: World) -> delivery.Repeatable:
    """Return for how long providers take a send once: the shortest promise of those it may go by.

    0 where none of them promises anything: then the policy alone says whether it is repeated.
    """
    chosen = world.settings.delivery
    usual = (chosen.carrier, *chosen.failover)

    @cache
    def shortest(names: tuple[str, ...]) -> int:
        promised = [abilities(world.settings, name).repeatable_seconds for name in names]
        return min((seconds for seconds in promised if seconds), default=0)

    def of(claim: Claim) -> int:
        asked_for = forms.is_confirmation(claim) and chosen.transactional
        return shortest((chosen.transactional,) if asked_for else usual)

    return of


def send_waiting(
    world: World,
    now: Instant,
    clock: Callable[[], Instant] | None = None,
    ending: Callable[[], bool] = never,
) -> bool:
    """Send what waits to be sent; return whether anything came of it."""
    # What other machines have sent is told here, also when nothing is left to be sent.
    told = announce(world) if world.machines is not None else 0
    if not world.ledger.waits():
        return told > 0
    return deliver(world, now, clock=clock, ending=ending) != delivery.DeliveryReport()


def announce(world: World) -> int:
    """Tell the log what became of each send, exactly once; return how many.

    Of several machines one tells, that has the log; another process there goes on when it ends.
    """
    told = 0
    if world.machines is not None and not world.machines.tells():
        return told
    while True:
        after = int(world.log.progress(TOLD) or 0)
        rows = world.ledger.settlements(after, 1000)
        if not rows:
            return told
        bodies = [
            Body("delivery", at, msgspec.json.encode({"batch": [event]}))
            for _, at, settlement in rows
            if (event := letters.settled_event(world, settlement, at)) is not None
        ]
        world.log.append_from(TOLD, bodies, str(rows[-1][0]))
        told += len(bodies)


def _halted(world: World, claim: Claim) -> Settlement | None:
    """Return the end of a claim whose campaign stands still by now; cheap, asked for every mail."""
    orders = world.ledger.standing()
    order = orders.get("") or orders.get(claim.campaign) if orders else None
    if order is None:
        return None
    if order.act == "pause":
        return Settlement(claim.send_id, "pending", world.carrier.name, PAUSED)
    why = f"cancelled: {order.reason}" if order.reason else "cancelled"
    return Settlement(claim.send_id, "cancelled", world.carrier.name, why)
