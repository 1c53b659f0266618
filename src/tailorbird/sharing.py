"""Whether a folder is one of several machines that send from one PostgreSQL, and which of them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from tailorbird.errors import SettingsError, StoreError
from tailorbird.settings import Settings

MARK: Final = "tailorbird.shared"
"""The file by which a folder knows that it is the home."""
RECORD: Final = "tailorbird.sqlite"


class Mark(msgspec.Struct, frozen=True):
    """What the home's folder keeps of its sharing."""

    home: str
    whole: bool = False
    """Whether everything was copied into the address book once."""


def address(settings: Settings) -> str:
    """Return the address of the server that machines share, '' where the folder is alone.

    Raises:
        SettingsError: the file that should hold it cannot be read.
    """
    chosen = settings.ledger
    if chosen.url or not chosen.url_file:
        return chosen.url
    try:
        return Path(chosen.url_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"the address cannot be read: {error}",
            where="ledger.url_file",
            mend="write postgresql://USER:PASSWORD@HOST/DATABASE into it, on one line",
        ) from None


def is_away(folder: Path, settings: Settings) -> bool:
    """Return whether this folder belongs to a machine that only sends for another one's."""
    return bool(address(settings)) and not (folder / RECORD).exists()


def check_alone(folder: Path, settings: Settings) -> None:
    """Look whether a folder without an address was ever shared.

    Raises:
        SettingsError: its ledger is on a server, and nobody says where.
    """
    if (folder / MARK).exists() and not address(settings):
        raise SettingsError(
            "this folder's ledger is on a PostgreSQL server, and no address is set",
            where="ledger.url",
            mend="set it, here or by TAILORBIRD_LEDGER__URL, for every command",
        )


def check_moved(folder: Path, moved: str) -> None:
    """Look whether a folder whose ledger was moved to a server knows that all of it is there.

    `moved`: the home by which the folder's own record says so, '' where it does not.

    Raises:
        StoreError: a crash came between the two.
    """
    if moved and not (folder / MARK).exists():
        raise StoreError(
            "the move of this folder's ledger to a server has begun, and has not ended",
            where=str(folder),
            mend="run `tailorbird delivery share` again, with the same address: it goes on",
        )


def mark_of(folder: Path) -> Mark | None:
    """Return what a folder keeps of its sharing, None where it never was.

    Raises:
        StoreError: it cannot be read.
    """
    path = folder / MARK
    if not path.exists():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Mark)
    except (OSError, msgspec.MsgspecError) as error:
        mend = "restore this file from a backup"
        raise StoreError(f"it cannot be read: {error}", where=str(path), mend=mend) from None


def keep_mark(folder: Path, mark: Mark) -> Mark:
    """Keep in a folder what it is to know of its sharing."""
    part = folder / f"{MARK}.part"
    part.write_bytes(msgspec.json.encode(mark))
    part.replace(folder / MARK)
    return mark
