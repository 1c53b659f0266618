"""What of people is compared: their personal fields, row by row, in memory only."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from tailorbird.profiles.matching_fields import Kind
from tailorbird.profiles.placeholders import stands_for_nobody
from tailorbird.schema import PersonId, Profile
from tailorbird.settings import Identity

if TYPE_CHECKING:
    import pyarrow as pa

Values: TypeAlias = tuple[str | None, ...]

FIELDS: Final[dict[str, Kind]] = {
    "first_name": "first_name",
    "last_name": "last_name",
    "birthday": "birth_date",
    "email": "email",
    "phone": "phone",
    "street": "address",
    "postcode": "postcode",
    "city": "city",
}
"""A street may also stand in the trait `address`, and both names in `name`."""
OWN: Final = ("email", "phone")
"""What many share says nothing of any of them."""
LEAST: Final = 2
"""Fields that somebody must have filled: visitors without a name are no strangers to learn from."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Everybody, row by row: the person, and her values in the order of `FIELDS`."""

    people: list[PersonId]
    values: list[Values]

    def table(self) -> pa.Table:
        """Return the values, a column for each field."""
        import pyarrow as pa

        columns = zip(*self.values, strict=True) if self.values else ((),) * len(FIELDS)
        named = zip(FIELDS, columns, strict=True)
        return pa.table({name: pa.array(list(column), pa.string()) for name, column in named})

    def seen(self, key: bytes, one: int, two: int) -> bytes:
        """Return the keyed hash of what two rows say."""
        text = msgspec.json.encode((self.values[one], self.values[two]))
        return hashlib.blake2b(text, key=key[:64], person=b"matching", digest_size=16).digest()


def crowd(profiles: Iterable[Profile], limits: Identity) -> Crowd:
    """Return the people of these profiles, those left out who were merged into others.

    Addresses and telephones that stand for nobody, or that more people give than may share one,
    are left out, and so is whoever then says too little to be compared.
    """
    known = [profile for profile in profiles if profile.merged_into is None]
    values = [values_of(profile) for profile in known]
    empty = {
        column: _nobodies([row[column] for row in values], limits, address=name == "email")
        for column, name in enumerate(FIELDS)
        if name in OWN
    }
    kept = [
        tuple(None if value in empty.get(n, ()) else value for n, value in enumerate(row))
        for row in values
    ]
    telling = [n for n, row in enumerate(kept) if sum(value is not None for value in row) >= LEAST]
    return Crowd([known[n].person for n in telling], [kept[n] for n in telling])


def values_of(profile: Profile) -> Values:
    """Return what is compared of a profile, in the order of `FIELDS`."""
    traits = {name: _text(value) for name, value in profile.traits.items()}
    first, last = traits.get("first_name"), traits.get("last_name")
    if not (first or last) and (words := (traits.get("name") or "").split()):
        first, last = words[0], " ".join(words[1:]) or None
    street = traits.get("street") or traits.get("address")
    return (
        first, last, traits.get("birthday"), profile.email.lower() or None, traits.get("phone"),
        street, traits.get("postcode"), traits.get("city"),
    )  # fmt: skip


def _nobodies(values: list[str | None], limits: Identity, *, address: bool) -> set[str]:
    given = Counter(value for value in values if value)
    return {
        value
        for value, people in given.items()
        if people > limits.accounts_per_address or stands_for_nobody(value, limits, address=address)
    }


def _text(value: object) -> str | None:
    return None if value is None or isinstance(value, bool) else str(value).strip() or None
