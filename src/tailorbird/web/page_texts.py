"""The words of the public pages, in the language of whoever looks.

They come with Tailorbird, one file a language in `locales`; what the shop says in its own
`texts/LOCALE.yaml` under the same names takes their place, and adds languages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Final, Literal, NamedTuple

from tailorbird.content.locales import chain, direction, normal, texts_of
from tailorbird.letters.texts import parse_texts

Texts = Mapping[str, Mapping[str, str]]
OURS: Final = "en"
"""The language that has every word."""
MOST_ACCEPTED: Final = 20


class Spoken(NamedTuple):
    """The words of one language; `shop` is the name that they carry."""

    locale: str
    texts: Mapping[str, str]
    shop: str

    @property
    def direction(self) -> Literal["ltr", "rtl"]:
        """Return which way it is written."""
        return direction(self.locale)

    def say(self, name: str, address: str = "") -> str:
        """Return the text `page_NAME`, filled in; it must still be escaped."""
        said = self.texts[f"page_{name}"]
        return said.replace("{shop}", self.shop).replace("{address}", address)


def _none() -> Texts:
    return {}


class PageTexts:
    """Every language of the pages of one shop. `own` are the shop's words, asked for each page."""

    def __init__(self, shop: str, locale: str = OURS, own: Callable[[], Texts] = _none) -> None:
        self._shop, self._locale, self._own = shop, locale, own

    def spoken(self, locale: str = "", accepts: str = "") -> Spoken:
        """Return the words for a person's locale, else for what her browser accepts, else ours."""
        own = self._own()
        wanted = [normal(locale)] if normal(locale) else list(_accepted(accepts))
        there = {_language(each) for each in (*own, *shipped())}
        fitting = (each for each in (*wanted, self._locale) if _language(each) in there)
        chosen = next(fitting, OURS)
        looked = (*chain(chosen, self._locale), OURS)
        together = {
            each: {**shipped().get(each, {}), **own.get(each, {})}
            for each in dict.fromkeys((*looked, OURS))
        }
        return Spoken(chosen, texts_of(together, tuple(dict.fromkeys(looked))), self._shop)

    def languages(self) -> dict[str, str]:
        """Return the languages that a person can choose, each in its own words, by locale."""
        own = self._own()
        named = {
            each: {**shipped().get(each, {}), **own.get(each, {})}.get("page_language", "")
            for each in sorted({*own, *shipped()})
        }
        return {locale: name for locale, name in named.items() if name}


@lru_cache(maxsize=1)
def shipped() -> Texts:
    """Return the words that come with Tailorbird, by locale."""
    folder = files("tailorbird.web").joinpath("locales")
    found = {}
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        locale = file.name.removesuffix(".yaml")
        found[locale] = parse_texts(file.read_text(encoding="utf-8"), locale)
    return found


def _accepted(header: str) -> Iterator[str]:
    """Yield the locales of an `Accept-Language` (RFC 9110, 12.5.4), the most wanted first."""
    asked: list[tuple[float, str]] = []
    for part in header.split(",")[:MOST_ACCEPTED]:
        tag, _, weight = part.partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=") or 1)
        except ValueError:
            quality = 0.0
        if quality > 0 and (locale := normal(tag)):
            asked.append((-quality, locale))
    return (locale for _, locale in sorted(asked, key=lambda each: each[0]))


def _language(locale: str) -> str:
    return locale.partition("-")[0]
