"""What authors wrote: segments, templates, campaigns; checked, kept in versions, found by name.

What checks a kind of definition is imported with the first of that kind: a command that only looks
a segment up starts in half the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tailorbird import grouping, naming, segments
from tailorbird.errors import ConflictError, UsageError
from tailorbird.schema import Definition, DefinitionKind, Instant
from tailorbird.world import World
from tailorbird.yaml_text import nearest

if TYPE_CHECKING:
    from tailorbird import journeys


def standing_segments(world: World, as_of: Instant | None = None) -> list[segments.Segment]:
    """Return the latest version of every segment, parsed, and the segments of all groups."""
    return grouping.standing_segments(world, as_of)


def sound_segments(world: World) -> list[segments.Segment]:
    """Return the standing segments that can be asked; see `grouping.standing_segments`."""
    return grouping.sound_segments(world)


def find_segment(world: World, name: str | segments.Segment) -> segments.Segment:
    """Return a segment's latest version, or the segment itself that is given; maybe a broken one.

    Raises:
        UsageError: there is none of this name.
    """
    if isinstance(name, segments.Segment):
        return name
    standing = {segment.name: segment for segment in standing_segments(world)}
    if name not in standing:
        mend = nearest(name, list(standing)) if standing else "there is none yet"
        raise UsageError(f"no segment {name!r}", mend=mend)
    return standing[name]


def find_campaign(
    world: World, name: str, version: int | None = None
) -> tuple[journeys.Campaign, int]:
    """Return a campaign and its version; the send of a journey is called JOURNEY/STEP.

    Raises:
        UsageError: there is no campaign of this name.
    """
    from tailorbird import letters

    found = letters.campaigns.find(world, name, version)
    if found is None:
        known = ", ".join(each.name for each, _ in letters.campaigns.latest(world)) or "none yet"
        raise UsageError(f"no campaign {name!r}", mend=f"campaigns here: {known}")
    return found


def find_journey(
    world: World, name: str, version: int | None = None
) -> tuple[journeys.Journey, int]:
    """Return a journey and its version.

    Raises:
        UsageError: there is no journey of this name.
    """
    from tailorbird import letters

    found = world.definitions.get("journey", name, version)
    if found is None or found.removed:
        known = [each.name for each in world.definitions.latest("journey")]
        mend = nearest(name, known) if known else "there is none yet"
        raise UsageError(f"no journey {name!r}", mend=mend)
    return letters.campaigns.of_journey(found), found.version


def callable_journey(world: World, name: str) -> journeys.Journey:
    """Return a journey that calls of the API start.

    Raises:
        UsageError: there is none of this name.
        ConflictError: something else starts it, or it is paused.
    """
    from tailorbird.journeys.journey import CallTrigger

    found, _ = find_journey(world, name)
    if not isinstance(found.trigger, CallTrigger):
        mend = "write `trigger: call`, or have happen what starts it"
        raise ConflictError(f"journey {name!r} is not started by calls", mend=mend)
    if found.mode == "paused":
        raise ConflictError(f"journey {name!r} is paused", mend="resume it first")
    return found


def put(
    world: World,
    kind: DefinitionKind,
    name: str,
    text: str | segments.Segment,
    *,
    now: Instant,
    author: str = "",
    reason: str = "",
) -> Definition:
    """Keep a new version of a definition, once it is known to be valid.

    Raises:
        DefinitionError, TemplateError: with the line and the mend; what was in force stays.
    """
    if isinstance(text, segments.Segment):
        text = segments.write(text)
    check_definition(world, kind, name, text)
    return world.definitions.put(kind, name, text, author=author, reason=reason, now=now)


def put_segment(
    world: World, text: str, file: str, *, now: Instant, author: str = "", reason: str = ""
) -> Definition:
    """Keep a new version of the segment that a text defines, under the name that it says.

    Raises:
        DefinitionError: with the place in `file` and the mend; what was in force stays.
    """
    name = check_segment(world, text, file).name
    return world.definitions.put("segment", name, text, author=author, reason=reason, now=now)


def check_definition(world: World, kind: DefinitionKind, name: str, text: str) -> None:
    """Return when a definition is valid.

    Raises:
        DefinitionError, TemplateError: with the line and the mend.
    """
    match kind:
        case "segment":
            naming.check_segment(
                world, text, f"segments/{name}.yaml", standing_segments(world), name
            )
        case "campaign" | "slot" | "template" | "block" | "texts":
            _check_mail(world, kind, name, text)
        case "form" | "mapping" | "source" | "tracking_plan":
            _check_what_comes_in(world, kind, name, text)
        case "groups":
            grouping.check(world, name, text, standing_segments(world))
        case "list":
            segments.list_description(text, f"lists/{name}.yaml")
        case "calibration" | "edition":
            return
        case _:
            _check_what_is_heavy(world, kind, name, text)


def _check_what_is_heavy(world: World, kind: DefinitionKind, name: str, text: str) -> None:
    """Return when what reaches into models, journeys or pictures is valid."""
    from tailorbird import clusters, imputation, journey_checks, learning, letters, recommending

    match kind:
        case "journey":
            file = f"journeys/{name}.yaml"
            journey_checks.check_journey(world, text, file, standing_segments(world), name)
        case "imputation":
            imputation.check(world, text)
        case "clusters":
            clusters.check(world, name, text, standing_segments(world))
        case "image":
            letters.check_image(world, name, text)
        case "model":
            learning.check_model(world, text, name, _vocabulary(world))
        case _:
            recommending.check(world, name, text)


def _vocabulary(world: World) -> segments.Vocabulary:
    """Return every name that a condition may use here."""
    return naming.vocabulary(world, "", standing_segments(world))


def _check_what_comes_in(world: World, kind: DefinitionKind, name: str, text: str) -> None:
    """Return when what says how events come in is valid. Raises as `check_definition`."""
    from tailorbird.collect import forms, mapping, plan
    from tailorbird.collect.sources.definition import parse_source

    match kind:
        case "form":
            forms.parse(text, f"forms/{name}.yaml", shop_url=world.settings.shop.url)
        case "mapping":
            mapping.parse(text, f"mappings/{name}.yaml")
        case "source":
            parse_source(text, f"sources/{name}.yaml")
        case _:
            plan.parse(text, f"{name}.yaml")


def _check_mail(world: World, kind: DefinitionKind, name: str, text: str) -> None:
    """Return when a part of a mail is valid. Raises as `check_definition`."""
    from tailorbird import journeys, letters, recommending

    match kind:
        case "campaign":
            campaign = journeys.parse(text, f"campaigns/{name}.yaml")
            letters.check_campaign(campaign, standing_segments(world))
            recommending.named(world, campaign.recommended_by, f"campaigns/{name}.yaml")
        case "slot":
            letters.check_slot(world, name, text, _vocabulary(world), standing_segments(world))
        case "template":
            letters.check_template(world, name, text)
        case "block":
            letters.check_block(world, name, text)
        case _:
            letters.check_texts(name, text)


def check_segment(world: World, text: str, file: str) -> segments.Segment:
    """Return the segment of a text, every name in it known here; nothing is kept.

    Raises:
        DefinitionError: `file:line`, what is wrong, how to mend it.
    """
    return naming.check_segment(world, text, file, standing_segments(world))


def uses(world: World, name: str) -> tuple[naming.Use, ...]:
    """Return the definitions that name a segment."""
    return naming.uses(world, name, standing_segments(world))


def remove_segment(
    world: World, name: str, *, now: Instant, author: str = "", reason: str = ""
) -> Definition:
    """Take a segment out of force and return what it was; its versions and its history stay.

    Raises:
        ConflictError: other definitions name it.
        UsageError: there is none of this name.
    """
    if used := uses(world, name):
        where = ", ".join(each.phrase() for each in used)
        raise ConflictError(f"segment {name!r} is used by {where}", mend="take it out there first")
    find_segment(world, name)
    removed = world.definitions.remove("segment", name, author=author, reason=reason, now=now)
    if removed is None:
        raise UsageError(f"{name!r} is a group of a list", mend="take it out of its list")
    forget_removed(world, standing_segments(world), now)
    return removed


def forget_removed(world: World, standing: Sequence[segments.Segment], now: Instant) -> None:
    """Have everybody leave the segments that do not stand any more."""
    names = world.facts.read("SELECT segment FROM segment_refreshes")["segment"].to_pylist()
    there = {each.name for each in standing}
    if gone := [name for name in names if name not in there]:
        segments.forget(world.facts, gone, now=now)


def install_library(world: World, now: Instant) -> list[Definition]:
    """Keep what comes with Tailorbird, segments to forms, but for what was removed here."""
    from tailorbird import content
    from tailorbird.collect import forms

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
        if not any(each.removed for each in world.definitions.versions(kind, name, 1))
    ]
