"""What addresses of forms, feeds and pictures have alike: a sealed note, a name in templates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from tailorbird.tracking.tokens import NoteUse, Sealer

T = TypeVar("T", bound=msgspec.Struct)


def seal(sealer: Sealer, use: NoteUse, said: msgspec.Struct) -> str:
    """Return a token that says this, for this use alone."""
    return sealer.seal_note(use, msgspec.json.encode(said))


def unseal(sealer: Sealer, use: NoteUse, token: str, of: type[T]) -> T | None:
    """Return what a token says; None when it was not sealed with this key for this use."""
    try:
        return msgspec.json.decode(sealer.open_note(token, use) or b"", type=of)
    except msgspec.MsgspecError:
        return None


def names(paths: Iterable[str], prefix: str) -> set[str]:
    """Return what a template reads under a prefix, which ends with its dot."""
    return {path.removeprefix(prefix) for path in paths if path.startswith(prefix)}
