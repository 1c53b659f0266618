"""The texts of `tailorbird journeys`: drawn, checked, kept, published; and the recipes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Folder, opened
from tailorbird.cli.output import emit, read_text, table

if TYPE_CHECKING:
    from tailorbird.views.journey_texts import OlderStep

Name = Annotated[str, typer.Argument(help="The journey's name.")]
File = Annotated[Path, typer.Argument(help="A journey in YAML.")]
Author = Annotated[str, typer.Option(help="Who does it, for the record.")]
Reason = Annotated[str, typer.Option(help="Why, for the record.")]


def list_journeys(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """List every journey, its mode, and how many people are in it."""
    from tailorbird.readings import journey_pages

    with opened(folder) as tb:
        rows = journey_pages.summaries(tb.world)
    shown = [(r.name, r.version, r.mode, r.people, r.description or r.fault) for r in rows]
    heads = ("journey", "version", "mode", "people in it", "description")
    lines = table(heads, shown) if rows else ["no journey yet: `tailorbird journeys recipes`"]
    emit(rows, lines, as_json=as_json)


def show(name: Name, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Draw a journey: each step, where it goes on, and how many people are there."""
    from tailorbird import authoring
    from tailorbird.readings import journey_pages

    with opened(folder) as tb:
        authoring.find_journey(tb.world, name)
        page = journey_pages.page(tb.world, name)
    assert page is not None  # noqa: S101 - it was found above
    lines = [f"{name}, version {page.version}, {page.mode}", *page.head, "", *page.drawing]
    lines += [f"{each.people:,} people are at {each.step}" for each in page.steps if each.people]
    lines += _older(page.older)
    emit(page, lines, as_json=as_json)


def check(file: File, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> int:
    """Tell all that is wrong with a journey's file; ends with 1 where there is an error."""
    from tailorbird.readings import journey_pages

    with opened(folder) as tb:
        found = journey_pages.check(tb.world, read_text(file), str(file), tb.clock())
    lines = [
        f"{each.where}: {each.severity} {each.code}: "
        f"{f'step {each.step}: ' if each.step else ''}{each.what}; {each.mend}"
        for each in found
    ] or [f"{file}: nothing is wrong"]
    emit(found, lines, as_json=as_json)
    return int(any(each.severity == "error" for each in found))


def put(
    file: File,
    author: Author = "",
    reason: Reason = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Check a journey's file and keep it as a new version; whoever is in it stays on hers."""
    from tailorbird import journey_publishing
    from tailorbird.readings import journey_pages

    with opened(folder) as tb:
        kept = tb.put("journey", file.stem, read_text(file), author=author, reason=reason)
        told = journey_pages.published(journey_publishing.where(tb.world, kept.name))
    lines = [f"journey {kept.name}, version {kept.version}", *_older(told.older)]
    emit(told, lines, as_json=as_json)


def publish(
    name: Name,
    mapped: Annotated[
        list[str] | None,
        typer.Option("--map", help="OLD=NEW: where those at a removed step go on."),
    ] = None,
    move: Annotated[
        bool, typer.Option("--move", help="Bring those in older versions to this one.")
    ] = False,
    author: Author = "",
    reason: Reason = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Put a journey live, and show who is where in older versions.

    They stay on theirs, but with --move or --map: each removed step at which people are needs one.
    """
    from tailorbird import journey_publishing
    from tailorbird.readings import journey_pages

    said = dict(_pair(each) for each in mapped or ())
    with opened(folder) as tb:
        done = journey_publishing.publish(
            tb.world, name, said, tb.clock(), move=move, author=author, reason=reason
        )
        told = journey_pages.published(done)
    lines = [f"journey {name}, version {told.version}, is live", *_older(told.older)]
    if move or said:
        lines.append(f"{told.moved:,} people were moved to version {told.version}")
    emit(told, lines, as_json=as_json)


def pause(
    name: Name,
    author: Author = "",
    reason: Reason = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Have a journey rest: nobody enters, nobody moves; `publish` has it go on."""
    from tailorbird import journey_publishing

    with opened(folder) as tb:
        kept = journey_publishing.set_mode(
            tb.world, name, "paused", tb.clock(), author=author, reason=reason
        )
    emit(kept, [f"journey {name}, version {kept.version}, is paused"], as_json=as_json)


def remove(
    name: Name,
    end: Annotated[
        bool, typer.Option("--end", help="End the way of those who are in it, with the reason.")
    ] = False,
    author: Author = "",
    reason: Reason = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Take a journey out of force; refused while people are in it, unless their way may --end.

    Its versions stay, and what everybody did in it: put again, it is as it was. Mails that are
    decided and wait still leave; `tailorbird delivery cancel JOURNEY/STEP` ends those of a step.
    """
    from tailorbird import journey_publishing

    with opened(folder) as tb:
        done = journey_publishing.remove(
            tb.world, name, tb.clock(), end=end, author=author, reason=reason
        )
    lines = [f"journey {name}, version {done.version}, is removed; its versions are kept"]
    if done.ended:
        lines.append(f"{done.ended:,} people were in it: their way has ended")
    emit(done, lines, as_json=as_json)


def recipes(as_json: AsJson = False) -> None:
    """List the journeys that come with Tailorbird."""
    from tailorbird import journey_recipes

    found = journey_recipes.recipes()
    rows = [(each.name, each.description) for each in found]
    emit(found, table(("recipe", "what it does"), rows), as_json=as_json)


def add(
    recipe: Annotated[str, typer.Argument(help="One of `tailorbird journeys recipes`.")],
    author: Author = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Keep a recipe with its templates and segments, paused: read it, then publish it."""
    from tailorbird import journey_recipes

    with opened(folder) as tb:
        kept = journey_recipes.add(tb.world, recipe, now=tb.clock(), author=author)
    lines = [f"{each.kind} {each.name}, version {each.version}" for each in kept]
    lines.append(f"it is paused; put it live with: tailorbird journeys publish {recipe}")
    emit(kept, lines, as_json=as_json)


def _pair(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not (equals and old and new):
        raise typer.BadParameter(f"{text!r} is no OLD=NEW", param_hint="--map")
    return old, new


def _older(older: tuple[OlderStep, ...]) -> list[str]:
    """Return who is in older versions, and where they would go on."""
    if not older:
        return []
    rows = [(each.version, each.step, each.people, each.how, each.to or "?") for each in older]
    return ["in older versions:", *table(("version", "step", "people", "now", "goes on at"), rows)]


NAMED: Final = (show, check, put, publish, pause, remove, recipes, add)
