"""The text of a source, paused or going on; all else that its author wrote stays."""

from __future__ import annotations

import re
from typing import Final

from tailorbird.collect.sources.definition import parse_source
from tailorbird.errors import DefinitionError, UsageError

_LINE: Final = re.compile(r"^paused[ \t]*:.*(?:\n|$)", re.MULTILINE)


def with_pause(text: str, name: str, *, paused: bool) -> str:
    """Return a source's YAML that says whether it is paused.

    Raises:
        UsageError: it is written in a way that a line cannot be added to.

    >>> with_pause("source: erp\\nkind: file\\npath: /e/*.csv\\n", "erp.yaml", paused=True)
    'source: erp\\nkind: file\\npath: /e/*.csv\\npaused: true\\n'
    """
    if parse_source(text, name).paused == paused:
        return text
    rest = _LINE.sub("", text)
    written = f"{rest.rstrip()}\npaused: true\n" if paused else rest
    try:
        if parse_source(written, name).paused == paused:
            return written
    except DefinitionError:
        pass
    raise UsageError(
        "this source's text has no lines of its own", where=name, mend="write `paused` by hand"
    )
