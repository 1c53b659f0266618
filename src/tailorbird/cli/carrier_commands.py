"""`tailorbird carriers`: what carries the mails, whether it can, and a test mail."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Folder, record
from tailorbird.cli.output import emit, table
from tailorbird.errors import CarrierError, SettingsError, UsageError

if TYPE_CHECKING:
    from tailorbird.beside import Record
    from tailorbird.delivery.carriers.kinds import OpenCarrier
    from tailorbird.schema import Outgoing
    from tailorbird.settings import Settings

app = typer.Typer(help="What carries the mails.", no_args_is_help=True)
NOT_READY = 1
SEND_ID_BYTES = 16


@app.command("list")
def list_carriers(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """List the carriers that the settings name, and what each can do."""
    from tailorbird.delivery.carriers.registry import kind, wanted

    with record(folder) as opened:
        settings = opened.settings
    found = wanted(settings)
    rows = []
    for one in found:
        can = kind(one.kind).abilities
        rows.append(
            (
                one.name, one.kind, _task(settings, one.name), "yes" if can.raw else "its parts",
                f"{can.repeatable_seconds // 60} min" if can.repeatable_seconds else "no",
                "yes" if can.looks_up else "no", can.together, ", ".join(one.lacking) or "-",
            )
        )  # fmt: skip
    heads = ("name", "kind", "task", "whole", "repeats", "looks up", "together", "lacks")
    listed = [
        {
            "name": one.name,
            "kind": one.kind,
            "task": _task(settings, one.name),
            "abilities": kind(one.kind).abilities,
            "lacks": one.lacking,
        }
        for one in found
    ]
    emit(listed, table(heads, rows), as_json=as_json)


@app.command("check")
def check(
    reach: Annotated[
        bool, typer.Option("--reach", help="Connect to each as well; nothing is sent.")
    ] = False,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> int:
    """Say what is missing before anything can be sent. Ends with 1 when something is."""
    from tailorbird.delivery.carriers.registry import wanted

    with record(folder) as opened:
        settings = opened.settings
        lacking = {
            one.name: [f"set carriers.{one.name}.{name}" for name in one.lacking]
            for one in wanted(settings)
        }
        with _carriers(folder, opened) as carriers:
            silent = {name: _silence(one) for name, one in carriers.items()} if reach else {}
    lines, bad = [], False
    for name, missing in lacking.items():
        trouble = missing or [text for text in (silent.get(name, ""),) if text]
        bad = bad or bool(trouble)
        lines += [f"  {'MISSING' if trouble else 'ok':8}{name} ({_task(settings, name)})"]
        lines += [f"          {text}" for text in trouble]
    lines.append(where_mails_go(settings))
    emit(
        {
            "ready": not bad,
            "carriers": [
                {"name": name, "lacks": missing, "unreachable": silent.get(name, "")}
                for name, missing in lacking.items()
            ],
            "sandbox": settings.delivery.sandbox,
        },
        lines,
        as_json=as_json,
    )
    return NOT_READY if bad else 0


@app.command("test")
def send_test(
    to: Annotated[str, typer.Option(help="One of delivery.test_addresses.")],
    name: Annotated[
        str, typer.Argument(help="The carrier; the one that sends when left out.")
    ] = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> int:
    """Send one test mail by a carrier, to an address that the settings name. No ledger knows it.

    Ends with 1 when the carrier did not take it.
    """
    from tailorbird.delivery.journal import FileJournal

    with record(folder) as opened:
        settings = opened.settings
        _may_be_tested(settings, to)
        message = _test_mail(settings, to, opened)
        with (
            _carriers(folder, opened) as carriers,
            tempfile.TemporaryDirectory() as beside,
            closing(FileJournal(Path(beside) / "journal")) as journal,
        ):
            carrier = carriers.get(name or settings.delivery.carrier)
            if carrier is None:
                known = ", ".join(carriers)
                raise UsageError(f"there is no carrier {name!r}", mend=f"carriers here: {known}")
            (reply,) = carrier.send(iter([message]), journal)
    line = f"{carrier.name}: {reply.kind} {reply.code or ''} {reply.text}"
    emit(reply, [" ".join(line.split())], as_json=as_json)
    return 0 if reply.kind == "accepted" else NOT_READY


def _task(settings: Settings, name: str) -> str:
    delivery = settings.delivery
    tasks = []
    if name == delivery.carrier:
        tasks.append("sends")
    if name == delivery.transactional:
        tasks.append("transactional")
    if name in delivery.failover:
        tasks.append(f"stands in, {delivery.failover.index(name) + 1}.")
    return ", ".join(tasks) or "none"


def where_mails_go(settings: Settings) -> str:
    """Return in a sentence who can get mails as things are set."""
    delivery = settings.delivery
    if delivery.carrier == "inbox":
        return "mails stay in the local inbox: delivery.carrier is not set"
    if not delivery.sandbox:
        return "no sandbox: mails leave for everybody"
    allowed = ", ".join(delivery.sandbox_allow) or "nobody"
    return f"sandbox: mails leave for {allowed} alone"


def _silence(carrier: OpenCarrier) -> str:
    """Return why a carrier cannot be reached, or ''; those without a network are always there."""
    from tailorbird.delivery.carriers.kinds import Reachable

    try:
        if isinstance(carrier, Reachable):
            carrier.reach()
    except CarrierError as error:
        return error.sentence()
    return ""


@contextmanager
def _carriers(folder: Path, opened: Record) -> Iterator[dict[str, OpenCarrier]]:
    from tailorbird.delivery.carriers.inbox import InboxCarrier
    from tailorbird.delivery.carriers.kinds import Place
    from tailorbird.delivery.carriers.registry import carriers_of

    settings = opened.settings
    with closing(InboxCarrier(folder, keep=settings.delivery.inbox_keep)) as inbox:
        place = Place("", folder, settings.sender.domain, opened.wall_clock, inbox)
        carriers = carriers_of(settings, place)
        try:
            yield carriers
        finally:
            for carrier in carriers.values():
                if carrier is not inbox:
                    carrier.close()


def _may_be_tested(settings: Settings, to: str) -> None:
    allowed = {address.strip().lower() for address in settings.delivery.test_addresses}
    if to.lower() not in allowed:
        raise SettingsError(
            "test mails go to no other address than delivery.test_addresses names",
            where="delivery.test_addresses",
            mend="add yours there; it is how nobody mails a stranger by a slip of the hand",
        )


def _test_mail(settings: Settings, to: str, opened: Record) -> Outgoing:
    from tailorbird.delivery.message import Envelope, message
    from tailorbird.schema import Outgoing, Rendered

    sender = settings.sender
    send_id = os.urandom(SEND_ID_BYTES)
    text = "A test mail of Tailorbird. Its carrier works."
    content = message(
        Rendered("Tailorbird: a test mail", f"<p>{text}</p>\n", f"{text}\n"),
        Envelope(send_id, to, sender.address, sender.domain, opened.clock(), from_name=sender.name),
    )
    return Outgoing(send_id, sender.address, to, content)
