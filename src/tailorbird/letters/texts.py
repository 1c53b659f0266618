"""Texts in several languages: each has a name, by which templates print it.

texts: de
entries:
  hello: Hallo
  reason: Sie haben das bei uns bestellt.
"""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from typing import Final

import msgspec

from tailorbird import content, yaml_text
from tailorbird.errors import DefinitionError
from tailorbird.world import World

PAGE: Final = "page_"
"""Begins the names of texts of the public pages, which no mail prints."""


class Texts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file, as it is written: a locale and its texts by name."""

    texts: str
    entries: dict[str, str]


@lru_cache(maxsize=256)
def parse_texts(text: str, name: str) -> dict[str, str]:
    """Return the texts of one locale, by name.

    Raises:
        DefinitionError: with the line and the mend.
    """
    document = yaml_text.read(text, f"texts/{name}.yaml")
    found = yaml_text.convert(document, Texts)
    if not content.is_locale(found.texts) or found.texts != name:
        raise DefinitionError(
            f"{found.texts!r} is not the locale {name!r}",
            where=document.where(("texts",)),
            mend="write it as the file is named: `de`, `de-AT`",
        )
    return found.entries


def page_texts(world: World) -> dict[str, dict[str, str]]:
    """Return the shop's own words for the public pages, by locale; what is broken has none."""
    found: dict[str, dict[str, str]] = {}
    for each in world.definitions.latest("texts"):
        with suppress(DefinitionError):
            entries = parse_texts(each.text, each.name)
            found[each.name] = {k: v for k, v in entries.items() if k.startswith(PAGE)}
    return {locale: words for locale, words in found.items() if words}
