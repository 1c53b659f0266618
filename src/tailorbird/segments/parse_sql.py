"""Reads segments that analysts write in SQL."""

from __future__ import annotations

from tailorbird.segments import analyst
from tailorbird.segments.reader import Keyed, Reader
from tailorbird.segments.schedule import LIVE, Schedule


def sql(reader: Reader, value: Keyed, every: Schedule | None) -> str:
    """Return the statement under `sql`, checked; errors name its own lines too."""
    text = value["sql"]
    if "where" in value:
        reader.refuse("both 'where' and 'sql'", ("sql",), "keep one of them")
    if not isinstance(text, str) or not text.strip():
        reader.refuse("the statement is not text", ("sql",), "write `sql: |` and a SELECT below it")
    if every == LIVE:
        mend = "write `hourly` or `daily at 03:00`: nothing says when its answer changes"
        reader.refuse("SQL cannot be live", ("refresh",), mend)
    try:
        analyst.check(text)
    except analyst.Refusal as refusal:
        where = f" (line {refusal.line} of it)" if refusal.line > 1 else ""
        reader.refuse(f"{refusal.what}{where}", ("sql",), refusal.mend)
    return text
