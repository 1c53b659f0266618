"""The fields of a message, one by one: what they must be, and what is refused about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import msgspec

from tailorbird.collect import clean, dates
from tailorbird.collect.capitals import person_name
from tailorbird.collect.context_origin import without_tokens
from tailorbird.collect.names import NAME_LIMIT
from tailorbird.privacy.vault import is_personal_property
from tailorbird.schema import PURPOSES, ConsentClaim, Instant, Scalar

TEXT_LIMIT: Final = 32_768
IDENTIFIER_LIMIT: Final = 256
FIELD_LIMIT: Final = 500
"""Traits or properties of one event."""
DEPTH_LIMIT: Final = 8
INT64: Final = range(-(2**63), 2**63)

PLACEHOLDERS: Final = frozenset(
    {
        "-1", "anonymous", "false", "guest", "n/a", "nan", "nil", "none", "null", "true",
        "undefined", "[object object]",
    }
)  # fmt: skip
_TRAIT_NAMES: Final = {
    "birthdate": "birthday", "date_of_birth": "birthday", "dob": "birthday",
    "email_address": "email", "family_name": "last_name", "forename": "first_name",
    "full_name": "name", "given_name": "first_name", "mobile": "phone", "phone_number": "phone",
    "postal_code": "postcode", "surname": "last_name", "telephone": "phone", "zip": "postcode",
    "zip_code": "postcode",
}  # fmt: skip
URLS: Final = frozenset({"path", "query", "referrer", "search", "url"})
"""Properties that hold an address, or a part of one."""
_NUMBERS: Final = (int, float)
_AS_THEY_ARE: Final = (bool, float)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Refusal(Exception):  # noqa: N818 - a refused message is expected, no error of ours
    """Why one message cannot be taken, and how its sender mends it."""

    def __init__(self, code: str, reason: str, mend: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.mend = mend


def text(value: str, what: str, limit: int = TEXT_LIMIT) -> str:
    """Return a text that every store can hold."""
    if len(value) > limit:
        raise Refusal("too_long", f"{what} has {len(value):,} characters", f"keep it to {limit:,}")
    if "\x00" in value:
        raise Refusal("control_character", f"{what} holds a NUL character", "remove it")
    return value


def reference(value: object, what: str) -> str:
    """Return the id of a thing (an order, a product) as text, '' for none."""
    if value is None:
        return ""
    if isinstance(value, str):
        plain = value.strip()
        if plain.isprintable() and len(plain) <= IDENTIFIER_LIMIT:
            return plain
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if value in INT64 else None
    found = value.strip() if isinstance(value, str) else "\n"
    if not found.isprintable():
        raise Refusal("bad_identifier", f"{what} is no plain text or number", "send it as text")
    return text(found, what, IDENTIFIER_LIMIT)


def identifier(value: object, what: str) -> str:
    """Return a user's id as text, '' for none and for words that stand for none.

    >>> identifier(17850.0, "userId"), identifier("undefined", "userId")
    ('17850', '')
    """
    found = reference(value, what)
    return "" if stands_for_nobody(found) else found


def stands_for_nobody(user: str) -> bool:
    """Return whether thousands share this id: taken as one they would become one person."""
    return user.lower() in PLACEHOLDERS or not user.strip("0-")


def instant(value: object, what: str) -> Instant | None:
    """Return a time given in ISO 8601, or in seconds or milliseconds since 1970; None for none.

    A time without a zone is taken as UTC.

    >>> instant("2025-01-02T03:04:05.006Z", "timestamp") == instant(1735787045006, "timestamp")
    True
    """
    if value is None or value == "":
        return None
    if isinstance(value, _NUMBERS) and not isinstance(value, bool):
        return _since_epoch(value)
    try:
        if not isinstance(value, str):
            raise TypeError
        at = _time(value.strip())
        since = (at if at.tzinfo is not None else at.replace(tzinfo=UTC)) - _EPOCH
        return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    except (ValueError, TypeError, OverflowError):
        shown = repr(value)[:40]
        raise Refusal("bad_time", f"{what} is no time: {shown}", "send ISO 8601 in UTC") from None


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        # Mails and HTTP write "Tue, 05 Mar 2024 10:00:00 GMT".
        if len(text) <= 40 and (found := dates.of_mail(text)) is not None:
            return found
        raise


def _since_epoch(number: int | float) -> Instant:
    for limit, factor in ((1e11, 1_000_000), (1e14, 1000), (1e17, 1)):
        if abs(number) < limit:
            return round(number * factor)
    raise Refusal("bad_time", f"{number:.3g} is no time", "send ISO 8601 in UTC")


def mapping_of(value: object, what: str) -> dict[str, Any]:
    """Return a JSON object, `{}` for none."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refusal("bad_object", f"{what} is no JSON object", f"send {what} as {{...}}")
    return value


