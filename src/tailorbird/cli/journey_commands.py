"""`tailorbird journeys`: have somebody enter one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from tailorbird.cli import journey_simulation, journey_texts, journey_watch
from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Folder, Person, opened, shown
from tailorbird.cli.output import emit
from tailorbird.errors import UsageError

if TYPE_CHECKING:
    from tailorbird.schema import Scalar

app = typer.Typer(help="Journeys, and who is in them.", no_args_is_help=True)
app.command("list")(journey_texts.list_journeys)
for command in journey_texts.NAMED:
    app.command()(command)
app.command()(journey_watch.watch)
app.command()(journey_simulation.simulate)
Name = Annotated[str, typer.Argument(help="The journey's name.")]


@app.command()
def enter(
    name: Name,
    person: Person,
    value: Annotated[
        list[str] | None,
        typer.Option(help="What its mails read as event.properties: order_id=A-17."),
    ] = None,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> int:
    """Set a person off in a journey whose trigger is `call`; 1 where its rules do not let her in.

    While the server runs, `POST /api/v1/journeys/NAME/enter` does it.
    """
    from tailorbird import authoring, flow, records

    with opened(folder) as tb:
        authoring.callable_journey(tb.world, name)
        number, now = tb.person(person), tb.clock()
        writer = records.Writer("cli", now, os.urandom)
        offset = records.call_journey(tb.world, name, number, _values(value or []), writer)
        flow.keep_current(tb.world, now)
        ways = tb.world.enrolments.of_person(number)
    way = next((each for each in ways if each.cause == offset << 20), None)
    told = {"person": number, "entered": way is not None, "step": way.step if way else ""}
    if way is None:
        lines = [f"person {number} did not enter {name}: its rules of entry say no"]
    elif way.ended:
        lines = [f"person {number} entered {name} and has left it: {way.ended}"]
    else:
        due = shown(way.due_at)
        lines = [f"person {number} entered {name} and is at step {way.step}, due {due}"]
    emit(told, lines, as_json=as_json)
    return 0 if way else 1


def _values(given: list[str]) -> dict[str, Scalar]:
    found: dict[str, Scalar] = {}
    for each in given:
        name, mark, value = each.partition("=")
        if not mark or not name.strip():
            raise UsageError(f"{each!r} is no value", mend="write --value order_id=A-17")
        found[name.strip()] = value
    return found
