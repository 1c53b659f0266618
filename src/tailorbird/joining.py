"""Several machines, one PostgreSQL: who is the home, who only sends, and what each is given.

The home has the log, the people and the facts in its folder, as ever. Ledger, outbox, lanes and
enrolments are on the server; so is the address book, which the home writes with every transaction
that changes it. A machine that only sends needs the address, the home's key and its carriers.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import socket
import time
from dataclasses import dataclass
from os import getpid
from pathlib import Path
from typing import Any, Final

import msgspec

from tailorbird.errors import SettingsError, StoreError
from tailorbird.ports import Closeable
from tailorbird.privacy.vault import KEY_FILE, Vault, read_key
from tailorbird.settings import Settings
from tailorbird.sharing import Mark, address, keep_mark, mark_of
from tailorbird.stores.postgres import book
from tailorbird.stores.postgres.audit import PostgresAudit
from tailorbird.stores.postgres.connection import Server
from tailorbird.stores.postgres.definitions import PostgresDefinitions
from tailorbird.stores.postgres.enrolments import PostgresEnrolments
from tailorbird.stores.postgres.lanes import PostgresLanes
from tailorbird.stores.postgres.ledger import PostgresLedger
from tailorbird.stores.postgres.machines import PostgresMachines
from tailorbird.stores.postgres.people import PostgresPeople
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.enrolments import SqliteEnrolments
from tailorbird.stores.sqlite.ledger import SqliteLedger

BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Share:
    """What a process uses instead of its folder's own, and what is closed after it."""

    ports: dict[str, Any]
    machines: PostgresMachines
    opened: list[Closeable]


def at_home(
    folder: Path, settings: Settings, vault: Vault, database: Database, *, writes: bool, holds: bool
) -> Share:
    """Return what the home's processes use; with `writes` what they change goes into the book.

    Of those that hold the facts (`holds`) there is one at a time, on all machines together.

    Raises:
        StoreError: the server says no, or another folder is the home.
    """
    uri, mark = address(settings), mark_of(folder)
    server = Server(uri)
    opened: list[Closeable] = [server]
    try:
        _check_home(book.standing(server), mark, vault, folder)
        if mark is None:
            _check_unused(database)
            mark = keep_mark(folder, Mark(secrets.token_hex(8)))
        ledger = PostgresLedger(server, time.monotonic)
        if writes:
            keeper = Server(uri, book.stay_at_home if holds else None)
            opened.append(keeper)
            kept = book.Book(keeper, database, mark.home, vault.check)
            if not mark.whole:
                kept.fill()
                keep_mark(folder, Mark(mark.home, whole=True))
        journeys = Server(uri)
        opened.append(journeys)
        ports = _shared(server, ledger) | {
            "enrolments": PostgresEnrolments(journeys, database.alone)
        }
        return _share(settings, server, ledger, ports, opened, tells=True)
    except BaseException:
        for each in opened:
            each.close()
        raise


def away(folder: Path, settings: Settings) -> tuple[Share, Vault]:
    """Return what a machine uses that only sends, with the home's key.

    Raises:
        StoreError, SettingsError: the server says no, there is no home yet, or this is another key.
    """
    if settings.delivery.carrier == "inbox":
        raise SettingsError(
            "this machine has no carrier, and mails would stay in an inbox of its own",
            where="delivery.carrier",
            mend="set up the carrier here as on the home",
        )
    vault = Vault(read_key(Path(settings.ledger.key_file or folder / KEY_FILE)))
    server = Server(address(settings))
    try:
        _check_away(book.standing(server), vault)
        ledger = PostgresLedger(server, time.monotonic)
        ports = _shared(server, ledger)
        ports["people"] = PostgresPeople(server, vault, settings.conflict)
        ports["definitions"] = PostgresDefinitions(server)
        return _share(settings, server, ledger, ports, [server], tells=False), vault
    except BaseException:
        server.close()
        raise


def _shared(server: Server, ledger: PostgresLedger) -> dict[str, Any]:
    return {"ledger": ledger, "lanes": PostgresLanes(server), "audit": PostgresAudit(server)}


def _share(
    settings: Settings,
    server: Server,
    ledger: PostgresLedger,
    ports: dict[str, Any],
    opened: list[Closeable],
    *,
    tells: bool,
) -> Share:
    machines = PostgresMachines(
        server,
        ledger,
        worker_name(settings),
        tells=tells,
        dead_after_seconds=settings.ledger.dead_after_seconds,
        seconds=time.monotonic,
        fresh=lambda: f"left-{secrets.token_hex(4)}",
    )
    return Share(ports, machines, opened)


def worker_name(settings: Settings) -> str:
    """Return a name that no other worker has or ever had: host, boot, process, and a draw.

    It ends with a digest of the carriers, by which others know who can tell what left.
    """
    host = re.sub("[^a-z0-9]+", "-", socket.gethostname().lower()).strip("-")[:20].strip("-")
    boot = BOOT.read_text()[:8] if BOOT.exists() else "0"
    chosen = settings.delivery
    names = msgspec.json.encode((chosen.carrier, chosen.transactional, chosen.failover))
    digest = hashlib.blake2b(names, digest_size=4).hexdigest()
    return f"{host or 'host'}-{boot}-{getpid()}-{secrets.token_hex(4)}-{digest}"


def _check_home(there: book.Standing | None, mark: Mark | None, vault: Vault, folder: Path) -> None:
    if there is None:
        if mark is not None and mark.whole:
            raise StoreError(
                "the server has lost what this folder shared there, or is another one",
                where="ledger.url",
                mend="restore its database: without it, what was sent would be sent again",
            )
        return
    if mark is None or there.home != mark.home:
        raise StoreError(
            "another folder is the home of this database",
            where=str(folder),
            mend="use a database of its own, or let this machine only send "
            "(`tailorbird worker` in an empty folder)",
        )
    if there.key_check != vault.check:
        raise StoreError(
            "the folder's key is not the one with which it began",
            where=str(folder / KEY_FILE),
            mend="restore this file from a backup",
        )


def _check_unused(database: Database) -> None:
    if SqliteLedger(database).decisions(limit=1) or SqliteEnrolments(database).places():
        raise StoreError(
            "this folder has decided or enrolled already, and that is kept in the folder",
            where="ledger.url",
            mend="stop what works on this folder, and run `tailorbird delivery share` once: "
            "with an empty ledger, everything would be sent again",
        )


def _check_away(there: book.Standing | None, vault: Vault) -> None:
    if there is None or not there.whole:
        raise StoreError(
            "there is no home here yet, whose mails could be sent",
            where="ledger.url",
            mend="start `tailorbird serve` on the home first, with the same address",
        )
    if there.key_check != vault.check:
        raise StoreError(
            "this is not the key of the home",
            where="ledger.key_file",
            mend="copy the home's `tailorbird.key`, and let nobody else read it",
        )
