"""Options that many commands share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tailorbird.errors import UsageError

if TYPE_CHECKING:
    from tailorbird.app import Tailorbird
    from tailorbird.beside import Record
    from tailorbird.schema import Instant

Folder = Annotated[Path, typer.Option("--folder", "-C", help="The data folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
AsOf = Annotated[
    str, typer.Option("--as-of", help="A past instant, such as 2026-03-01 or 2026-03-01T12:00.")
]
Reason = Annotated[str, typer.Option(help="Why; it is kept.")]
Author = Annotated[str, typer.Option(help="Who says so; it is kept.")]
Limit = Annotated[int, typer.Option(min=1, help="How many at most.")]
Cursor = Annotated[int, typer.Option(help="`next` of the page before.")]
Person = Annotated[
    str, typer.Argument(help="Address, user id, anonymous id or number; person:12 is a number.")
]
SegmentName = Annotated[str, typer.Argument(help="The segment's name.")]
DEFAULT_FOLDER = Path("data")


@contextmanager
def opened(folder: Path, *, must_exist: bool = True) -> Iterator[Tailorbird]:
    """Open the data folder for one command.

    Raises:
        UsageError: there is none.
    """
    if must_exist:
        check_exists(folder)
    from tailorbird.app import Tailorbird

    with Tailorbird.open(folder) as tb:
        for said in (tb.migration, tb.world.settings.demo_notice):
            if said:
                typer.echo(said, err=True)
        yield tb


@contextmanager
def record(folder: Path) -> Iterator[Record]:
    """Open what a command may change while the server runs: keys and hooks.

    Raises:
        UsageError: there is no data folder.
    """
    check_exists(folder)
    from tailorbird.beside import Record

    with closing(Record(folder)) as found:
        yield found


def check_exists(folder: Path) -> None:
    """Look whether there is a data folder.

    Raises:
        UsageError: there is none.
    """
    if not (folder / "tailorbird.sqlite").exists():
        raise UsageError(
            "no data folder here",
            where=str(folder),
            mend="make one with `tailorbird init`, or name another with --folder",
        )


def instant(text: str, default: Instant) -> Instant:
    """Return the instant that an option names, `default` when it is empty. No zone means UTC.

    Raises:
        UsageError: it is no date or time.
    """
    if not text:
        return default
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{text!r} is no date or time", mend="write 2026-03-01 or 2026-03-01T12:00"
        ) from None
    zoned = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    return int(zoned.timestamp() * 1_000_000)


def shown(at: Instant) -> str:
    """Return an instant as people read it."""
    return datetime.fromtimestamp(at / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
