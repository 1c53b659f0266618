"""What a template is given of one person: what the decision kept, and what never changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from tailorbird.content.fallbacks import Chain, found_at, missing, put_at
from tailorbird.content.locales import chain as locales_of
from tailorbird.content.locales import direction, normal, spoken, texts_of
from tailorbird.letters.browsed import CATEGORIES, PRODUCTS
from tailorbird.letters.editions import Edition
from tailorbird.schema import Instant, Profile, Scalar
from tailorbird.traits.registry import TRAITS as COMPUTED

Values = dict[str, Any]
PERSONAL: Final = ("first_name", "last_name", "country")
"""Traits that a template reads as `person.NAME`, straight from the profile."""
BY_CATEGORY: Final = "products_by_category"
"""Under which the products lie that a mail asks for by their category."""
EVENT: Final = "event"
"""Under which lies what set the mail off."""
JOURNEY: Final = "journey"
"""Under which lies what the steps before it kept."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Given:
    """What the decision keeps for one person's mail, or why there can be none."""

    kept: Values
    refusal: str = ""
    values: Values = field(default_factory=dict)
    """What the template reads, but for the addresses of one send."""
    empty: tuple[str, ...] = ()
    """The blocks that would print nothing."""


def values(
    edition: Edition, profile: Profile, kept: Mapping[str, Any], urls: Mapping[str, Any]
) -> Values:
    """Return what a template may read, for one person."""
    found = {**first_values(edition, profile, kept), **urls}
    complete(edition, found, kept)
    return found


def first_values(edition: Edition, profile: Profile, kept: Mapping[str, Any]) -> Values:
    """Return what is known of a person, before anything stands in and any slot is decided."""
    declared = profile.traits.get
    return {
        **fixed(edition, str(kept.get("locale") or edition.manifest.shop.locale)),
        "person": {name: declared(name) for name in PERSONAL},
        "traits": shown_traits(kept.get("traits", {})),
        "zone": kept.get("zone") or edition.manifest.shop.zone,
        "imputed": kept.get("imputed", []),
        "segments": kept.get("segments", {}),
        "scores": kept.get("scores", {}),
        "recommendations": kept.get("recommendations", []),
        CATEGORIES: kept.get(CATEGORIES, []),
        PRODUCTS: kept.get(PRODUCTS, ""),
        BY_CATEGORY: kept.get(BY_CATEGORY, {}),
        EVENT: kept.get(EVENT, {}),
        JOURNEY: kept.get(JOURNEY, {}),
    }


def shown_traits(traits: Mapping[str, Any]) -> Values:
    """Return traits as authors read them."""
    return {
        name: _SHOWN[name](value) if name in _SHOWN and value is not None else value
        for name, value in traits.items()
    }


def complete(edition: Edition, found: Values, kept: Mapping[str, Any]) -> None:
    """Put in what stands in for missing values, and what the slots show."""
    _fill(found, edition.chains, kept.get("defaults", {}))
    found["slots"] = kept.get("slots", {})
    if edition.slots:
        found["slot_values"] = _slot_values(edition, found, kept.get("slot_defaults", {}))


def fixed(edition: Edition, locale: str) -> Values:
    """Return what is the same for everybody who is written to in a locale."""
    known = edition.by_locale.get(locale)
    if known is None:
        manifest = edition.manifest
        chain = locales_of(locale, manifest.shop.locale)
        known = edition.by_locale[locale] = {
            "shop": msgspec.to_builtins(manifest.shop),
            "sender": manifest.sender,
            "campaign": {"name": edition.campaign.name},
            "demo": manifest.demo,
            "locale": locale,
            "locales": list(chain),
            "direction": direction(locale),
            "texts": texts_of(edition.texts, chain),
        }
    return known


def locale_of(edition: Edition, profile: Profile) -> str:
    """Return the locale of a person's mail: hers where it is written in her language."""
    return spoken(said_locale(profile.traits), edition.locales, edition.manifest.shop.locale)


def said_locale(traits: Mapping[str, Scalar]) -> str:
    """Return the locale that a person's traits say, by her country where it names no region."""
    said = normal(str(traits.get("locale") or traits.get("language") or ""))
    region = str(traits.get("country") or "")
    if said and "-" not in said and len(region) == 2:
        said = normal(f"{said}-{region}") or said
    return said


@dataclass(frozen=True, slots=True)
class StandIns:
    """What stands in for one person's missing values, which links were taken, how chains ended."""

    defaults: dict[str, Scalar]
    taken: dict[str, str]
    ended: str
    """`skip`, `hide` or ''."""
    path: str = ""
    """Whose chain ended so."""


def stand_ins(
    chains: Sequence[Chain], known: Values, members: Mapping[str, bool], locales: Sequence[str]
) -> StandIns:
    """Return what stands in where a value is missing.

    What a profile says can be taken back before the mail leaves, so its default is kept always.
    """
    defaults: dict[str, Scalar] = {}
    taken: dict[str, str] = {}
    ended, path = "", ""
    for chain in chains:
        lacking = missing(found_at(known, chain.path))
        value, link = chain.stand_in(members, locales)
        taken[chain.path] = link if lacking else "value"
        if value is not None and (lacking or chain.path.startswith("person.")):
            defaults[chain.path] = value
        if lacking and link in ("hide", "skip") and ended != "skip":
            ended, path = link, chain.path
    return StandIns(defaults, taken, ended, path)


def _slot_values(
    edition: Edition, found: Values, defaults: Mapping[str, Mapping[str, Scalar]]
) -> dict[str, Values]:
    """Return the values of their own that the blocks of slots read."""
    made = {}
    for slot in edition.slots:
        roots = {chain.path.partition(".")[0] for chain in slot.values}
        own = {root: found[root] for root in roots}
        _fill(own, slot.values, defaults.get(slot.name, {}))
        made[slot.name] = own
    return made


def _fill(values: Values, chains: Sequence[Chain], defaults: Mapping[str, Scalar]) -> None:
    for chain in chains:
        if chain.path in defaults and missing(found_at(values, chain.path)):
            put_at(values, chain.path, defaults[chain.path])


def iso(instant: Instant) -> str:
    """Return an instant as authors read it: ISO 8601, to the second."""
    moment = _EPOCH + timedelta(microseconds=instant)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _decimal(millionths: int) -> float:
    return millionths / 1_000_000


_SHOWN: Final[dict[str, Callable[[Any], Any]]] = {
    name: {"instant": iso, "millionths": _decimal}[trait.type]
    for name, trait in COMPUTED.items()
    if trait.type in ("instant", "millionths")
}
"""How traits are written for authors: instants in ISO 8601, scores as decimals."""
