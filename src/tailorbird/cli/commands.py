"""Every command; each opens the folder, calls `app`, prints. Imports stay inside the functions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tailorbird.cli import (
    campaign_commands,
    carrier_commands,
    cluster_commands,
    code_commands,
    delivery_commands,
    dkim_commands,
    doctor_commands,
    event_commands,
    export_commands,
    feedback_commands,
    form_commands,
    group_commands,
    hook_commands,
    image_commands,
    journey_commands,
    key_commands,
    lint_commands,
    list_commands,
    match_commands,
    model_commands,
    outside_commands,
    pace_commands,
    person_commands,
    plan_commands,
    proof_commands,
    quality_commands,
    quarantine_commands,
    recommend_commands,
    segment_commands,
    slot_commands,
    source_commands,
    subject_commands,
    suppression_commands,
    template_commands,
    uplift_commands,
    why_commands,
)
from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Folder, opened
from tailorbird.cli.output import emit, progress, table, write

app = typer.Typer(
    name="tailorbird",
    help="Data-driven email personalization in one process.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
config = typer.Typer(help="Settings of a data folder.", no_args_is_help=True)
app.add_typer(event_commands.app, name="events")
app.add_typer(quarantine_commands.app, name="quarantine")
app.add_typer(source_commands.app, name="sources")
app.add_typer(quality_commands.app, name="quality")
app.add_typer(form_commands.app, name="forms")
app.add_typer(plan_commands.app, name="tracking-plan")
app.add_typer(person_commands.app, name="profiles")
app.add_typer(segment_commands.app, name="segments")
app.add_typer(list_commands.app, name="lists")
app.add_typer(cluster_commands.app, name="clusters")
app.add_typer(group_commands.app, name="groups")
app.add_typer(template_commands.app, name="templates")
app.add_typer(image_commands.app, name="images")
app.add_typer(slot_commands.app, name="slots")
app.add_typer(slot_commands.texts, name="texts")
app.add_typer(campaign_commands.app, name="campaigns")
app.add_typer(campaign_commands.experiments, name="experiments")
app.add_typer(journey_commands.app, name="journeys")
app.add_typer(carrier_commands.app, name="carriers")
app.add_typer(model_commands.app, name="models")
model_commands.app.command("bring")(outside_commands.bring)
model_commands.app.command("secret")(outside_commands.secret)
app.add_typer(recommend_commands.app, name="recommendations")
app.add_typer(match_commands.app, name="matches")
app.add_typer(key_commands.app, name="keys")
app.add_typer(hook_commands.app, name="hooks")
app.add_typer(dkim_commands.app, name="dkim")
app.add_typer(doctor_commands.app, name="doctor")
app.add_typer(feedback_commands.app, name="feedback")
app.command("uplift")(uplift_commands.uplift)
app.add_typer(subject_commands.app, name="subjects")
app.add_typer(suppression_commands.app, name="suppressions")
app.add_typer(delivery_commands.app, name="delivery")
delivery_commands.app.command("pace")(pace_commands.show)
delivery_commands.app.command("hold")(pace_commands.hold)
delivery_commands.app.command("let-go")(pace_commands.let_go)
app.add_typer(config, name="config")
template_commands.app.command("lint")(lint_commands.lint)
template_commands.app.command("export")(export_commands.export)
template_commands.app.command("blocks")(lint_commands.list_blocks)
doctor_commands.app.command("carriers")(carrier_commands.check)
app.command("why")(why_commands.why)
app.command("recommend")(recommend_commands.recommend)
app.command("show")(proof_commands.show)
for code_command in code_commands.COMMANDS:
    app.command()(code_command)


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Data-driven email personalization in one process."""
    if version:
        from tailorbird import __version__

        write(f"tailorbird {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        write(context.get_help())


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="The folder to make.")] = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Make a data folder with the segments, templates and blocks that come with Tailorbird."""
    with opened(folder, must_exist=False) as tb:
        kept = tb.install_library()
        from tailorbird.settings import write_sample

        made = write_sample(folder)
    lines = [f"{folder}: ready with {len(kept)} definitions"]
    if made:
        lines.append(f"settings: {folder / 'tailorbird.toml'}")
    emit({"folder": str(folder), "definitions": len(kept)}, lines, as_json=as_json)


@app.command()
def demo(
    data: Annotated[
        Path | None,
        typer.Option(help="UCI Online Retail as CSV, XLSX or Parquet, instead of the simulator."),
    ] = None,
    people: Annotated[int, typer.Option(help="How many people the simulator makes.")] = 3000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same shop.")] = 7,
    folder: Annotated[
        Path | None, typer.Option("--folder", "-C", help="Where; demo-data by default.")
    ] = None,
    headless: Annotated[bool, typer.Option(help="Do not serve the pages afterwards.")] = False,
    check: Annotated[bool, typer.Option(help="Fail when any number is off.")] = False,
    port: Annotated[int, typer.Option(help="Where to serve the pages.")] = 8400,
    as_json: AsJson = False,
) -> int:
    """Run the whole loop: history in, people, segments, models, mails, outcomes, result."""
    from tailorbird import demo as story
    from tailorbird.cli.serving import check_free, serve_folder

    if not headless:
        check_free("127.0.0.1", port)
    plan = story.Plan(data, people, seed, folder or story.folder_for(data), port)
    with progress("demo", quiet=as_json) as show:
        report = story.run(plan, say=None if as_json else write, on_progress=show, check=check)
    emit(story.summary(report), story.lines(report), as_json=as_json)
    failed = check and not report.ok
    if not headless and not failed:
        serve_folder(plan.folder, port=port, say=write)
    return 1 if failed else 0


@app.command()
def serve(
    folder: Folder = DEFAULT_FOLDER,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 0,
) -> None:
    """Run collector, worker, API and pages in one process."""
    from tailorbird.cli.serving import serve_folder

    serve_folder(folder, host=host, port=port, say=write)


@app.command()
def worker(
    until_done: Annotated[
        bool, typer.Option("--until-done", help="End when nothing more can be sent now.")
    ] = False,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Send from the folder in one more process, beside the server and other workers."""
    from tailorbird.cli.sending_worker import work

    name, sent = work(folder, until_done=until_done, say=_silent if as_json else write)
    emit({"worker": name, "sent": sent}, [f"{name} sent {sent:,}"], as_json=as_json)


@app.command()
def rebuild(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Make the facts anew from the log; every answer stays the same."""
    with opened(folder) as tb, progress("records", quiet=as_json) as show:
        records = tb.rebuild(show)
    emit({"records": records}, [f"rebuilt from {records:,} log records"], as_json=as_json)


@config.command("show")
def show_config(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Print every setting, its value, and where it came from."""
    import os

    from tailorbird.settings import load

    _, listing = load(folder, os.environ)
    rows = [(setting.name, setting.value, setting.origin) for setting in listing]
    emit(listing, table(("setting", "value", "from"), rows), as_json=as_json)


def _silent(line: str) -> None:
    """Say nothing: one JSON object is the whole answer."""
