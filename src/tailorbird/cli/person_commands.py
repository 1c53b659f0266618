"""`tailorbird profiles` and `tailorbird why`: one person, and what was decided about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tailorbird.cli import merging_commands
from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Folder, Person, opened
from tailorbird.cli.output import emit

if TYPE_CHECKING:
    from tailorbird.views import DecisionReport

app = typer.Typer(help="People.", no_args_is_help=True)
merging_commands.add_to(app)


@app.command()
def show(
    person: Person,
    sources: Annotated[
        bool, typer.Option("--sources", help="Show each source's word on each trait.")
    ] = False,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Show what is known of a person: traits, consents, recent events."""
    with opened(folder) as tb:
        if sources:
            sayings = tb.merging.sayings(person)
            emit({"sayings": sayings}, merging_commands.said(sayings), as_json=as_json)
            return
        number = tb.person(person)
        report = tb.readings.person(number, tb.clock())
        timeline = tb.readings.timeline(number, "", 15)
    assert report is not None  # noqa: S101 - the person was found above
    assert timeline is not None  # noqa: S101
    lines = [f"{report.label}  {report.email or 'no address'}"]
    lines += [f"  {trait.name}: {trait.value}" for trait in report.traits]
    lines += [
        f"  consent {line.purpose}: {line.state}" + (f" ({line.source})" if line.source else "")
        for line in report.consents
    ]
    lines += [f"  in segment {name}" for name in report.segments]
    lines += [f"  {entry.at:%Y-%m-%d %H:%M} {entry.event}" for entry in timeline.entries]
    emit({"profile": report, "timeline": timeline}, lines, as_json=as_json)


def why(
    person: Person,
    campaign: Annotated[str, typer.Argument(help="A campaign; all of them when empty.")] = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Say why a person did or did not get each message, with the evidence."""
    with opened(folder) as tb:
        found = tb.readings.correspondence(tb.person(person))
    decisions = [d for d in found.decisions if campaign in ("", d.campaign)] if found else []
    lines = [line for decision in decisions for line in _sentences(decision)]
    emit(decisions, lines or ["no campaign has considered this person"], as_json=as_json)


def _sentences(decision: DecisionReport) -> list[str]:
    """Return a decision in words, and what it was made from."""
    match decision.verdict:
        case "send":
            head = f"was chosen for variant {decision.variant}, drawn with probability "
            head += f"{decision.probability:.3f}; the send is {decision.state or 'pending'}"
        case "holdout":
            head = f"was held out, drawn with probability {decision.probability:.3f}"
        case _:
            head = f"was refused: {decision.reason}"
    lines = [
        f"{decision.at:%Y-%m-%d %H:%M} UTC  {decision.campaign} (version "
        f"{decision.campaign_version}): the person {head}"
    ]
    if decision.receipt:
        lines.append(f"  permitted by consent receipt {decision.receipt}")
    inputs = decision.inputs or {}
    imputed = set(inputs.get("imputed") or [])
    lines += [
        f"  {name}: {value}" + (" (imputed)" if name in imputed else "")
        for name, value in (inputs.get("traits") or {}).items()
    ]
    lines += [
        f"  recommended {shown['name']}: {shown['reason']}"
        for shown in inputs.get("recommendations") or []
    ]
    lines += [f"  {said}" for said in decision.because]
    if decision.reply:
        lines.append(f"  the carrier answered: {decision.reply}")
    return lines
