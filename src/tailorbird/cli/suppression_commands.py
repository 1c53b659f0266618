"""`tailorbird suppressions`: who may not be written to. Works beside a running server."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from tailorbird.cli.arguments import (
    DEFAULT_FOLDER,
    AsJson,
    Author,
    Cursor,
    Folder,
    Limit,
    Reason,
    record,
    shown,
)
from tailorbird.cli.output import emit, table, write, writing
from tailorbird.suppression_words import MailPurpose, SuppressionReason, SuppressionWord

if TYPE_CHECKING:
    from tailorbird.beside import Record
    from tailorbird.collect.suppression_files import RefusedLine
    from tailorbird.suppressing import Checked, Said, Suppressing

app = typer.Typer(help="Addresses that may not be written to.", no_args_is_help=True)
Addresses = Annotated[list[str], typer.Argument(help="Addresses.")]
Why = Annotated[SuppressionReason | None, typer.Option("--as", help="The kind of reason.")]
Purpose = Annotated[
    MailPurpose | None, typer.Option(help="Which mails it bars; who unsubscribed: marketing.")
]
PAGE = 1000
SHOWN = 10
REFUSED = "suppressions-refused.csv"


@app.command("list")
def list_suppressions(
    kind: Why = None,
    after: Cursor = 0,
    limit: Limit = 50,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Count what bars addresses, and list it; whose address nobody has any more is a hash."""
    with record(folder) as opened:
        counts = opened.suppressions.counts()
        page = opened.suppressions.standing(after=after, limit=limit, reason=kind or "")
        known = opened.people.addresses([word.address_key for _, word in page])
    rows = [_row(known.get(word.address_key, ""), word) for _, word in page]
    lines = [
        *(f"{purpose}: {number:,} by {reason}" for purpose, reason, number in counts),
        *table(("address", "reason", "bars", "since", "through", "by", "why"), rows),
    ]
    following = page[-1][0] if len(page) == limit else None
    if following:
        lines.append(f"more: --after {following}")
    told = [_readable(word) for _, word in page]
    emit({"counts": counts, "suppressions": told, "next": following}, lines, as_json=as_json)


