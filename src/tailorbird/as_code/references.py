"""What a definition names, and where: found in its text alone, whether or not that is there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec

from tailorbird import clusters, grouping, yaml_text
from tailorbird.as_code.places import PLACES
from tailorbird.content.dispatch import Choosing, called
from tailorbird.edits import Key
from tailorbird.errors import TailorbirdError
from tailorbird.schema import DefinitionKind
from tailorbird.segments import analyst
from tailorbird.segments.groups import POINT
from tailorbird.yaml_text import Document, Path

_WORDS: Final[Mapping[str, DefinitionKind]] = {
    "segment": "segment", "audience": "segment", "exclude": "segment", "among": "segment",
    "list": "list", "template": "template", "show": "block", "model": "model",
    "recommended_by": "recommendations",
}  # fmt: skip
"""The keys under which a YAML text names another definition, by its name or a list of names."""
_KEPT_AS: Final[Mapping[str, DefinitionKind]] = {
    grouping.KEPT_AS: "groups", clusters.KEPT_AS: "clusters",
}  # fmt: skip
"""How the traits begin that groups and clusters keep."""
_IMAGE: Final = re.compile(r"""\bimages\s*(?:\.\s*([\w-]+)|\[\s*["']([\w-]+)["']\s*\])""")
_CHAINS: Final = frozenset(("segments",))
"""The keys below which each key names a segment."""


class Reference(msgspec.Struct, frozen=True):
    """One definition that a text names, at a path of it, and the place of that."""

    key: Key
    path: Path = ()
    where: str = ""


def references(key: Key, text: str, file: str) -> tuple[Reference, ...]:
    """Return what the text of a definition names; nothing where it cannot be read."""
    return _references(key, text, file)


def users(found: Mapping[Key, Iterable[Reference]], changed: Iterable[Key]) -> set[Key]:
    """Return all that name one of these definitions, directly or by others."""
    naming: dict[Key, set[Key]] = {}
    for key, named in found.items():
        for each in named:
            naming.setdefault(each.key, set()).add(key)
    reached: set[Key] = set()
    waiting = list(changed)
    while waiting:
        for user in naming.get(waiting.pop(), set()) - reached:
            reached.add(user)
            waiting.append(user)
    return reached


def in_order(keys: Iterable[Key], found: Mapping[Key, Iterable[Reference]]) -> list[Key]:
    """Return definitions so that each comes after those that it names, kind by kind and by name."""
    place = {each.kind: number for number, each in enumerate(PLACES)}
    wanted = sorted(keys, key=lambda key: (place[key[0]], key[1]))
    among, done = set(wanted), dict[Key, None]()

    def put(key: Key, way: frozenset[Key]) -> None:
        for each in found.get(key, ()):
            if each.key in among and each.key not in done and each.key not in way:
                put(each.key, way | {key})
        done.setdefault(key)

    for key in wanted:
        put(key, frozenset((key,)))
    return list(done)


@lru_cache(4096)
def _references(key: Key, text: str, file: str) -> tuple[Reference, ...]:
    try:
        if key[0] in ("template", "block"):
            found = _in_mail(text)
        else:
            document = yaml_text.read(text, file)
            found = _in_yaml(document.value, (), document)
        return tuple(dict.fromkeys(each for each in found if each.key != key))
    except TailorbirdError:
        return ()


def _in_mail(text: str) -> Iterator[Reference]:
    for name in sorted(called({}, text, Choosing())):
        yield Reference(("block", name))
        yield Reference(("slot", name))
    for found in _IMAGE.finditer(text):
        yield Reference(("image", found[1] or found[2]))


def _in_yaml(value: Any, path: Path, document: Document) -> Iterator[Reference]:
    if isinstance(value, list):
        for index, each in enumerate(value):
            yield from _in_yaml(each, (*path, index), document)
    elif isinstance(value, dict):
        for word, each in value.items():
            at = (*path, str(word))
            yield from _named(str(word), each, at, document)
            yield from _in_yaml(each, at, document)


def _named(word: str, value: Any, path: Path, document: Document) -> Iterator[Reference]:
    where = document.where(path)
    names = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    if word in _WORDS:
        for name in (each for each in names if isinstance(each, str)):
            yield Reference(_key(_WORDS[word], name), path, where)
    elif word in _CHAINS and isinstance(value, dict):
        for name in value:
            yield Reference(_key("segment", str(name)), path, where)
    elif word == "trait" and isinstance(value, str):
        for start, kind in _KEPT_AS.items():
            if value.startswith(start):
                yield Reference((kind, value.removeprefix(start)), path, where)
    elif word == "sql" and isinstance(value, str):
        for name in sorted(analyst.named(value)):
            yield Reference(_key("segment", name), path, where)


def _key(kind: DefinitionKind, name: str) -> Key:
    """Return what a name stands for; a group is part of its list."""
    listed, point, _ = name.partition(POINT)
    return ("groups", listed) if kind == "segment" and point else (kind, name)
