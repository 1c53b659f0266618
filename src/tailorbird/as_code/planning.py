"""What files would change of the definitions; checked as they would be, nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import msgspec

from tailorbird import journey_publishing, noting
from tailorbird.as_code import settings_file
from tailorbird.as_code.audiences import AudienceChange
from tailorbird.as_code.changes import (
    DefinitionChange,
    ExtraDefinition,
    changes,
    digest,
    edits,
    equal,
    extras,
    in_force,
)
from tailorbird.as_code.checking import check, unreadable
from tailorbird.as_code.files import FileFault, Files, Written, definitions
from tailorbird.as_code.places import path_of
from tailorbird.as_code.proposed import proposed
from tailorbird.as_code.references import Reference, in_order, references, users
from tailorbird.as_code.sends import SendOutlook
from tailorbird.edits import Edit, Key
from tailorbird.schema import Definition, Instant
from tailorbird.world import World


class DefinitionPlan(msgspec.Struct, frozen=True):
    """What files would change. With faults it cannot be applied."""

    digest: str
    """Alike exactly while the same files meet the same definitions."""
    changes: tuple[DefinitionChange, ...] = ()
    extras: tuple[ExtraDefinition, ...] = ()
    """What is in force and in no file; applying with `prune` removes it."""
    faults: tuple[FileFault, ...] = ()
    audiences: tuple[AudienceChange, ...] = ()
    """Segments and campaigns that it fills otherwise, or may."""
    sends: tuple[SendOutlook, ...] = ()
    """Campaigns that it touches, as they would be sent now."""
    notes: tuple[str, ...] = ()
    """What the changes name that has not come yet: no fault, for it still may."""
    settings: str = ""
    """What becomes of `tailorbird.toml`, as a diff; it holds from the next start on."""

    @property
    def ending(self) -> list[DefinitionChange]:
        """Return the journeys that would be removed while people are in them."""
        return [change for change in self.changes if change.people]

    @property
    def moved(self) -> list[DefinitionChange]:
        """Return the changes that would take back what was changed here since."""
        return [change for change in self.changes if change.moved]


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan with all that applying it needs."""

    plan: DefinitionPlan
    edits: list[Edit]
    equal: list[Edit]
    """Definitions that files have as they stand, which is not known yet."""
    standing: dict[Key, int]
    """The versions that it was made for."""
    world: World
    """The world as it would be."""
    touched: list[Key]
    """What changes, and all that rests on it, in the order in which one rests on another."""
    settings: str | None = None
    """The settings that are to be written; None: they stay."""


def draft(world: World, files: Files, now: Instant, *, prune: bool = False) -> Draft:
    """Return what files would change of the definitions; with `prune`, also what no file has."""
    written = definitions(files)
    wrong = unreadable(written)
    sound = {key: each for key, each in written.items() if key not in wrong}
    more = extras(written, in_force(world.definitions))
    text, shown, wrong_settings = settings_file.changed(world, files)
    made = drafted(
        world,
        sound,
        [each.key for each in more] if prune else [],
        now,
        faults=(*files.faults, *wrong.values(), *wrong_settings),
        broken=wrong,
        left=() if prune else more,
    )
    seen = digest(made.standing, made.edits, shown)
    plan = msgspec.structs.replace(made.plan, settings=shown, digest=seen)
    return replace(made, plan=plan, settings=text)


def drafted(
    world: World,
    written: Mapping[Key, Written],
    removed: Iterable[Key],
    now: Instant,
    *,
    faults: Iterable[FileFault] = (),
    broken: Iterable[Key] = (),
    left: Iterable[ExtraDefinition] = (),
) -> Draft:
    """Return what these texts and these ends would change, with the faults of all that it touches.

    `faults` were found before, in `broken` definitions; those stay as they are.
    """
    standing, versions = in_force(world.definitions), world.definitions.standing()
    found = _in_flight(world, changes(world.definitions, written, standing, removed))
    wanted = edits(found, written)
    after = proposed(world, wanted, now)
    whole = in_force(after.definitions)
    paths = {key: written[key].path if key in written else path_of(key) for key in whole}
    named = {key: references(key, each.text, paths[key]) for key, each in whole.items()}
    changed = [each.key for each in found]
    touched = in_order({*changed, *users(named, changed)} & whole.keys(), named)
    faults = [
        *faults,
        *_still_named(found, whole, named, paths),
        *check(after, touched, named, paths, broken),
    ]
    plan = DefinitionPlan(
        digest=digest(versions, wanted),
        changes=tuple(_sorted(found, touched)),
        extras=tuple(left),
        faults=tuple(faults),
        notes=() if faults else tuple(_notes(after, changed)),
    )
    known = [Edit(*key, written[key].text) for key in equal(world.definitions, written, standing)]
    return Draft(plan, _in(wanted, plan.changes), known, versions, after, touched)


def _notes(after: World, changed: Iterable[Key]) -> Iterator[str]:
    """Yield the notes on what would be changed, in the world as it would be."""
    for key in changed:
        yield from noting.standing(after, *key)


def _in_flight(world: World, found: Iterable[DefinitionChange]) -> list[DefinitionChange]:
    """Return changes with how many people are in each journey that would be removed."""
    told = []
    for each in found:
        if each.what == "remove" and each.kind == "journey":
            people = journey_publishing.people_in(world, each.name).total()
            told.append(msgspec.structs.replace(each, people=people))
        else:
            told.append(each)
    return told


def _still_named(
    found: Iterable[DefinitionChange],
    whole: Mapping[Key, Definition],
    named: Mapping[Key, Iterable[Reference]],
    paths: Mapping[Key, str],
) -> Iterable[FileFault]:
    """Yield a fault for each definition that names one that would be removed."""
    gone = {each.key: each for each in found if each.what == "remove"}
    for key in whole if gone else ():
        for each in named[key]:
            if each.key in gone:
                kind, name = each.key
                what = f"{key[0]} {key[1]!r} names {kind} {name!r}, which would be removed"
                mend = f"take it out here first, or keep {gone[each.key].path}"
                yield FileFault(paths[key], each.where or paths[key], what, mend)


def _sorted(found: Iterable[DefinitionChange], touched: Iterable[Key]) -> list[DefinitionChange]:
    """Return changes in the order in which one rests on another; what is removed, last."""
    place = {key: number for number, key in enumerate(touched)}
    return sorted(found, key=lambda each: place.get(each.key, len(place)))


def _in(wanted: Iterable[Edit], order: Iterable[DefinitionChange]) -> list[Edit]:
    by_key = {each.key: each for each in wanted}
    return [by_key[each.key] for each in order]
