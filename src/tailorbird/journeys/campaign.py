"""Campaigns as authors write them.

name: win-back
description: A reason to come back for those who have not bought for 90 days
audience: lapsed-90-days                        # or several: [lapsed-90-days, never-bought]
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
brand: outlet                                   # a sender of the settings; left out, the chief one
from_name: Ann of the outlet
reply_to: care@outlet.example
utm: {source: newsletter, medium: email}        # on every link that does not say it itself
schedule: {at: 2026-12-01T09:00, local: true}   # see `schedule`; left out, it is sent by hand
goal: {event: signed_up, where: {plan: pro}}    # counts beside purchases
exclusive: december                             # nobody is in two experiments of a group
uplift: uplift_win-back                         # scores: among equal priorities, who gains more
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec

from tailorbird import yaml_text
from tailorbird.errors import DefinitionError
from tailorbird.journeys.schedule import Schedule, fault
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


class Utm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What links tell the shop's analytics; '' leaves a parameter out.

    `campaign` and `content` are the names of campaign and variant when they are not given.
    """

    source: Annotated[str, msgspec.Meta(max_length=200)] = "newsletter"
    medium: Annotated[str, msgspec.Meta(max_length=200)] = "email"
    campaign: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    content: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    term: Annotated[str, msgspec.Meta(max_length=200)] = ""


class Goal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a campaign is for, beside purchases; `where` is read as a segment's of an event."""

    event: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    where: dict[str, Any] = {}


class Campaign(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is written to, with what, how it is tested, and until when purchases count."""

    name: Name
    audience: Name | Annotated[tuple[Name, ...], msgspec.Meta(min_length=1)]
    template: Name
    variants: dict[Name, Variant]
    description: str = ""
    purpose: Purpose = "email_marketing"
    exclude: tuple[Name, ...] = ()
    holdout: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.1
    recommendations: Annotated[int, msgspec.Meta(ge=0, le=24)] = 4
    recommended_by: Name = "default"
    """The rules of recommendation that choose them."""
    attribution_days: Annotated[int, msgspec.Meta(ge=1, le=90)] = 14
    cap: Cap | None = None
    priority: Annotated[int, msgspec.Meta(ge=1, le=9)] = COMMON_PRIORITY
    """Who wins where a limit lets one pass, and leaves first of those that wait: 1 before 9."""
    uplift: Name | Literal[""] = ""
    """The model of whose scores the higher wins, where priorities are equal: `uplift_NAME`."""
    exclusive: str = ""
    """A group of campaigns and journeys: nobody is in more than one of its experiments."""
    each_person: bool = False
    """Whether everybody at an address gets her own mail; else an address gets one."""
    fallbacks: dict[str, Any] = {}
    """What stands in for values that are missing, read where mails are made."""
    brand: str = ""
    """The sender of the settings, `[brands.NAME]`, that it comes from."""
    from_name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    reply_to: Annotated[str, msgspec.Meta(max_length=254)] = ""
    utm: Utm | None = None
    goal: Goal | None = None
    """Whoever reaches it within `attribution_days` counts for her arm."""
    schedule: Schedule | None = None

    @property
    def included(self) -> tuple[Name, ...]:
        """Return the segments whose people it reaches."""
        return (self.audience,) if isinstance(self.audience, str) else self.audience

    def tags(self, variant: str) -> dict[str, str]:
        """Return the parameters that the links of a variant carry; without `utm`, none."""
        if self.utm is None:
            return {}
        said = self.utm
        return {
            "utm_source": said.source,
            "utm_medium": said.medium,
            "utm_campaign": self.name if said.campaign is None else said.campaign,
            "utm_content": variant if said.content is None else said.content,
            "utm_term": said.term,
        }

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
    if campaign.schedule is not None:
        key, what, mend = fault(campaign.schedule)
        if what:
            raise DefinitionError(what, where=document.where(("schedule", key)), mend=mend)
    return campaign
