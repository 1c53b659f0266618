"""Campaigns as authors write them.

name: win-back
description: A reason to come back for those who have not bought for 90 days
audience: lapsed-90-days
template: win_back
variants:
  plain: {share: 1, subject: "A note from {{ shop.name }}"}
  named: {share: 1, subject: "{{ person.first_name | default: 'Hello' }}, we kept these for you"}
holdout: 0.1
recommendations: 4
attribution_days: 14
cap: {messages: 2, days: 7}
fallbacks:
  person.first_name: {segments: {premium: dear member}, default: there}
  traits.favourite_category: {else: skip}       # whose is missing gets no mail
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from tailorbird import yaml_text
from tailorbird.errors import DefinitionError
from tailorbird.schema import Purpose

Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]


COMMON_PRIORITY: Final = 5


class Variant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One wording under test. `share` is its weight among those who are not held out."""

    subject: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    share: Annotated[float, msgspec.Meta(gt=0)] = 1


class Cap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At most so many messages to one person, of all campaigns together, in so many days."""

    messages: Annotated[int, msgspec.Meta(ge=1)]
    days: Annotated[int, msgspec.Meta(ge=1, le=365)]


class Campaign(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is written to, with what, how it is tested, and until when purchases count."""

    name: Name
    audience: Name
    template: Name
    variants: dict[Name, Variant]
    description: str = ""
    purpose: Purpose = "email_marketing"
    exclude: tuple[Name, ...] = ()
    holdout: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.1
    recommendations: Annotated[int, msgspec.Meta(ge=0, le=24)] = 4
    attribution_days: Annotated[int, msgspec.Meta(ge=1, le=90)] = 14
    cap: Cap | None = None
    priority: Annotated[int, msgspec.Meta(ge=1, le=9)] = COMMON_PRIORITY
    """Its place in the queue of mails that wait: 1 leaves first."""
    each_person: bool = False
    """Whether everybody at an address gets her own mail; else an address gets one."""
    fallbacks: dict[str, Any] = {}
    """What stands in for values that are missing, read where mails are made."""

    def shares(self) -> dict[str, float]:
        """Return each variant's share among those who are not held out; they sum to 1."""
        total = sum(variant.share for variant in self.variants.values())
        return {name: variant.share / total for name, variant in self.variants.items()}

    def probabilities(self) -> dict[str, float]:
        """Return the probability of each variant and of `holdout`; they sum to 1."""
        shares = {name: share * (1 - self.holdout) for name, share in self.shares().items()}
        return shares | ({HOLDOUT: self.holdout} if self.holdout else {})


HOLDOUT = "holdout"


def parse(text: str, name: str) -> Campaign:
    """Return the campaign that a YAML text defines.

    Raises:
        DefinitionError: with the file and line, what is wrong, and how to mend it.
    """
    document = yaml_text.read(text, name)
    campaign = yaml_text.convert(document, Campaign)
    if not campaign.variants:
        raise DefinitionError(
            "no variants", where=document.where(("variants",)), mend="add at least one"
        )
    if HOLDOUT in campaign.variants:
        raise DefinitionError(
            f"a variant cannot be called {HOLDOUT!r}",
            where=document.where(("variants", HOLDOUT)),
            mend="give it another name, and set the share held out as `holdout: 0.1`",
        )
    return campaign
