"""The definition of a list: what it is called and what it is for; who is on it, the log says."""

from __future__ import annotations

import re
from typing import Final

from tailorbird import yaml_text
from tailorbird.errors import DefinitionError

NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
"""What a list may be called: conditions, paths and commands name it so."""


def list_description(text: str, file: str) -> str:
    """Return the description in the definition of a list.

    Raises:
        DefinitionError: `file:line`, what is wrong, how to mend it.
    """
    document = yaml_text.read(text, file, columns=True)
    value = document.value
    if not isinstance(value, dict) or set(value) - {"name", "description"}:
        mend = "who is on it is not written here: `tailorbird lists add`"
        raise DefinitionError("a list has a name and a description", where=file, mend=mend)
    if not NAME.fullmatch(str(value.get("name"))):
        mend = "write a to z, 0 to 9, - and _, at most 63 of them"
        where = document.where(("name",))
        raise DefinitionError("this cannot name a list", where=where, mend=mend)
    return str(value.get("description") or "")
