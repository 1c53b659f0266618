"""`tailorbird profiles` and `tailorbird why`: one person, and what was decided about them."""

from __future__ import annotations

from typing import Annotated

import typer

from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Folder, opened, shown
from tailorbird.cli.output import emit

app = typer.Typer(help="People.", no_args_is_help=True)
Person = Annotated[str, typer.Argument(help="Number, address, user id or anonymous id.")]


@app.command()
def show(person: Person, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Show what is known of a person: traits, consents, recent events."""
    with opened(folder) as tb:
        profile = tb.profile(person)
    lines = [f"person {profile.person}  {profile.email or 'no address'}"]
    lines += [f"  {name}: {value}" for name, value in profile.traits.items()]
    lines += [
        f"  consent {c.purpose}: {'granted' if c.granted else 'withdrawn'} {shown(c.at)} ({c.source})"
        for c in profile.consents
    ]
    lines += [f"  {shown(event.at)}  {event.event}  {event.detail}" for event in profile.events]
    emit(profile, lines, as_json=as_json)


def why(
    person: Person,
    campaign: Annotated[str, typer.Argument(help="A campaign; all of them when empty.")] = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Say why a person did or did not get each message, with the evidence."""
    with opened(folder) as tb:
        reasons = tb.why(person, campaign)
    lines: list[str] = []
    for reason in reasons:
        lines += [reason.sentence, *(f"  {line}" for line in reason.evidence)]
    emit(reasons, lines or ["no campaign has considered this person"], as_json=as_json)
