"""A journey's own text with another word under one of its keys; all else stays as it is."""

from __future__ import annotations

import re

from tailorbird.errors import DefinitionError


def with_key(
    text: str, key: str, value: str, file: str = "journey", *, at_end: bool = False
) -> str:
    """Return the text with a key of the journey itself set; comments and order stay.

    A new key stands below the name, or `at_end`, where it moves no other line.

    Raises:
        DefinitionError: the text is written in one line, as JSON is.
    """
    line = re.compile(rf"^{re.escape(key)}:.*$", re.M)
    if line.search(text):
        return line.sub(f"{key}: {value}", text, count=1)
    name = re.compile(r"^name:.*$", re.M)
    if not name.search(text):
        what = f"{key!r} cannot be set in a text of one line"
        raise DefinitionError(what, where=file, mend=f"write `{key}: {value}` into it")
    if at_end:
        return f"{text.rstrip()}\n{key}: {value}\n"
    return name.sub(lambda found: f"{found[0]}\n{key}: {value}", text, count=1)
