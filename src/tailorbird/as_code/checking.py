"""Definitions checked together, as they would be: every error at once, each at its own place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from tailorbird import authoring, forms, journeys, letters, recommending, segments, yaml_text
from tailorbird.as_code.files import FileFault, Written
from tailorbird.as_code.places import said_name
from tailorbird.as_code.references import Reference
from tailorbird.edits import Key
from tailorbird.errors import TailorbirdError, TemplateError
from tailorbird.recommend.rules import DEFAULT
from tailorbird.schema import DefinitionKind
from tailorbird.segments.groups_text import parse_groups
from tailorbird.world import World
from tailorbird.yaml_text import nearest

_MUST_BE: Final[Mapping[DefinitionKind, tuple[DefinitionKind, ...]]] = {
    "campaign": ("segment", "template", "recommendations"),
    "journey": ("segment", "template", "list", "recommendations"),
}
"""What is looked for here, since the reader of the kind does not ask whether it is there."""
_READERS: Final[Mapping[DefinitionKind, Callable[[str, str], object]]] = {
    "segment": segments.parse,
    "groups": parse_groups,
    "campaign": journeys.parse,
    "journey": journeys.read_journey,
}
"""Kinds of which all are read whenever one is asked for."""
BY_DEFAULT: Final[Key] = (recommending.KIND, DEFAULT)
"""Holds though nobody wrote it."""
_SUBJECT: Final = re.compile(r", subject (.+?):\d")
"""In the place of an error of a subject, which stands in its campaign."""
_LINE: Final = re.compile(r":(\d+(?::\d+)?)$")


def unreadable(written: Mapping[Key, Written]) -> dict[Key, FileFault]:
    """Return the faults of texts that nobody can read by themselves, or that say another name.

    They stay out of the world as it would be: else all that asks for every segment would fail.
    """
    found = {}
    for key, each in written.items():
        try:
            said_name(key, each.text, each.path)
            if key[0] in _READERS:
                _READERS[key[0]](each.text, each.path)
        except TailorbirdError as error:
            found[key] = fault_of(each.path, error)
    return found


def check(
    world: World,
    keys: Iterable[Key],
    found: Mapping[Key, tuple[Reference, ...]],
    paths: Mapping[Key, str],
    broken: Iterable[Key],
) -> list[FileFault]:
    """Return the faults of these definitions of a world; what follows from others' is left out.

    `paths` are the files of definitions, `broken` those that are known to have faults.
    """
    faults: dict[tuple[str, str], FileFault] = {}
    wrong = set(broken)
    names = {repr(name) for _, name in wrong}
    for key in keys:
        named = found.get(key, ())
        rests_on_wrong = any(each.key in wrong for each in named)
        for fault in _of_one(world, key, named, paths, whole=not rests_on_wrong):
            wrong.add(key)
            if not any(name in fault.what for name in names):
                faults.setdefault((fault.where, fault.what), fault)
    return list(faults.values())


def _of_one(
    world: World,
    key: Key,
    named: tuple[Reference, ...],
    paths: Mapping[Key, str],
    *,
    whole: bool,
) -> Iterator[FileFault]:
    """Yield the faults of one definition; if not `whole`, only those that are its own."""
    kind, name = key
    standing = world.definitions.get(kind, name)
    if standing is None:
        return
    missing = list(_missing(world, key, named, paths[key]))
    yield from missing
    try:
        authoring.check_definition(world, kind, name, standing.text)
        if kind == "campaign" and whole and not missing:
            campaign = journeys.parse(standing.text, paths[key])
            edition = letters.check(world, campaign, standing.version)
            forms.check_links(world, edition.template.variables())
    except TailorbirdError as error:
        if subject := _SUBJECT.search(error.where):
            document = yaml_text.read(standing.text, paths[key])
            where = document.where(("variants", subject[1], "subject"))
            yield FileFault(paths[key], where, error.what, _mend(error))
        else:
            yield fault_of(_file(key, error, paths), error)


def _missing(
    world: World, key: Key, named: tuple[Reference, ...], file: str
) -> Iterator[FileFault]:
    """Yield the faults of references that lead nowhere, where nobody else asks for that."""
    wanted = _MUST_BE.get(key[0], ())
    for each in named:
        kind, name = each.key
        if kind in wanted and not _is_there(world, each.key):
            known = [d.name for d in world.definitions.latest(kind)]
            mend = nearest(name, known) if known else f"there is no {kind} yet"
            yield FileFault(file, each.where or file, f"no {kind} {name!r}", mend)


def _is_there(world: World, key: Key) -> bool:
    return key == BY_DEFAULT or world.definitions.get(*key) is not None


def fault_of(path: str, error: TailorbirdError) -> FileFault:
    """Return an error of a file as a fault; where it says no place of the file, the file is it."""
    where = error.where
    if not where.startswith(path):
        line = _LINE.search(where)
        where = f"{path}:{line[1]}" if line else path
    mend = "write spaces: a tab cannot indent YAML" if "'\\t'" in error.what else _mend(error)
    return FileFault(path, where, error.what, mend)


def _mend(error: TailorbirdError) -> str:
    return error.mend or "mend this place"


def _file(key: Key, error: TailorbirdError, paths: Mapping[Key, str]) -> str:
    """Return the file that an error speaks of: mostly that of the definition that was checked."""
    own = paths[key]
    if isinstance(error, TemplateError):
        kinds: tuple[DefinitionKind, ...] = ("block", "template", "slot")
        if error.file == key[1] and key[0] in kinds:
            return own
        return next((paths[k, error.file] for k in kinds if (k, error.file) in paths), own)
    said = _LINE.sub("", error.where)
    return said if said in paths.values() else own
