"""Lists as one text: every element stands between two marks."""

from __future__ import annotations

from typing import Any, Final

import msgspec

_MARK: Final = "\x1f"


def mark(element: str) -> str:
    """Return an element as it stands in the text of a list: between two marks, free of them.

    >>> mark("a") in mark("b") + mark("a")[1:], mark("a") in mark("ab")
    (True, False)
    """
    return f"{_MARK}{element.replace(_MARK, ' ')}{_MARK}"


def text_of(element: Any) -> str:
    """Return an element of a list as text, as a value of a trait is told.

    >>> text_of(2.0), text_of(True), text_of("a"), text_of([1])
    ('2', 'true', 'a', '[1]')
    """
    match element:
        case bool():
            return "true" if element else "false"
        case str():
            return element
        case float() if element.is_integer():
            return str(int(element))
        case _:
            return msgspec.json.encode(element).decode()
