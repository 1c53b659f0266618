"""Moves a folder's ledger to the server that machines are to share: whole, or not at all.

The folder is held alone while all is copied; the server's copy is used by nobody until the folder's
own record says that it has moved. A crash before that leaves the folder as it was, and the copy is
made anew; after that, nobody can write to the folder's ledger, and the same command ends the move.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from pathlib import Path

import msgspec

from tailorbird import sending, sharing
from tailorbird import settings as configuration
from tailorbird.delivery.journals import Journals
from tailorbird.errors import StoreError, UsageError
from tailorbird.ledger_settings import Ledger as Place
from tailorbird.privacy.vault import Vault, load_key
from tailorbird.schema import SECOND, Instant
from tailorbird.settings import Settings
from tailorbird.stores.postgres import book, copying
from tailorbird.stores.postgres.connection import Server
from tailorbird.stores.sqlite.connection import FILE_NAME, Database
from tailorbird.wiring import wired
from tailorbird.world import World


def share(
    folder: Path, environment: Mapping[str, str], clock: Callable[[], Instant], home: str
) -> dict[str, int]:
    """Move a folder's ledger to the server of `ledger.url`; return how many rows each table has.

    Returns nothing where an earlier run had copied all, and only the end was left to do. `home` is
    a name that no home ever had.

    Raises:
        UsageError: no server is named, or the folder is shared already.
        StoreError: somebody works on the folder, mails are in hand, or the server says no.
    """
    settings, _ = configuration.load(folder, environment)
    uri = sharing.address(settings)
    if not uri:
        mend = "set it, here or by TAILORBIRD_LEDGER__URL"
        raise UsageError("no server is named", where="ledger.url", mend=mend)
    if sharing.mark_of(folder) is not None:
        raise UsageError(
            "this folder is shared already", where=str(folder), mend="start `tailorbird serve`"
        )
    with closing(Server(uri, book.stay_at_home)) as server:
        copying.prepare(server)
        home, rows = _moved(folder, settings, clock, server, home)
        copying.finish(server, home)
        sharing.keep_mark(folder, sharing.Mark(home, whole=True))
    return rows


def _moved(
    folder: Path, settings: Settings, clock: Callable[[], Instant], server: Server, home: str
) -> tuple[str, dict[str, int]]:
    """Return as whose home the folder's ledger is on the server, moving it where it is not."""
    vault, database = Vault(load_key(folder)), Database(folder / FILE_NAME)
    with closing(database), ExitStack() as held:
        if database.moved:
            return database.moved, {}
        alone = msgspec.structs.replace(settings, ledger=Place())
        world, opened = wired(folder, alone, vault, database, clock)
        for each in reversed(opened):
            held.callback(each.close)
        _check_nobody_works(world)
        sending.settle_left(world, clock() - settings.clock_lag_seconds * SECOND, world.worker)
        with database.write() as connection:
            _check_hands(world)
            rows = copying.copy(server, connection, home, vault.check)
            database.move_to(home)
        return home, rows


def _check_nobody_works(world: World) -> None:
    journals = Journals(world.folder)
    for worker in journals.workers():
        if worker != world.worker and journals.is_held(worker):
            raise StoreError(
                f"{worker} sends from this folder",
                where=str(world.folder),
                mend="stop every `tailorbird worker` and `tailorbird serve` of this folder first",
            )


def _check_hands(world: World) -> None:
    """Look whether mails are in the hand of somebody whose journal nobody has."""
    if workers := world.ledger.workers():
        raise StoreError(
            f"mails are in the hand of {', '.join(workers)}, and nobody knows yet what left",
            where=str(world.folder),
            mend="wait until the lease ends (15 minutes), and run it again: it is settled then",
        )
