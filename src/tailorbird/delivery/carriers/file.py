"""A maildir: one file a message, whole or not there, named by its send id.

Source: the format "maildir" of qmail. Mail readers move files from `new` to `cur`; both count.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from tailorbird.delivery.carriers.kinds import Abilities, Kind, Place
from tailorbird.errors import CarrierError
from tailorbird.ports import Journal
from tailorbird.schema import Outgoing, Reply

FOLDERS: Final = ("tmp", "new", "cur")


class FileSettings(msgspec.Struct, frozen=True):
    """Table of a carrier of kind `file`."""

    folder: str = "mails"
    """A relative path starts at the data folder."""


class FileCarrier:
    """`ports.Carrier` into one maildir.

    It takes each send id once and can always tell what it has, so the journal is not needed.
    """

    def __init__(self, folder: Path, *, name: str = "file") -> None:
        self.name = name
        self._folder = folder

    def send(self, messages: Iterator[Outgoing], journal: Journal) -> Iterator[Reply]:
        """Write as they come; each is on the disk before its reply is yielded.

        Raises:
            CarrierError: the folder cannot be written.
        """
        for message in messages:
            try:
                kept = self._kept(message)
            except OSError as error:
                raise CarrierError(
                    f"the maildir cannot be written: {error.strerror}",
                    where=str(self._folder),
                    mend="look at the disk and the folder's permissions; nothing is lost",
                ) from error
            yield Reply(message.send_id, "accepted", 250, kept)

    def found(self, send_ids: Sequence[bytes]) -> dict[bytes, bool]:
        """Say for each send whether its message is here."""
        return {send_id: self._has(send_id.hex()) for send_id in send_ids}

    def close(self) -> None:
        """Let go of nothing: every file is closed."""

    def _kept(self, message: Outgoing) -> str:
        name = message.send_id.hex()
        if self._has(name):
            return "here already"
        for folder in FOLDERS:
            (self._folder / folder).mkdir(parents=True, exist_ok=True)
        begun = self._folder / "tmp" / name
        with begun.open("wb") as file:
            file.write(message.content)
            file.flush()
            os.fsync(file.fileno())
        begun.rename(self._folder / "new" / name)
        _sync(self._folder / "new")
        return "kept"

    def _has(self, name: str) -> bool:
        if (self._folder / "new" / name).exists():
            return True
        return next((self._folder / "cur").glob(f"{name}*"), None) is not None


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _opened(settings: FileSettings, place: Place) -> FileCarrier:
    return FileCarrier(place.folder / settings.folder, name=place.name)


KIND: Final = Kind(FileSettings, _opened, Abilities(raw=True, keeps_signature=True, looks_up=True))
