"""Where each kind of definition lies in a folder of files: `segments/gold.yaml`, `imputation.yaml`.

A kind is one line here, one reader in `authoring.check_definition` and one schema in `schemas`.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

import msgspec

from tailorbird import yaml_text
from tailorbird.collect import plan
from tailorbird.content.languages import syntax_of
from tailorbird.edits import Key
from tailorbird.errors import DefinitionError, UsageError
from tailorbird.schema import DefinitionKind
from tailorbird.traits import imputing

YAML: Final = (".yaml", ".yml")
MAILS: Final = (".mjml", ".html", ".liquid", ".hbs", ".handlebars")
AMP: Final = ".amp.html"
"""Ends the name of the AMP part of a mail, which goes behind it as one text."""
SETTINGS: Final = "tailorbird.toml"
LARGEST_BYTES: Final = 1 << 20
"""Of one file."""
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""What a file may be called before its ending."""


class Place(msgspec.Struct, frozen=True):
    """Where the definitions of a kind lie, what their files end with, how their text is named.

    Without a `folder` there is one definition of the kind, in a file of its own name.
    """

    kind: DefinitionKind
    folder: str
    endings: tuple[str, ...] = YAML
    says_name: str = "name"
    """The key under which the text says its name; '' where the file's name alone says it."""


PLACES: Final = (
    Place("tracking_plan", "", says_name=""),
    Place("mapping", "mappings", says_name="mapping"),
    Place("source", "sources", says_name="source"),
    Place("list", "lists"),
    Place("form", "forms"),
    Place("texts", "texts", says_name="texts"),
    Place("segment", "segments"),
    Place("groups", "groups"),
    Place("clusters", "clusters"),
    Place("imputation", "", says_name=""),
    Place("model", "models"),
    Place("recommendations", "recommendations"),
    Place("block", "blocks", MAILS, says_name=""),
    Place("slot", "slots", says_name="slot"),
    Place("image", "images", says_name="image"),
    Place("template", "templates", MAILS, says_name=""),
    Place("journey", "journeys"),
    Place("campaign", "campaigns"),
)
"""In the order in which one kind may rest on another; segments and groups name each other."""
OF_KIND: Final = {place.kind: place for place in PLACES}
OF_FOLDER: Final = {place.folder: place for place in PLACES if place.folder}
OF_FILE: Final[dict[str, Key]] = {
    "imputation.yaml": ("imputation", imputing.NAME),
    "tracking_plan.yaml": ("tracking_plan", plan.NAME),
}
_FILE_OF: Final = {key: file for file, key in OF_FILE.items()}


def path_of(key: Key, text: str = "") -> str:
    """Return the file in which a definition is written first: the ending fits its text."""
    if key in _FILE_OF:
        return _FILE_OF[key]
    kind, name = key
    place = OF_KIND[kind]
    return f"{place.folder}/{name}{_ending(text) if place.endings == MAILS else YAML[0]}"


def key_of(path: str) -> Key | None:
    """Return the definition that a file holds; None for any other file."""
    if path in OF_FILE:
        return OF_FILE[path]
    folder, _, file = path.partition("/")
    place = OF_FOLDER.get(folder)
    name, ending = PurePosixPath(file).stem, PurePosixPath(file).suffix
    fits = place and "/" not in file and ending in place.endings and NAME.fullmatch(name)
    return (place.kind, name) if place and fits else None


def said_name(key: Key, text: str, path: str) -> None:
    """Return when a text says the name that its file has.

    Raises:
        DefinitionError: it says another, or is not YAML.
    """
    word = OF_KIND[key[0]].says_name
    if not word:
        return
    document = yaml_text.read(text, path)
    said = document.value.get(word) if isinstance(document.value, dict) else None
    if isinstance(said, str) and said != key[1]:
        what = f"the text is named {said!r}, its file {PurePosixPath(path).name!r}"
        mend = f"rename the file to {said}{PurePosixPath(path).suffix}, or write `{word}: {key[1]}`"
        raise DefinitionError(what, where=document.where((word,)), mend=mend)


def _ending(text: str) -> str:
    """Return the ending that a mail's text has when nobody chose one."""
    if "<mj" in text:
        return ".mjml"
    return ".hbs" if syntax_of(text) == "handlebars" else ".liquid"


def kind_named(word: str) -> DefinitionKind:
    """Return the kind that somebody calls by its own name or by its folder's.

    Raises:
        UsageError: there is none.
    """
    by_word: dict[str, DefinitionKind] = {place.kind: place.kind for place in PLACES}
    by_word |= {place.folder: place.kind for place in PLACES if place.folder}
    found = by_word.get(word) or by_word.get(word.replace("-", "_"))
    if found is None:
        raise UsageError(
            f"no kind {word!r}", mend=yaml_text.nearest(word, [p.kind for p in PLACES])
        )
    return found