def flat(source: Mapping[str, Any], what: str) -> dict[str, Scalar]:
    """Return nested fields as one level of snake-case names; lists become JSON text."""
    found: dict[str, Scalar] = {}
    _flatten(source, "", what, 0, found)
    if len(found) > FIELD_LIMIT:
        raise Refusal(
            "too_many_fields", f"it has {len(found)} {what}s", f"keep it to {FIELD_LIMIT}"
        )
    return found


def _flatten(
    source: Mapping[str, Any], prefix: str, what: str, depth: int, found: dict[str, Scalar]
) -> None:
    if depth > DEPTH_LIMIT:
        raise Refusal("too_deep", f"a {what} is nested too deeply", "send flat fields")
    for key, value in source.items():
        name = prefix + named(key, what)
        if isinstance(value, str):
            if name:
                found[name] = text(value, name)
        elif isinstance(value, dict):
            _flatten(value, f"{name}_", what, depth + 1, found)
        elif name:
            found[name] = _scalar(value, name)


@lru_cache(maxsize=16_384)
def named(key: str, what: str) -> str:
    """Return the name under which a trait or a property is kept, '' for one without a letter."""
    if len(key) > NAME_LIMIT:
        reason = f"the name of a {what} has {len(key):,} characters"
        raise Refusal("too_long", reason, f"keep names to {NAME_LIMIT}")
    return clean.snake(text(key, f"the name of a {what}"))


def _scalar(value: object, name: str) -> Scalar:
    if value is None or isinstance(value, _AS_THEY_ARE):
        return value
    if isinstance(value, int):
        if value not in INT64:
            raise Refusal("too_large", f"{name} does not fit 64 bits", "send it as text")
        return value
    return text(msgspec.json.encode(value).decode(), name)


def properties_of(source: Mapping[str, Any]) -> dict[str, Scalar]:
    """Return an event's own properties. Those that say who the person is are left out.

    Facts hold no personal fields: what is left out stays in the log, under the law of erasure.
    """
    properties = flat(source, "property")
    for name, value in [*properties.items()]:
        if is_personal_property(name):
            del properties[name]
        elif isinstance(value, str) and (
            "@" in value or "%40" in value or "://" in value or name in URLS
        ):
            properties[name] = unsaid(name, value)
    return properties


def unsaid(name: str, value: str) -> str:
    """Return a property's text without the addresses and keys in it."""
    value = clean.without_addresses(value)
    return without_tokens(value) if name in URLS or "://" in value else value


def traits_of(*sources: Mapping[str, Any]) -> tuple[dict[str, Scalar], str]:
    """Return cleaned traits (later sources win), and the e-mail address among them or ''.

    An address that is none is noted as the trait `email_invalid`, a telephone number that no plan
    has as `phone_invalid`, an age or a place that cannot be as `age_invalid` and so on. What is
    kept in another spelling than it came in keeps that as `NAME_original`.
    """
    traits: dict[str, Scalar] = {}
    for source in sources:
        address = source.get("address")
        if isinstance(address, dict):
            source = {k: v for k, v in source.items() if k != "address"} | address
        for name, value in flat(source, "trait").items():
            ours = _TRAIT_NAMES.get(name, name)
            traits[ours] = _cleaned(ours, value)
    given = traits.pop("email", None)
    email = clean.email(given) if isinstance(given, str) else None
    if email is None and given:
        traits["email_invalid"] = True
    if traits.get("phone") not in (None, ""):
        traits |= _phone(traits["phone"], traits.get("country"))
    if not _CHECKED.isdisjoint(traits):
        traits |= _respelled(traits)
    return traits, email or ""


