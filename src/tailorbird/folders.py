"""Data folders: made with one clear message when they cannot be."""

from __future__ import annotations

from pathlib import Path

from tailorbird.errors import StoreError


def make(folder: Path) -> None:
    """Make a folder and those above it, unless it is there.

    Raises:
        StoreError: a file is in the way, or the place cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise StoreError(
            "a file of this name is in the way", where=str(folder), mend="choose another folder"
        ) from None
    except OSError as error:
        raise StoreError(
            f"the folder cannot be made: {error.strerror}",
            where=str(folder),
            mend="choose a folder that you may write to",
        ) from None