@app.command()
def add(
    addresses: Addresses,
    kind: Annotated[SuppressionReason, typer.Option("--as", help="The kind of reason.")] = "manual",
    purpose: Purpose = None,
    reason: Reason = "",
    author: Author = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> int:
    """Bar addresses from mails, from now on and in every campaign that is being sent."""
    with suppressing(folder, author) as (found, _):
        said = found.add(addresses, kind, purpose=purpose, note=reason)
    return _told(said, "barred", as_json=as_json)


@app.command()
def lift(
    addresses: Addresses,
    reason: Reason,
    kind: Why = None,
    author: Author = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> int:
    """Take one kind of reason from addresses, or all. It gives no consent."""
    with suppressing(folder, author) as (found, _):
        said = found.lift(addresses, kind, note=reason)
    return _told(said, "lifted", as_json=as_json)


@app.command("import")
def load(
    file: Annotated[Path, typer.Argument(help="A CSV file, as another mail service exports it.")],
    kind: Why = None,
    purpose: Purpose = None,
    refused_to: Annotated[
        Path | None, typer.Option(help=f"Where refused lines go; {REFUSED} in the folder.")
    ] = None,
    author: Author = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> int:
    """Bar the addresses of a file; columns and reasons are found by their names and words."""
    with suppressing(folder, author) as (found, _), _read(file) as lines:
        said, refused = found.load(lines, file.name, reason=kind, purpose=purpose)
    path = refused_to or folder / REFUSED
    if refused:
        _keep_refused(path, refused)
    return _told(said, "barred", f"; they are in {path}", as_json=as_json)


@app.command()
def export(
    to: Annotated[Path | None, typer.Option(help="A file; else it is printed.")] = None,
    kind: Why = None,
    folder: Folder = DEFAULT_FOLDER,
) -> None:
    """Write what bars addresses as CSV. Where nobody has the address any more, its hash stands."""
    from tailorbird.suppressing import exported

    with record(folder) as opened:
        lines = exported(_everything(opened, kind or ""))
        if to is None:
            for line in lines:
                write(line.rstrip("\n"))
        else:
            with writing(to), to.open("w", encoding="utf-8", newline="") as target:
                target.writelines(lines)


@app.command()
def check(
    address: Annotated[str, typer.Argument(help="The address.")],
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> int:
    """Tell whether an address may be written to, and all that was ever said of it; 1: it may not.

    Whether its owner agreed is another question: `tailorbird profiles show`.
    """
    with suppressing(folder, "") as (found, _):
        checked = found.check(address)
    lines = [f"barred from {word.purpose} mail: {word.reason}" for word in checked.standing]
    lines = lines or ["nothing bars it"]
    heads = ("when", "what", "reason", "bars", "through", "by", "why")
    rows = [
        (shown(w.at), "barred" if w.barred else "lifted", w.reason, w.purpose, w.source, w.author,
         w.note)
        for w in checked.said
    ]  # fmt: skip
    told = {name: list(map(_readable, words)) for name, words in _both(checked).items()}
    emit(told, [*lines, *(table(heads, rows) if rows else [])], as_json=as_json)
    return 1 if checked.standing else 0


@contextmanager
def suppressing(folder: Path, author: str) -> Iterator[tuple[Suppressing, Record]]:
    """Open the suppressions of a folder."""
    from tailorbird.suppressing import Suppressing

    with record(folder) as opened:
        now = opened.clock()
        yield Suppressing(opened.suppressions, opened.log, now, "cli", author), opened


@contextmanager
def _read(file: Path) -> Iterator[Iterator[str]]:
    """Open a file of text, whatever its letters."""
    from tailorbird.errors import UsageError

    try:
        with file.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
            yield iter(lines)
    except OSError as error:
        raise UsageError(error.strerror or "unreadable", where=str(file), mend="check it") from None


def _keep_refused(path: Path, refused: Sequence[tuple[RefusedLine, list[str]]]) -> None:
    with writing(path), path.open("w", encoding="utf-8", newline="") as target:
        rows = csv.writer(target)
        rows.writerow(("line", "why", "mend", "cells"))
        rows.writerows((said.line, said.why, said.mend, *cells) for said, cells in refused)


def _everything(opened: Record, kind: str) -> Iterator[tuple[str, SuppressionWord]]:
    after = 0
    while page := opened.suppressions.standing(after=after, limit=PAGE, reason=kind):
        known = opened.people.addresses([word.address_key for _, word in page])
        yield from ((known.get(word.address_key, ""), word) for _, word in page)
        after = page[-1][0]


def _both(checked: Checked) -> dict[str, tuple[SuppressionWord, ...]]:
    return {"standing": checked.standing, "said": checked.said}


def _readable(word: SuppressionWord) -> dict[str, Any]:
    return msgspec.structs.asdict(word) | {"address_key": word.address_key.hex()}


def _row(address: str, word: SuppressionWord) -> tuple[str, ...]:
    named = address or word.address_key.hex()
    since = shown(word.at)
    return (named, word.reason, word.purpose, since, word.source, word.author, word.note)


def _told(said: Said, done: str, more: str = "", *, as_json: bool) -> int:
    """Print what came of it; return 1 where nothing named is an address."""
    lines = [f"{said.changed:,} addresses {done}; {said.already:,} were so already"]
    if said.refused:
        lines.append(f"{len(said.refused):,} lines refused{more}")
        lines += [f"line {each.line}: {each.why}; {each.mend}" for each in said.refused[:SHOWN]]
    emit(said, lines, as_json=as_json)
    return 1 if said.refused and not said.changed + said.already else 0