def trait_name(name: str) -> str:
    """Return the name under which a trait is kept.

    >>> trait_name("Email Address"), trait_name("points")
    ('email', 'points')
    """
    ours = clean.snake(name)
    return _TRAIT_NAMES.get(ours, ours)


def _respelled(traits: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """Return names and days in one spelling with the one in which they came, and what is no value.

    The original is kept under its name with `_original`, as personal as the trait itself.
    """
    found: dict[str, Scalar] = {}
    for name in _NAMES_OF_PEOPLE & traits.keys():
        given = traits[name]
        if isinstance(given, str) and (written := person_name(given)) != given:
            found |= {name: written, f"{name}_original": given}
    born = traits.get("birthday")
    if isinstance(born, str) and born:
        on = dates.day(born)
        found["birthday_invalid"] = on is None or on < EARLIEST_BIRTH
        if on is not None and on != born:
            found |= {"birthday": on, "birthday_original": born}
    for name in _PLAUSIBLE.keys() & traits.keys():
        value = traits[name]
        if isinstance(value, _NUMBERS) and not isinstance(value, bool):
            low, high = _PLAUSIBLE[name]
            found[f"{name}_invalid"] = not low <= value <= high
    return found


def _phone(given: Scalar, country: Scalar) -> dict[str, Scalar]:
    """Return the number in E.164, or as it came when no plan has it, and which of the two it is."""
    home = country if isinstance(country, str) and len(country) == 2 else ""
    written = (
        "" if isinstance(given, bool) else f"{given:.0f}" if isinstance(given, float) else given
    )
    found = clean.phone(str(written), home)
    if found is None:
        return {"phone": given, "phone_invalid": True}
    kept: dict[str, Scalar] = {"phone": found, "phone_invalid": False}
    return kept if found == given else kept | {"phone_original": given}


_NAMES_OF_PEOPLE: Final = frozenset({"first_name", "last_name", "name"})
EARLIEST_BIRTH: Final = "1900-01-01"
_PLAUSIBLE: Final[dict[str, tuple[float, float]]] = {
    "age": (0, 125), "latitude": (-90, 90), "longitude": (-180, 180),
    "year_of_birth": (1900, 2100),
}  # fmt: skip
_CHECKED: Final = _NAMES_OF_PEOPLE | _PLAUSIBLE.keys() | {"birthday"}


_CLEANERS: Final[dict[str, Callable[[str], str]]] = {
    "country": clean.country,
    "email": str,
    **dict.fromkeys(("city", "first_name", "last_name", "name", "street"), clean.name),
    **dict.fromkeys(("address", "birthday", "phone", "postcode"), str.strip),
}


def _cleaned(name: str, value: Scalar) -> Scalar:
    if not isinstance(value, str):
        return value
    return _CLEANERS.get(name, clean.without_addresses)(value)


def consents_of(value: object) -> tuple[ConsentClaim, ...]:
    """Return what `context.consent` says: `{"email_marketing": true, "wordingVersion": "3"}`."""
    claimed = mapping_of(value, "context.consent")
    if not claimed:
        return ()
    answers = {**mapping_of(claimed.get("categoryPreferences"), "categoryPreferences"), **claimed}
    wording = claimed.get("wordingVersion", claimed.get("wording_version", ""))
    evidence = claimed.get("evidence", "")
    claims = []
    for purpose in PURPOSES:
        answer = answers.get(purpose)
        if answer is not None and not isinstance(answer, bool):
            raise Refusal("bad_consent", f"consent to {purpose} is not true or false", "send one")
        if answer is not None:
            about = (
                text(str(wording), "wordingVersion", NAME_LIMIT),
                text(str(evidence), "evidence"),
            )
            claims.append(ConsentClaim(purpose, answer, *about))
    return tuple(claims)
