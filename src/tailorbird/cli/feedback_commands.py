"""`tailorbird feedback`: what comes back, handed in, fetched, counted and explained."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Folder, instant, opened, record
from tailorbird.cli.output import emit, table

app = typer.Typer(help="What comes back about mails.", no_args_is_help=True)
File = Annotated[Path, typer.Argument(help="A mail, an mbox, a maildir or a folder of mails.")]


@app.command()
def read(path: File, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Take mails that came back into the log. Works beside a running server."""
    from tailorbird import returning

    with record(folder) as found:
        taken = returning.read(found.log, path, found.clock())
    lines = [f"{taken} mails taken; the server reads them, or the next command"]
    emit({"taken": taken}, lines, as_json=as_json)


@app.command("fetch")
def fetch(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Look into the mailbox of the settings once, and take what is new."""
    from tailorbird import returning

    with record(folder) as found:
        taken = 0
        while new := returning.visit(found.log, found.settings.feedback, found.clock()):
            taken += new
    emit({"taken": taken}, [f"{taken} mails taken from the mailbox"], as_json=as_json)


@app.command()
def explain(path: File, as_json: AsJson = False) -> None:
    """Say what a mail that came back would be taken for; nothing is kept."""
    import msgspec

    from tailorbird import returning
    from tailorbird.delivery.feedback import read as reading

    outcomes = [each for raw in returning.mails_of(path) for each in reading(raw)]
    rows = [
        (each.kind, each.recipient, each.why, each.status, each.diagnostic[:60])
        for each in outcomes
    ]
    headings = ("what", "to", "why", "status", "in its words")
    emit([msgspec.to_builtins(each) for each in outcomes], table(headings, rows), as_json=as_json)


@app.command()
def summary(
    since: Annotated[str, typer.Option(help="Only what happened from then on.")] = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Count what came back, by the door through which it came and by reason."""
    from tailorbird.readings import feedback

    with opened(folder) as tb:
        tb.ingest()
        found = feedback.summary(tb.world, instant(since, 0))
    rows = [(row.source, row.event, row.kind, row.why, row.mails, row.people) for row in found.rows]
    headings = ("through", "event", "kind", "why", "mails", "people")
    lines = table(headings, rows) if rows else ["nothing came back"]
    lines.append(f"{found.sent} mails were sent; {found.held} reports wait in quarantine")
    emit(found, lines, as_json=as_json)


@app.command()
def providers(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """List the mail providers whose webhooks are read, how they prove themselves, and where."""
    from tailorbird.delivery.feedback.providers import PROVIDERS
    from tailorbird.web.provider_hooks import secrets_of

    with record(folder) as found:
        known = secrets_of(found.settings, folder)
        base = found.settings.server.base_url.rstrip("/")
    rows = [
        (name, each.proof, f"{base}/hooks/esp/{name}" if name in known else "no secret is set")
        for name, each in PROVIDERS.items()
    ]
    listed = [{"provider": name, "proof": proof, "address": where} for name, proof, where in rows]
    emit(listed, table(("provider", "proves itself by", "address"), rows), as_json=as_json)
