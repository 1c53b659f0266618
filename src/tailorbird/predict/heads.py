"""The JSON head of a model's files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

import msgspec

from tailorbird.errors import ModelError

MEND: Final = "train the model again"
Kind = TypeVar("Kind")


def read_head(
    files: Mapping[str, bytes],
    name: str,
    kind: type[Kind],
    called: str = "the files",
    *,
    where: str = "",
    mend: str = MEND,
) -> Kind:
    """Return what the file of a name says.

    Raises:
        ModelError: it is missing or damaged; `called` and `where` say what cannot be read.
    """
    try:
        return msgspec.json.decode(files[name], type=kind)
    except (KeyError, msgspec.DecodeError) as error:
        what = f"{called} cannot be read ({error})"
        raise ModelError(what, where=where or name, mend=mend) from error
