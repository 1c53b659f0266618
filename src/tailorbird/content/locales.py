"""Languages: which texts a person gets, how her amounts and dates are written, which way it runs.

A chain goes from the particular to the general and ends in the shop's own language: `de-AT`, `de`,
`en`. Names of locales are those of BCP 47, as far as language, script and region go.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Final, Literal

_LOCALE: Final = re.compile(r"([a-z]{2,3})(?:-([A-Z][a-z]{3}))?(?:-([A-Z]{2}|\d{3}))?")
_WRITTEN: Final = re.compile(r"([a-z]{2,3})(?:[-_]([a-z]{4}))?(?:[-_]([a-z]{2}|\d{3}))?", re.I)
_RIGHT_TO_LEFT: Final = frozenset(
    {"ar", "arc", "ckb", "dv", "fa", "he", "ks", "ku", "ps", "sd", "ug", "ur", "yi"}
)
_RIGHT_TO_LEFT_SCRIPTS: Final = frozenset({"Arab", "Hebr", "Nkoo", "Syrc", "Thaa"})


def is_locale(name: str) -> bool:
    """Return whether this is a locale as we write them: `de`, `de-AT`, `zh-Hant-TW`."""
    return _LOCALE.fullmatch(name) is not None


@lru_cache(maxsize=4096)
def normal(written: str) -> str:
    """Return a locale as we write it, '' for what is none: `DE_at` and `de-AT.UTF-8` are `de-AT`.

    >>> normal("pt_br"), normal("zh-hant-tw"), normal("German")
    ('pt-BR', 'zh-Hant-TW', '')
    """
    found = _WRITTEN.fullmatch(written.strip().partition(".")[0])
    if found is None:
        return ""
    language, script, region = found.groups(default="")
    parts = (language.lower(), script.title(), region.upper())
    return "-".join(part for part in parts if part)


@lru_cache(maxsize=4096)
def chain(locale: str, own: str) -> tuple[str, ...]:
    """Return the locales to look in, the person's first, the shop's own last.

    >>> chain("de-AT", "en"), chain("", "en-GB")
    (('de-AT', 'de', 'en'), ('en-GB', 'en'))
    """
    found: list[str] = []
    for each in (locale, own):
        parts = each.split("-") if each else []
        found += ["-".join(parts[:size]) for size in range(len(parts), 0, -1)]
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=4096)
def spoken(locale: str, available: frozenset[str], own: str) -> str:
    """Return the locale of a mail: the person's where it is written in her language, else our own.

    A mail in English has English dates, whatever its reader speaks.
    """
    languages = {each.partition("-")[0] for each in available}
    return locale if locale and locale.partition("-")[0] in {*languages, _language(own)} else own


def direction(locale: str) -> Literal["ltr", "rtl"]:
    """Return which way a locale is written."""
    script = next((part for part in locale.split("-") if len(part) == 4), "")
    if script:
        return "rtl" if script in _RIGHT_TO_LEFT_SCRIPTS else "ltr"
    return "rtl" if _language(locale) in _RIGHT_TO_LEFT else "ltr"


def texts_of(texts: Mapping[str, Mapping[str, str]], locales: Collection[str]) -> dict[str, str]:
    """Return each text in the first of these locales that has it; `texts` are by locale."""
    found: dict[str, str] = {}
    for locale in reversed(tuple(locales)):
        found |= texts.get(locale, {})
    return found


def _language(locale: str) -> str:
    return locale.partition("-")[0]
