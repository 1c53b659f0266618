"""The world of one data folder: every port with its adapter."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from tailorbird import folders, sharing
from tailorbird.delivery.carriers.inbox import InboxCarrier
from tailorbird.delivery.carriers.kinds import Place
from tailorbird.delivery.carriers.registry import carriers_of, sending_carrier
from tailorbird.delivery.failover import standing_in
from tailorbird.delivery.journal import FileJournal
from tailorbird.delivery.journals import FIRST, Journals
from tailorbird.delivery.pacing import Pacing
from tailorbird.ports import Closeable, Facts
from tailorbird.posting import Poster
from tailorbird.privacy.vault import Vault
from tailorbird.schema import Instant
from tailorbird.settings import Settings
from tailorbird.stores.duckdb.facts import FILE_NAME as FACTS_FILE
from tailorbird.stores.duckdb.facts import DuckFacts
from tailorbird.stores.memory.enrolments import MemoryEnrolments
from tailorbird.stores.models import FileModels
from tailorbird.stores.sqlite.audit import SqliteAudit
from tailorbird.stores.sqlite.changes import SqliteChanges
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.definitions import SqliteDefinitions
from tailorbird.stores.sqlite.enrolments import SqliteEnrolments
from tailorbird.stores.sqlite.hooks import SqliteHooks
from tailorbird.stores.sqlite.keys import SqliteKeys
from tailorbird.stores.sqlite.lanes import SqliteLanes
from tailorbird.stores.sqlite.ledger import SqliteLedger
from tailorbird.stores.sqlite.log import SqliteLog
from tailorbird.stores.sqlite.matches import SqliteMatches
from tailorbird.stores.sqlite.model_record import SqliteModelRecord
from tailorbird.stores.sqlite.people import SqlitePeople
from tailorbird.stores.sqlite.quarantine import SqliteQuarantine
from tailorbird.stores.sqlite.suppressions import SqliteSuppressions
from tailorbird.stores.sqlite.trainings import SqliteTrainings
from tailorbird.stores.withheld import AtHome, NoFacts
from tailorbird.world import World

if TYPE_CHECKING:
    from tailorbird.joining import Share


ANSWER_BYTES: Final = 1_000_000
"""As much is read of what a model at an address answers."""
OF_EVERY_MACHINE: Final = frozenset(
    {
        "assignment_key", "carrier", "carriers", "facts", "folder", "inbox", "journal", "models",
        "settings", "token_key",
    }
)  # fmt: skip
"""What of a world is no record: each machine has its own."""


def wired(
    path: Path,
    settings: Settings,
    vault: Vault,
    database: Database,
    clock: Callable[[], Instant],
    *,
    only_sends: bool = False,
) -> tuple[World, list[Closeable]]:
    """Return the world of a folder, and what must be closed after it, in order.

    One that only sends leaves the facts to whoever holds them, and has a journal of its own.
    """
    sharing.check_moved(path, database.moved)
    facts = NoFacts() if only_sends else DuckFacts(path / FACTS_FILE, conflict=settings.conflict)
    ports = _record(settings, vault, database)
    share = None
    if sharing.address(settings):
        from tailorbird import joining

        try:
            share = joining.at_home(
                path, settings, vault, database, writes=not only_sends, holds=not only_sends
            )
        except BaseException:
            facts.close()
            raise
        ports |= share.ports
    world, opened = _world(path, settings, vault, clock, facts, ports, share)
    return world, [*opened, database]


def wired_away(
    path: Path, settings: Settings, clock: Callable[[], Instant]
) -> tuple[World, list[Closeable]]:
    """Return the world of a machine that only sends for another one's folder.

    Raises:
        StoreError, SettingsError: the server says no, or what this machine needs is not here.
    """
    from tailorbird import joining

    folders.make(path)
    share, vault = joining.away(path, settings)
    names = (each.name for each in fields(World) if each.default is each.default_factory)
    ports = {name: AtHome(name) for name in names if name not in OF_EVERY_MACHINE} | share.ports
    return _world(path, settings, vault, clock, NoFacts(), ports, share)


def _world(
    path: Path,
    settings: Settings,
    vault: Vault,
    clock: Callable[[], Instant],
    facts: NoFacts | DuckFacts,
    ports: dict[str, Any],
    share: Share | None,
) -> tuple[World, list[Closeable]]:
    only_sends = isinstance(facts, NoFacts)
    worker, own = _journal(Journals(path), share, only_sends=only_sends)
    inbox = InboxCarrier(path, keep=settings.delivery.inbox_keep)
    place = Place("", path, settings.sender.domain, clock, inbox=inbox)
    carriers = carriers_of(settings, place)
    stands_in = standing_in(carriers, settings.delivery, Pacing(ports["lanes"]), clock)
    world = World(
        folder=path,
        settings=settings,
        facts=cast("Facts", facts),
        models=FileModels(path / "models", vault.model_key),
        inbox=inbox,
        carrier=sending_carrier(settings, stands_in),
        carriers=carriers,
        journal=share.machines.journal(own) if share else own,
        assignment_key=_assignment_key(settings, vault),
        token_key=vault.token_key,
        worker=worker,
        machines=share.machines if share else None,
        has_facts=not only_sends,
        aside=MemoryEnrolments,
        post=Poster(settings.hooks_out, ANSWER_BYTES),
        **ports,
    )
    outward = [carrier for carrier in carriers.values() if carrier is not inbox]
    return world, [*outward, facts, inbox, own, *(share.opened if share else ())]


def _journal(
    journals: Journals, share: Share | None, *, only_sends: bool
) -> tuple[str, FileJournal]:
    """Return a worker's name and its journal; where machines share, no name was ever had before."""
    if share is not None:
        journals.sweep()
        worker = share.machines.worker
        return worker, journals.open(worker)
    return journals.first_free() if only_sends else (FIRST, journals.open(FIRST))


def _record(settings: Settings, vault: Vault, database: Database) -> dict[str, Any]:
    """Return what one file of record holds, by its name in the world."""
    return {
        "log": SqliteLog(database),
        "people": SqlitePeople(database, vault, settings.conflict),
        "suppressions": SqliteSuppressions(database, vault),
        "quarantine": SqliteQuarantine(database),
        "definitions": SqliteDefinitions(database),
        "ledger": SqliteLedger(database),
        "lanes": SqliteLanes(database),
        "audit": SqliteAudit(database),
        "keys": SqliteKeys(database),
        "hooks": SqliteHooks(database, vault),
        "matches": SqliteMatches(database),
        "model_record": SqliteModelRecord(database),
        "training_record": SqliteTrainings(database),
        "changes": SqliteChanges(database),
        "enrolments": SqliteEnrolments(database),
    }


def _assignment_key(settings: Settings, vault: Vault) -> bytes:
    if not settings.assignment_salt:
        return vault.assignment_key
    return hashlib.blake2b(settings.assignment_salt.encode(), digest_size=32).digest()
