"""How commands print: tables and progress on a terminal, plain lines elsewhere, JSON when asked."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from tailorbird.errors import UsageError

Progress = Callable[[int, int], None]
DISK_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
"""What all commands tell alike, whatever they were writing."""


def emit(value: Any, lines: Sequence[str], *, as_json: bool) -> None:
    """Print the value as one line of JSON, or the lines for people."""
    if as_json:
        write(msgspec.json.encode(value, enc_hook=_plain).decode())
    else:
        for line in lines:
            write(line)


def write(line: str) -> None:
    """Print one line."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Return aligned lines: numbers to the right, text to the left."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(text) for text in column) for column in zip(headings, *cells, strict=True)]
    right = [
        all(isinstance(row[index], int | float) for row in rows) and bool(rows)
        for index in range(len(headings))
    ]
    return [
        "  ".join(
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in [list(headings), *cells]
    ]


@contextmanager
def progress(label: str, *, quiet: bool = False) -> Iterator[Progress]:
    """Show a bar on a terminal, nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Bar(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4f}"
    return str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"cannot print {type(value).__name__}")


def read_text(path: Path) -> str:
    """Return a file's text.

    Raises:
        UsageError: there is none, or it is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError("no such file", where=str(path), mend="check the path") from None
    except UnicodeDecodeError:
        raise UsageError("not UTF-8 text", where=str(path), mend="save it as UTF-8") from None
    except OSError as error:
        raise UsageError(error.strerror or "unreadable", where=str(path), mend="check it") from None


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say in one line why a file that was asked for cannot be written.

    Raises:
        UsageError: it cannot, unless the disk is full.
    """
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FULL:
            raise
        what = f"it cannot be written: {error.strerror}"
        raise UsageError(what, where=str(path), mend="name another place") from None
