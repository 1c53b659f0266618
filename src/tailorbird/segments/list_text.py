"""The definition of a list: what it is called and what it is for; who is on it, the log says."""

from __future__ import annotations

import re
from typing import Final

from tailorbird import yaml_text
from tailorbird.errors import DefinitionError
from tailorbird.yaml_text import Document

NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
"""What a list may be called: conditions, paths and commands name it so."""


LONGEST_WORDS: Final = 200
_LOCALE: Final = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")


def list_description(text: str, file: str) -> str:
    """Return the description in the definition of a list.

    Raises:
        DefinitionError: `file:line`, what is wrong, how to mend it.
    """
    document = _read(text, file)
    _offered(document)
    return str(document.value.get("description") or "")


def list_offered(text: str, file: str) -> dict[str, str]:
    """Return what people may call a list that they can put themselves on, by locale.

    A list without any is not offered to them.

    Raises:
        DefinitionError: as `list_description`.
    """
    return _offered(_read(text, file))


def _read(text: str, file: str) -> Document:
    document = yaml_text.read(text, file, columns=True)
    value = document.value
    if not isinstance(value, dict) or set(value) - {"name", "description", "offered"}:
        mend = "who is on it is not written here: `tailorbird lists add`"
        what = "a list has a name, a description, and words by which it is offered"
        raise DefinitionError(what, where=file, mend=mend)
    if not NAME.fullmatch(str(value.get("name"))):
        mend = "write a to z, 0 to 9, - and _, at most 63 of them"
        where = document.where(("name",))
        raise DefinitionError("this cannot name a list", where=where, mend=mend)
    return document


def _offered(document: Document) -> dict[str, str]:
    offered = document.value.get("offered") or {}
    mend = "write it by language: `offered: {en: Running, de: Laufen}`"
    where = document.where(("offered",))
    if not isinstance(offered, dict):
        raise DefinitionError("`offered` is no mapping", where=where, mend=mend)
    for locale, words in offered.items():
        if not _LOCALE.fullmatch(str(locale)):
            raise DefinitionError(f"{locale!r} is no language", where=where, mend=mend)
        if not isinstance(words, str) or not 0 < len(words.strip()) <= LONGEST_WORDS:
            what = f"the words in {locale!r} are no text of up to {LONGEST_WORDS} characters"
            raise DefinitionError(what, where=where, mend=mend)
    return {str(locale): words.strip() for locale, words in offered.items()}
