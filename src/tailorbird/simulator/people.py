"""Latent traits of people, each drawn by the person's number alone."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from tailorbird.simulator.draws import Draws, Flags, Floats, Ids, Ints
from tailorbird.simulator.keys import RESERVED_DOMAIN
from tailorbird.simulator.words import COUNTRIES, TASTES

DAYS_A_YEAR = 365.0

RATE_SHAPE = 1.2
RATE_MEAN = 4.5
"""Purchases a year, gamma-distributed over people: the r and r/alpha of BG/NBD."""
DROPOUT_A, DROPOUT_B = 1.0, 7.0
"""After each purchase a person is gone for good with p ~ beta(a, b), as in BG/NBD."""
CONVERSION_A, CONVERSION_B = 4.0, 8.0
"""Share of visits that end in a purchase, beta over people."""
CART_SHARE = 0.18
"""Share of visits that fill a cart and leave it."""
STAPLE_PEOPLE = 0.45
"""Share of people who buy one consumable again and again."""
MISSING_NAME = 0.12
DIRTY_NAME = 0.02
SECOND_IDENTITY = 0.02
ANONYMOUS_START = 0.40
NEVER_EMAIL = 0.05
WITHDRAWS_EMAIL = 0.03
CONSENT_SHARES = {"personalisation": 0.88, "tracking": 0.80, "training": 0.75}
DEAD_MAILBOX = 0.01

RHYTHMS = ("office hours", "evenings", "weekends", "early birds")
RHYTHM_WEIGHTS = (0.28, 0.38, 0.24, 0.10)
PROVIDERS = ("apple", "gmail", "consumer", "corporate")
PROVIDER_WEIGHTS = (0.38, 0.34, 0.18, 0.10)

NO_SECOND, SECOND_DEVICE, SECOND_ACCOUNT = 0, 1, 2
SECOND_IDENTITIES = ("none", "device", "account")
NEVER_ABSENT, NEVER_REFUSED, GRANTED, WITHDRAWN = 0, 1, 2, 3
EMAIL_CONSENTS = ("never asked", "refused", "granted", "withdrawn")


@dataclass(frozen=True, slots=True)
class People:
    """Who people are. Every method takes person numbers and returns one value for each."""

    draws: Draws

    def rate(self, ids: Ids) -> Floats:
        """Return purchases a year while the person is a customer."""
        return self.draws.gamma(RATE_SHAPE, "rate", ids) * (RATE_MEAN / RATE_SHAPE)

    def dropout(self, ids: Ids) -> Floats:
        """Return the chance to be gone for good after any purchase."""
        return self.draws.beta(DROPOUT_A, DROPOUT_B, "dropout", ids)

    def conversion(self, ids: Ids) -> Floats:
        """Return the share of visits that end in a purchase, at least 0.08."""
        return np.maximum(self.draws.beta(CONVERSION_A, CONVERSION_B, "conversion", ids), 0.08)

    def taste(self, ids: Ids) -> Ints:
        """Return the index of the person's type in `TASTES`."""
        return self.draws.choice([taste.weight for taste in TASTES], "taste", ids)

    def sensitivity(self, ids: Ids) -> Floats:
        """Return how often the person takes the cheaper of two products, 0 to 1."""
        return self.draws.uniform("sensitivity", ids)

    def rhythm(self, ids: Ids) -> Ints:
        """Return the index of the person's weekly rhythm in `RHYTHMS`."""
        return self.draws.choice(RHYTHM_WEIGHTS, "rhythm", ids)

    def country(self, ids: Ids) -> Ints:
        """Return the index of the person's country in `COUNTRIES`."""
        return self.draws.choice([country.weight for country in COUNTRIES], "country", ids)

    def provider(self, ids: Ids) -> Ints:
        """Return the index of the mailbox provider in `PROVIDERS`."""
        return self.draws.choice(PROVIDER_WEIGHTS, "provider", ids)

    def warmth(self, ids: Ids) -> Floats:
        """Return engagement with mails, 0 to 1: half habit, half liking the shop."""
        habit = self.draws.uniform("warmth", ids)
        liking = 1 - np.exp(-self.rate(ids) / RATE_MEAN * np.log(2))
        warmth: Floats = 0.5 * habit + 0.5 * liking
        return warmth

    def missing_name(self, ids: Ids) -> Flags:
        """Return whether the first name is unknown."""
        return self.draws.uniform("missing name", ids) < MISSING_NAME

    def dead_mailbox(self, ids: Ids) -> Flags:
        """Return whether every mail bounces for good."""
        return self.draws.uniform("dead mailbox", ids) < DEAD_MAILBOX

    def second_identity(self, ids: Ids) -> Ints:
        """Return `SECOND_DEVICE` or `SECOND_ACCOUNT` for those who come back as somebody else."""
        drawn = self.draws.uniform("second identity", ids)
        device = np.where(drawn < SECOND_IDENTITY / 2, SECOND_DEVICE, NO_SECOND)
        return np.where(
            (drawn >= SECOND_IDENTITY / 2) & (drawn < SECOND_IDENTITY), SECOND_ACCOUNT, device
        ).astype(np.int64)

    def anonymous_start(self, ids: Ids) -> Flags:
        """Return whether the first visit begins before we know who it is."""
        return self.draws.uniform("anonymous start", ids) < ANONYMOUS_START

    def email_consent(self, ids: Ids) -> Ints:
        """Return the index into `EMAIL_CONSENTS`; `WITHDRAWN` first grants and later withdraws."""
        never = NEVER_EMAIL / 2
        shares = (never, never, 1 - NEVER_EMAIL - WITHDRAWS_EMAIL, WITHDRAWS_EMAIL)
        return self.draws.choice(shares, "email consent", ids)

    def consents(self, ids: Ids, purpose: str) -> Flags:
        """Return whether the person agrees to a purpose other than e-mail marketing."""
        return self.draws.uniform(f"consent {purpose}", ids) < CONSENT_SHARES[purpose]

    def contacts(self, ids: Ids, tokens: list[str]) -> list[Contact]:
        """Return the name, address and town of each person; `tokens` end the addresses."""
        country = self.country(ids)
        columns = zip(
            country.tolist(),
            self.draws.bits("first name", ids).tolist(),
            self.draws.bits("last name", ids).tolist(),
            self.draws.bits("city", ids).tolist(),
            self.missing_name(ids).tolist(),
            (self.draws.uniform("dirty name", ids) < DIRTY_NAME).tolist(),
            tokens,
            strict=True,
        )
        return [_contact(*column) for column in columns]


class Contact(NamedTuple):
    """What an `identify` says of a person."""

    first_name: str
    last_name: str
    email: str
    country: str
    city: str


def _contact(
    country: int, first: int, last: int, city: int, missing: bool, dirty: bool, token: str
) -> Contact:
    place = COUNTRIES[country]
    first_name = place.first_names[first % len(place.first_names)]
    last_name = place.last_names[last % len(place.last_names)]
    local = _plain(last_name) if missing else f"{_plain(first_name)}.{_plain(last_name)}"
    shown = f" {first_name.upper()}" if dirty else first_name
    return Contact(
        first_name="" if missing else shown,
        last_name=last_name.replace("-", " "),
        email=f"{local}.{token}@{RESERVED_DOMAIN}",
        country=place.code,
        city=place.cities[city % len(place.cities)],
    )


@lru_cache(maxsize=1024)
def _plain(name: str) -> str:
    folded = unicodedata.normalize("NFKD", name.replace("ł", "l").replace("Ł", "L")).lower()
    return "".join(letter for letter in folded if letter.isascii() and letter.isalpha())
