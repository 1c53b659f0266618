"""`tailorbird segments`: the definitions themselves: keep, check, show, convert, remove."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tailorbird.cli.arguments import (
    DEFAULT_FOLDER,
    AsJson,
    AsOf,
    Author,
    Folder,
    Reason,
    SegmentName,
    instant,
    opened,
    shown,
)
from tailorbird.cli.output import emit, read_text, table

if TYPE_CHECKING:
    from tailorbird.app import Tailorbird
    from tailorbird.schema import Definition
    from tailorbird.segments import Segment

File = Annotated[Path, typer.Argument(help="A segment in YAML or JSON.")]
Version = Annotated[int, typer.Option(min=1, help="An earlier version.")]


class Form(Enum):
    """In what a definition is shown."""

    WRITTEN = "written"
    YAML = "yaml"
    JSON = "json"
    PYTHON = "python"


def add(
    file: File,
    author: Author = "",
    reason: Reason = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Check a segment file and keep it as a new version under the name that it says."""
    text = read_text(file)
    with opened(folder) as tb:
        found = _checked(tb, text, file)
        kept = tb.put("segment", found.name, text, author=author, reason=reason)
        people = tb.segment_count(kept.name)
    line = f"segment {kept.name}, version {kept.version}: {people:,} people"
    emit({"segment": kept.name, "version": kept.version, "people": people}, [line], as_json=as_json)


def check(
    file: File,
    as_of: AsOf = "",
    limit: Annotated[int, typer.Option(min=0, help="How many people to list.")] = 0,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Check a segment file and count its people; nothing is kept."""
    with opened(folder) as tb:
        found = _checked(tb, read_text(file), file)
        at = instant(as_of, tb.clock())
        people = tb.segment_count(found, at)
        sample = tb.segment_people(found, at, limit) if limit else []
    lines = [f"{file} is right: {people:,} people in {found.name} at {shown(at)}"]
    value = {"segment": found.name, "people": people, "as_of": shown(at), "sample": sample}
    emit(value, [*lines, *(f"person {person}" for person in sample)], as_json=as_json)


def show(
    name: SegmentName,
    version: Version | None = None,
    form: Annotated[
        Form, typer.Option("--as", help="As its author wrote it, or converted.")
    ] = Form.WRITTEN,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Show a segment's definition, and what names it."""
    from tailorbird import authoring

    with opened(folder) as tb:
        kept, segment = _kept(tb, name, version)
        used = authoring.uses(tb.world, name)
        text = _as(form, kept, segment)
        broken = "" if version else _broken(tb, name)
    about = [f"# {kept.name}, version {kept.version}, {_by(kept)}"]
    about += [f"# used by {each.phrase()}" for each in used]
    about += [f"# BROKEN: {broken}"] if broken else []
    value = {
        "segment": kept.name, "version": kept.version, "author": kept.author,
        "reason": kept.reason, "text": text, "used": used, "trouble": broken,
    }  # fmt: skip
    plain = form in (Form.JSON, Form.PYTHON)
    emit(value, [*([] if plain else about), text.rstrip("\n")], as_json=as_json)


def versions(name: SegmentName, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """List every version of a segment's definition, the newest first."""
    from tailorbird.errors import UsageError

    with opened(folder) as tb:
        kept = tb.world.definitions.versions("segment", name)
    if not kept:
        raise UsageError(f"there was never a segment {name!r}", mend="see `segments list`")
    rows = [
        [each.version, shown(each.created_at), each.author, "removed" * each.removed or each.reason]
        for each in kept
    ]
    emit(kept, table(("version", "kept", "by", "why"), rows), as_json=as_json)


def used(name: SegmentName, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """List the segments, campaigns and other definitions that name a segment."""
    from tailorbird import authoring

    with opened(folder) as tb:
        found = authoring.uses(tb.world, tb.segment(name).name)
    rows = [[each.kind, each.name, each.how] for each in found]
    lines = table(("kind", "name", "as"), rows) if rows else [f"nothing names {name}"]
    emit(found, lines, as_json=as_json)


def remove(
    name: SegmentName,
    author: Author = "",
    reason: Reason = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Take a segment out of force; its people leave, its versions and its history stay."""
    with opened(folder) as tb:
        kept = tb.remove_segment(name, author=author, reason=reason)
    line = f"segment {name} is no more; version {kept.version} can be shown and added again"
    emit({"segment": name, "version": kept.version}, [line], as_json=as_json)


def schema(as_json: AsJson = False) -> None:
    """Print the JSON Schema of segments, for editors and programs."""
    from tailorbird import segments

    emit(segments.schema(), [segments.schema_text().rstrip("\n")], as_json=as_json)


def _checked(tb: Tailorbird, text: str, file: Path) -> Segment:
    from tailorbird import authoring

    return authoring.check_segment(tb.world, text, str(file))


def _broken(tb: Tailorbird, name: str) -> str:
    """Return why nobody can be asked about a segment now, '' where all is well."""
    found = tb.segment(name).broken
    return found.refusal(name).sentence() if found else ""


def _kept(
    tb: Tailorbird, name: str, version: int | None
) -> tuple[Definition, Callable[[], Segment]]:
    """Return what is kept, and what reads it: a text that is refused can be shown as written."""
    from tailorbird import segments
    from tailorbird.errors import UsageError

    kept = tb.world.definitions.get("segment", name, version)
    if kept is None and version is None:
        # A group of a list is a segment, too, but has no text of its own.
        segment = tb.segment(name)
        from tailorbird.schema import Definition

        group = Definition("segment", name, segment.version, segments.write(segment))
        return group, lambda: segment
    if kept is None:
        mend = f"see `tailorbird segments versions {name}`"
        raise UsageError(f"segment {name!r} has no version {version}", mend=mend)
    file = f"segments/{name}.yaml"
    return kept, lambda: segments.parse(kept.text, file, version=kept.version)


def _as(form: Form, kept: Definition, read: Callable[[], Segment]) -> str:
    from tailorbird import segments

    match form:
        case Form.WRITTEN:
            return kept.text
        case Form.YAML:
            return segments.write(read())
        case Form.JSON:
            return segments.to_json(read())
        case Form.PYTHON:
            return segments.python(read())


def _by(kept: Definition) -> str:
    by = f" by {kept.author}" if kept.author else ""
    why = f": {kept.reason}" if kept.reason else ""
    return f"kept {shown(kept.created_at)}{by}{why}"
