"""`tailorbird quality`: what the data is made of, what is odd about it, how it is mended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tailorbird import money
from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Folder, instant, opened
from tailorbird.cli.output import emit, read_text, table

if TYPE_CHECKING:
    from tailorbird.views.quality import FieldProfile, QualityReport

app = typer.Typer(help="The state of the data.", no_args_is_help=True)
_COLOURS = {"alarm": "bold red", "warning": "yellow", "note": "dim"}


@app.callback()
def root() -> None:
    """The state of the data."""


@app.command()
def report(
    since: Annotated[
        str, typer.Option(help="Only what was received from then on, such as 2026-03-01.")
    ] = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Say what is wrong with the data, how many, and how to mend it; then what it is made of."""
    with opened(folder) as tb:
        found = tb.readings.quality(tb.clock(), instant(since, 0))
        currency = tb.world.settings.shop.currency
    if not as_json and _on_a_terminal():
        _show(found, currency)
    else:
        emit(found, list(_lines(found, currency)), as_json=as_json)


def _on_a_terminal() -> bool:
    import sys

    return sys.stdout.isatty()


def _show(found: QualityReport, currency: str) -> None:
    """Print with colours."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for line in _lines(found, currency):
        level = line.partition(":")[0]
        console.print(Text(line, style=_COLOURS.get(level, "")), soft_wrap=True)


def _lines(found: QualityReport, currency: str) -> Iterator[str]:
    yield f"{found.events:,} events, {found.people.people:,} people: {found.verdict}"
    for one in found.findings:
        yield f"{one.level}: {one.what}"
        yield f"    {one.mend}"
    yield from _titled("arrivals", _SOURCES, [
        (s.source, s.events, s.late, s.duplicates, f"{s.first_at:%F}", f"{s.last_at:%F}")
        for s in found.sources
    ])  # fmt: skip
    orders = found.orders
    yield from _titled("orders", _ORDERS, [
        (orders.orders, orders.returns, orders.without_person, orders.worthless,
         orders.unpriced_lines, money.said(orders.median_minor, currency), orders.outliers)
    ] if orders.orders else [])  # fmt: skip
    yield from _titled("traits", _FIELDS, [_field(one) for one in found.traits])
    yield from _titled("properties", _FIELDS, [_field(one) for one in found.properties])
    yield from _titled("quarantine", ("code", "held", "replayed", "discarded"), [
        (each.code, each.held, each.replayed, each.discarded) for each in found.quarantine
    ])  # fmt: skip


_SOURCES = ("source", "events", "late", "duplicates", "first", "last")
_ORDERS = (
    "orders", "returns", "no customer", "worth nothing", "products unpriced", "median", "outliers",
)  # fmt: skip
_FIELDS = ("name", "filled", "of", "share", "type", "different", "lowest", "highest")


def _titled(title: str, headings: tuple[str, ...], rows: list[tuple[object, ...]]) -> Iterator[str]:
    if rows:
        yield from ("", title)
        yield from table(headings, rows)


def _field(one: FieldProfile) -> tuple[object, ...]:
    kinds = {"text": one.texts, "number": one.numbers, "true or false": one.booleans}
    types = ", ".join(kind for kind, number in kinds.items() if number)
    return (
        f"{one.of}.{one.name}" if one.of else one.name,
        one.filled,
        one.among,
        f"{one.share:.1%}",
        "sealed" if one.sealed else types,
        one.distinct or None,
        None if one.low is None else f"{one.low:g}",
        None if one.high is None else f"{one.high:g}",
    )


@app.command()
def fill(
    file: Annotated[Path, typer.Argument(help="imputation.yaml: how each trait is filled.")],
    dry_run: Annotated[bool, typer.Option(help="Say what it would do; keep nothing.")] = False,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Put a policy for missing traits in force, and say what each is filled with now."""
    from tailorbird import imputation, learning

    text = read_text(file)
    with opened(folder) as tb:
        found, now = imputation.check(tb.world, text), tb.clock()
        told = imputation.told(tb.world, found, now, lambda: learning.trainees(tb.world, now))
        if not dry_run:
            tb.put("imputation", imputation.NAME, text)
    rows = [(one.trait, one.fill, _shown(one.value), one.missing, one.people) for one in told]
    emit(told, table(("trait", "fill", "value", "missing", "of"), rows), as_json=as_json)


def _shown(value: object) -> str:
    return "-" if value is None else str(value)
