"""What the Online Retail file holds, by plain loops over its rows: the demo's second opinion.

It shares no code with `collect`, on purpose.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

LONDON: Final = ZoneInfo("Europe/London")
COLUMNS: Final = (
    "invoiceno", "stockcode", "description", "quantity", "invoicedate", "unitprice",
    "customerid", "country",
)  # fmt: skip
YEAR: Final = timedelta(days=365)
GOLD_ABOVE, SILVER_FROM = 12, 5


@dataclass(slots=True)
class FileFacts:
    """The figures that the import must reach."""

    customers: int
    orders: int
    returns: int
    revenue_minor: int
    """Orders less returns, lines that are no products included."""
    tiers: dict[str, int]
    midnight_after: int
    """The instant (us, UTC) at which the demo's campaign decides."""


def read_file(path: Path) -> FileFacts:
    """Return the file's figures."""
    seen: set[tuple[str, ...]] = set()
    customers: set[str] = set()
    orders: dict[str, datetime] = {}
    orders_of: dict[str, set[str]] = defaultdict(set)
    returns: set[str] = set()
    revenue = 0
    latest = datetime.min.replace(tzinfo=UTC)
    rows = list(_rows(path))
    day_first = _day_first(row[4] for row in rows)
    for row in rows:
        line = tuple(_text(value) for value in row)
        if line in seen:
            continue
        seen.add(line)
        invoice, _, _, quantity_text, _, price_text, customer, _ = line
        quantity, price = int(float(quantity_text)), Decimal(price_text)
        cancelled = invoice.startswith("C")
        if invoice.startswith("A") or price < 0 or quantity == 0 or (quantity < 0) != cancelled:
            continue
        at = _instant(row[4], day_first=day_first)
        latest = max(latest, at)
        minor = int((price * 100 * abs(quantity)).quantize(Decimal(1), ROUND_HALF_EVEN))
        revenue += -minor if cancelled else minor
        if customer:
            customers.add(customer)
        if cancelled:
            returns.add(invoice)
        else:
            orders[invoice] = min(at, orders.get(invoice, at))
            if customer:
                orders_of[customer].add(invoice)
    midnight = (latest + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    tiers = _tiers(orders_of, orders, midnight)
    at_us = int(midnight.timestamp()) * 1_000_000
    return FileFacts(len(customers), len(orders), len(returns), revenue, tiers, at_us)


def _tiers(
    orders_of: dict[str, set[str]], orders: dict[str, datetime], now: datetime
) -> dict[str, int]:
    tiers = {"gold": 0, "silver": 0, "bronze": 0}
    for invoices in orders_of.values():
        recent = sum(now - YEAR < orders[invoice] <= now for invoice in invoices)
        if recent > GOLD_ABOVE:
            tiers["gold"] += 1
        elif recent >= SILVER_FROM:
            tiers["silver"] += 1
        elif recent:
            tiers["bronze"] += 1
    return tiers


def _rows(path: Path) -> Iterator[tuple[Any, ...]]:
    match path.suffix.lower():
        case ".parquet":
            yield from _parquet(path)
        case ".xlsx":
            yield from _sheet(path)
        case _:
            yield from _csv(path)


def _parquet(path: Path) -> Iterator[tuple[Any, ...]]:
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path)
    places = _places(file.schema_arrow.names)
    for batch in file.iter_batches(batch_size=20_000):
        columns = [batch.column(place).to_pylist() for place in places]
        yield from zip(*columns, strict=True)


def _sheet(path: Path) -> Iterator[tuple[Any, ...]]:
    from python_calamine import CalamineWorkbook

    rows = iter(CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python())
    places = _places([str(cell) for cell in next(rows)])
    yield from (tuple(row[place] for place in places) for row in rows)


def _csv(path: Path) -> Iterator[tuple[Any, ...]]:
    try:
        path.read_text(encoding="utf-8")
        encoding = "utf-8-sig"
    except UnicodeDecodeError:
        encoding = "cp1252"
    with path.open(encoding=encoding, newline="") as file:
        rows = csv.reader(file)
        places = _places(next(rows))
        yield from (tuple(row[place] for place in places) for row in rows)


def _places(names: list[str]) -> list[int]:
    plain = [name.lower().replace("_", "").replace(" ", "") for name in names]
    aliases = {"invoiceno": "invoice", "unitprice": "price"}
    return [plain.index(name) if name in plain else plain.index(aliases[name]) for name in COLUMNS]


def _text(value: object) -> str:
    if value is None or value != value:
        return ""
    text = str(value).strip()
    return text.removesuffix(".0")


def _day_first(values: Iterable[object]) -> bool:
    """Return whether written dates start with the day: somewhere a day is above 12."""
    starts = (re.match(r"(\d+)/(\d+)/", value) for value in values if isinstance(value, str))
    return not any(int(start[2]) > 12 for start in starts if start)


def _instant(value: object, *, day_first: bool) -> datetime:
    moment = value if isinstance(value, datetime) else _parsed(str(value), day_first=day_first)
    return (moment if moment.tzinfo else moment.replace(tzinfo=LONDON)).astimezone(UTC)


def _parsed(text: str, *, day_first: bool) -> datetime:
    if "/" not in text:
        return datetime.fromisoformat(text)
    one, two, year, hour, minute = map(int, re.split(r"[/ :]", text)[:5])
    day, month = (one, two) if day_first else (two, one)
    return datetime(year + 2000 * (year < 100), month, day, hour, minute, tzinfo=LONDON)
