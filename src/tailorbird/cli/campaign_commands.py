"""`tailorbird campaigns` and `tailorbird experiments`: decide, send, and read what it changed."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from tailorbird.cli import pace_commands
from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Folder, opened
from tailorbird.cli.checking import check_audience
from tailorbird.cli.output import emit, read_text, table

if TYPE_CHECKING:
    from tailorbird.app import Tailorbird
    from tailorbird.delivery import DeliveryReport

app = typer.Typer(help="Campaigns.", no_args_is_help=True)
experiments = typer.Typer(help="What a campaign changed.", no_args_is_help=True)
PATIENCE_SECONDS = 60
SEND_ID_BYTES = 16
Name = Annotated[str, typer.Argument(help="The campaign's name.")]


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="A campaign in YAML.")],
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Check a campaign file and keep it as a new version."""
    with opened(folder) as tb:
        kept = tb.put("campaign", file.stem, read_text(file))
    emit(kept, [f"campaign {kept.name}, version {kept.version}"], as_json=as_json)


@app.command()
def plan(name: Name, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Show who would get what, and who would not, and why; nothing is recorded."""
    with opened(folder) as tb:
        planned = tb.plan(name)
    rows = [(verdict, reason or "-", variant or "-", n) for verdict, reason, variant, n in planned]
    emit(planned, table(("verdict", "reason", "variant", "people"), rows), as_json=as_json)


@app.command()
def check(
    name: Name,
    people: Annotated[
        str, typer.Option(help="List the people of a finding, such as `lacks:person.first_name`.")
    ] = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> int:
    """Check the template and make the mail for the whole audience; nothing is sent.

    Ends with 1 where something stands in the way.
    """
    return check_audience(name, "", people, folder, as_json=as_json)


@app.command("test")
def send_test(
    name: Name,
    to: Annotated[str, typer.Option(help="One of delivery.test_addresses.")],
    person: Annotated[
        str, typer.Option("--as", help="The person whose mail it is: number, address, user id.")
    ],
    variant: Annotated[str, typer.Option(help="The variant; the first when left out.")] = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> int:
    """Send the mail as one person would get it, marked [Test], to an address of the settings.

    It never counts: no ledger knows it, its links are bare. Ends with 1 when it was not taken.
    """
    from tailorbird import trials

    with opened(folder) as tb:
        who, send_id = tb.person(person), os.urandom(SEND_ID_BYTES)
        said = trials.send(tb.world, name, to, who, tb.clock(), send_id, variant)
    line = f"{said.carrier}: {said.state} {said.reply}".rstrip()
    emit(said, [said.subject, line], as_json=as_json)
    return 0 if said.state == "accepted" else 1


@app.command()
def schedule(name: Name, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Show when a campaign is sent, what was missed, and what came in its place."""
    from tailorbird.readings import schedules

    with opened(folder) as tb:
        found = schedules.schedule(tb.world, name, tb.clock())
    emit(found, schedules.lines(found), as_json=as_json)


@app.command()
def send(
    name: Name,
    occurrence: Annotated[
        str, typer.Option(help="Names this run; the same name never sends to anybody twice.")
    ] = "1",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Decide for the whole audience, then send; after a kill, the same command goes on."""
    from tailorbird import pacing

    with opened(folder) as tb:
        tb.ingest()
        tb.refresh()
        decided = tb.decide(name, occurrence)
        report = _sent(tb)
        tb.ingest()
        pace = pacing.status(tb.world.settings, tb.world.lanes, tb.clock())
    lines = [
        f"considered {decided.considered:,} people, {decided.recorded:,} new decisions",
        f"sent {report.sent:,}, failed {report.failed:,}, unknown {report.unknown:,}, "
        f"refused {report.refused:,}, deferred {report.deferred:,}",
    ]
    if pace.waiting:
        lines += ["the rest waits, and `tailorbird serve` sends it:", *pace_commands.lines_of(pace)]
    emit({"decided": decided, "delivery": report, "pace": pace}, lines, as_json=as_json)


def _sent(tb: Tailorbird) -> DeliveryReport:
    """Send for as long as nothing has to wait for more than a minute."""
    from tailorbird import pacing
    from tailorbird.delivery import DeliveryReport

    report = tb.deliver()
    while (wait := pacing.seconds_until_due(tb.world, tb.clock())) <= PATIENCE_SECONDS:
        time.sleep(wait)
        both = zip(*map(msgspec.structs.astuple, (report, tb.deliver())), strict=True)
        report = DeliveryReport(*map(sum, both))
    return report


@experiments.command("report")
def report_experiment(name: Name, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Read a campaign's arms: rates with intervals, sample-ratio check, what it caused."""
    with opened(folder) as tb:
        verdict, outcomes = tb.experiment(name)
        notice = tb.world.settings.demo_notice
    rows = [
        (
            o.arm.name, o.arm.people, o.sent, o.arm.human_openers, o.machine_openers,
            o.arm.human_clickers, o.arm.buyers, o.arm.revenue_minor_sum / 100, o.unsubscribed,
        )
        for o in outcomes
    ]  # fmt: skip
    heads = (
        "arm", "people", "sent", "human openers", "machine openers", "human clickers", "buyers",
        "revenue", "unsubscribed",
    )  # fmt: skip
    lines = [
        *table(heads, rows),
        "",
        verdict.conclusion,
        verdict.method,
    ]
    emit({"verdict": verdict, "arms": outcomes, "notice": notice}, lines, as_json=as_json)
