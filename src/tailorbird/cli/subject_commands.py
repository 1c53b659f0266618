"""`tailorbird subjects`: which subject is likelier to win, why, and the test that will tell."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Folder, opened
from tailorbird.cli.output import emit, table
from tailorbird.errors import UsageError
from tailorbird.views.subjects import SubjectAdvice

if TYPE_CHECKING:
    import pyarrow as pa

app = typer.Typer(help="Subject lines.", no_args_is_help=True)


@app.command()
def score(
    subjects: Annotated[list[str], typer.Argument(help="Two or more subjects.")],
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Compare subjects: chances, reasons, and how many people a test needs."""
    from tailorbird import subject_lines

    with opened(folder) as tb:
        found = subject_lines.advise(tb.world, subjects, tb.clock())
    emit(found, lines_of(found), as_json=as_json)


@app.command()
def learn(
    corpus: Annotated[
        Path | None,
        typer.Option(
            "--from", help="First from others' tests: Parquet or CSV: test, subject, people, wins."
        ),
    ] = None,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Learn from the tests of your own campaigns; what is no better than chance calls nobody."""
    from tailorbird import subject_lines

    with opened(folder) as tb:
        tb.ingest()
        given = _read(corpus) if corpus else None
        subject_lines.learn(tb.world, tb.clock(), given, corpus.name if corpus else "")
        found = subject_lines.standing(tb.world)
    calls = "calls winners" if found.proven else "calls no winner yet"
    lines = [f"version {found.version}: {found.tests:,} own tests; {calls}: {found.why}"]
    emit(found, lines, as_json=as_json)


@app.command("tests")
def list_tests(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """List the tests of subjects that your campaigns have made, machines left out."""
    from tailorbird import subject_lines

    with opened(folder) as tb:
        tb.ingest()
        rows = subject_lines.own_tests(tb.world, tb.clock()).to_pylist()
    cells = [(each["test"], each["subject"], each["people"], each["wins"]) for each in rows]
    lines = table(("test", "subject", "people", "opened"), cells)
    emit(rows, lines if rows else ["none yet: give a campaign several variants"], as_json=as_json)


def lines_of(found: SubjectAdvice) -> list[str]:
    """Return an advice as text."""
    lines = []
    for each in found.candidates:
        lines.append(f"{each.chance:5.0%}  {each.subject.strip() or '(empty)'}")
        lines += [f"         {one.speaks}: {one.what}" for one in each.reasons]
    return [*lines, found.sentence, *([found.test.sentence] if found.test else [])]


def _read(path: Path) -> pa.Table:
    """Return a file of tests.

    Raises:
        UsageError: there is no such file, or it cannot be read.
    """
    import pyarrow as pa
    from pyarrow import csv, parquet

    try:
        if path.suffix == ".parquet":
            return parquet.read_table(path)
        return csv.read_csv(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise UsageError(
            f"{path}: cannot be read ({error})", mend="give a Parquet or CSV file"
        ) from error
