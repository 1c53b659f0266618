"""Patterns that an author writes and strangers' texts are held against, in time that is linear.

Python's own expressions can take for ever over fifty letters: `(a+)+b`. Those of RE2 cannot, at the
price of look-arounds and back references.
"""

from __future__ import annotations

from collections.abc import Callable


def whole(pattern: str) -> Callable[[str], bool]:
    """Return what says whether a whole text is like a pattern.

    Raises:
        ValueError: the pattern is none.

    >>> like = whole("[A-Z]+[0-9]*")
    >>> like("SPRING26"), like("SPRING26!")
    (True, False)
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    pc.match_substring_regex(pa.scalar(""), pattern=pattern)
    anchored = rf"\A(?:{pattern})\z"

    def like(text: str) -> bool:
        said = pa.scalar(text.encode("utf-8", "replace").decode(), pa.string())
        return bool(pc.match_substring_regex(said, pattern=anchored).as_py())

    return like
