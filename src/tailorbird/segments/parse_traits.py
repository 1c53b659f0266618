"""Conditions on traits and on other segments, as authors write them."""

from __future__ import annotations

from tailorbird.privacy.vault import PERSONAL_FIELDS
from tailorbird.segments import operands
from tailorbird.segments.conditions import InSegment, TraitIs
from tailorbird.segments.reader import Keyed, Reader, nearest
from tailorbird.traits.registry import TRAITS
from tailorbird.yaml_text import Path


def trait(reader: Reader, value: Keyed, path: Path) -> TraitIs:
    """Return a `trait`."""
    name = value["trait"]
    if not isinstance(name, str):
        reader.refuse("a trait's name is text", (*path, "trait"), "put it in quotes")
    _known_trait(reader, name, (*path, "trait"))
    rest = {key: each for key, each in value.items() if key != "trait"}
    kind = operands.kind_of_trait(name)
    return TraitIs(name, reader.comparison(rest, path, name, kind, ("trait",)))


def in_segment(reader: Reader, value: Keyed, path: Path) -> InSegment:
    """Return a `segment`."""
    reader.mapping(value, path, ("segment",))
    name = value["segment"]
    if not isinstance(name, str) or not name:
        reader.refuse("a segment's name is text", (*path, "segment"), "put it in quotes")
    if reader.vocabulary and name not in reader.vocabulary.segments:
        known = sorted(reader.vocabulary.segments)
        reader.refuse(f"no segment {name!r}", (*path, "segment"), nearest(name, known))
    return InSegment(name)


def _known_trait(reader: Reader, name: str, path: Path) -> None:
    if name in PERSONAL_FIELDS:
        what = f"{name!r} is a personal field, which segments never read"
        reader.refuse(what, path, "declare a trait that is not personal")
    extra = reader.vocabulary.traits if reader.vocabulary else frozenset()
    reader.known("trait", name, TRAITS.keys() | extra, path)
    if reader.vocabulary and name in reader.vocabulary.circles:
        what = f"segments in a circle: {reader.vocabulary.circles[name]}"
        reader.refuse(what, (*path, "segment"), "let one of them stand on its own")
