"""The world of one data folder: every port with its adapter."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from tailorbird.delivery.carriers.inbox import InboxCarrier
from tailorbird.delivery.carriers.kinds import Place
from tailorbird.delivery.carriers.registry import carriers_of, sending_carrier
from tailorbird.delivery.failover import standing_in
from tailorbird.delivery.journals import FIRST, Journals
from tailorbird.delivery.pacing import Pacing
from tailorbird.ports import Closeable, Facts
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
from tailorbird.stores.withheld import NoFacts
from tailorbird.world import World


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
    journals = Journals(path)
    facts = NoFacts() if only_sends else DuckFacts(path / FACTS_FILE, conflict=settings.conflict)
    worker, journal = journals.first_free() if only_sends else (FIRST, journals.open(FIRST))
    inbox = InboxCarrier(path, keep=settings.delivery.inbox_keep)
    place = Place("", path, settings.sender.domain, clock, inbox=inbox)
    carriers = carriers_of(settings, place)
    lanes = SqliteLanes(database)
    stands_in = standing_in(carriers, settings.delivery, Pacing(lanes), clock)
    world = World(
        folder=path,
        settings=settings,
        facts=cast("Facts", facts),
        lanes=lanes,
        models=FileModels(path / "models"),
        inbox=inbox,
        carrier=sending_carrier(settings, stands_in),
        carriers=carriers,
        journal=journal,
        assignment_key=_assignment_key(settings, vault),
        token_key=vault.token_key,
        worker=worker,
        has_facts=not only_sends,
        aside=MemoryEnrolments,
        **_record(settings, vault, database),
    )
    outward = [carrier for carrier in carriers.values() if carrier is not inbox]
    return world, [*outward, facts, inbox, journal, database]


def _record(settings: Settings, vault: Vault, database: Database) -> dict[str, Any]:
    """Return what one file of record holds, by its name in the world."""
    return {
        "log": SqliteLog(database),
        "people": SqlitePeople(database, vault, settings.conflict),
        "suppressions": SqliteSuppressions(database, vault),
        "quarantine": SqliteQuarantine(database),
        "definitions": SqliteDefinitions(database),
        "ledger": SqliteLedger(database),
        "audit": SqliteAudit(database),
        "keys": SqliteKeys(database),
        "hooks": SqliteHooks(database, vault),
        "matches": SqliteMatches(database),
        "model_record": SqliteModelRecord(database),
        "changes": SqliteChanges(database),
        "enrolments": SqliteEnrolments(database),
    }


def _assignment_key(settings: Settings, vault: Vault) -> bytes:
    if not settings.assignment_salt:
        return vault.assignment_key
    return hashlib.blake2b(settings.assignment_salt.encode(), digest_size=32).digest()
