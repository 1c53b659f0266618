"""SQL in named files: each statement stands under a line `-- name: what_it_does`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

HEADER = "-- name: "


@cache
def load(name: str) -> dict[str, str]:
    """Return the statements of `stores/sql/NAME.sql` by their names."""
    statements: dict[str, str] = {}
    current = ""
    for line in text(name).splitlines():
        if line.startswith(HEADER):
            current = line.removeprefix(HEADER).strip()
            statements[current] = ""
        elif current:
            statements[current] += line + "\n"
    return {key: sql.strip().rstrip(";") for key, sql in statements.items()}


def text(name: str) -> str:
    """Return `stores/sql/NAME.sql` whole."""
    return (files("tailorbird.stores") / "sql" / f"{name}.sql").read_text(encoding="utf-8")
