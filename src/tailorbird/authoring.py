"""What authors wrote: segments, templates, campaigns; checked, kept in versions, found by name."""

from __future__ import annotations

from tailorbird import content, imputation, journeys, letters, segments
from tailorbird.collect import forms, plan
from tailorbird.collect.sources.definition import parse_source
from tailorbird.errors import UsageError
from tailorbird.schema import Definition, DefinitionKind, Instant
from tailorbird.world import World


def standing_segments(world: World) -> list[segments.Segment]:
    """Return the latest version of every segment, parsed."""
    return [
        segments.parse(found.text, f"segments/{found.name}.yaml", version=found.version)
        for found in world.definitions.latest("segment")
    ]


def find_segment(world: World, name: str) -> segments.Segment:
    """Return a segment's latest version.

    Raises:
        UsageError: there is none of this name.
    """
    standing = {segment.name: segment for segment in standing_segments(world)}
    if name not in standing:
        known = ", ".join(sorted(standing)) or "none yet"
        raise UsageError(f"no segment {name!r}", mend=f"segments here: {known}")
    return standing[name]


def find_campaign(
    world: World, name: str, version: int | None = None
) -> tuple[journeys.Campaign, int]:
    """Return a campaign and its version.

    Raises:
        UsageError: there is no campaign of this name.
    """
    found = world.definitions.get("campaign", name, version)
    if found is None:
        known = ", ".join(d.name for d in world.definitions.latest("campaign")) or "none yet"
        raise UsageError(f"no campaign {name!r}", mend=f"campaigns here: {known}")
    return journeys.parse(found.text, f"campaigns/{name}.yaml"), found.version


def put(
    world: World,
    kind: DefinitionKind,
    name: str,
    text: str,
    *,
    now: Instant,
    author: str = "",
    reason: str = "",
) -> Definition:
    """Keep a new version of a definition, once it is known to be valid.

    Raises:
        DefinitionError, TemplateError: with the line and the mend; what was in force stays.
    """
    check_definition(world, kind, name, text)
    return world.definitions.put(kind, name, text, author=author, reason=reason, now=now)


def check_definition(world: World, kind: DefinitionKind, name: str, text: str) -> None:
    """Return when a definition is valid.

    Raises:
        DefinitionError, TemplateError: with the line and the mend.
    """
    match kind:
        case "segment":
            segments.parse(text, f"segments/{name}.yaml")
        case "campaign":
            journeys.parse(text, f"campaigns/{name}.yaml")
        case "template":
            letters.check_template(world, name, text)
        case "tracking_plan":
            plan.parse(text, f"{name}.yaml")
        case "form":
            forms.parse(text, f"forms/{name}.yaml", shop_url=world.settings.shop.url)
        case "source":
            parse_source(text, f"sources/{name}.yaml")
        case "imputation":
            imputation.check(world, text)
        case "block" | "mapping" | "model":
            return


def install_library(world: World, now: Instant) -> list[Definition]:
    """Keep the segments, templates, blocks and forms that come with Tailorbird."""
    shipped: list[tuple[DefinitionKind, dict[str, str]]] = [
        ("segment", segments.library()),
        ("block", content.library()),
        ("template", content.templates()),
        ("form", forms.library()),
    ]
    return [
        put(world, kind, name, text, now=now, author="tailorbird", reason="shipped")
        for kind, texts in shipped
        for name, text in sorted(texts.items())
    ]
