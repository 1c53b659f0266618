"""The context of an event: with what, where, when by the local clock, and coming from where."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec

from tailorbird.collect import clean
from tailorbird.collect.context_agent import Agent, agent_of, device_of
from tailorbird.collect.context_origin import (
    UTM,
    Campaign,
    Channel,
    campaign_of,
    channel_of,
    host_of,
    path_of,
    word,
)
from tailorbird.collect.context_place import (
    NOWHERE,
    Geo,
    Place,
    known_zone,
    nowhere,
    utc_offset,
)
from tailorbird.schema import NO_CONTEXT, Context, Instant, Scalar

ID_LIMIT: Final = 64
DAY_SECONDS: Final = 86_400
_TELLING: Final = frozenset(
    {
        "app", "campaign", "device", "ip", "location", "os", "page", "referrer", "sessionId",
        "session_id", "timezone", "userAgent", "user_agent",
    }
)  # fmt: skip
"""Keys of `context` that are read here."""
_UTM: Final = frozenset(UTM)
_PAGES: Final = _UTM | {"path", "referrer", "search", "url"}
"""Properties that say the same of a page."""
_CAMPAIGN: Final = ("source", "medium", "name", "term", "content")
_CLIENT: Final = frozenset({"device", "page", "userAgent", "user_agent"})
"""Keys that only what runs at the person's side sends: a server's own place says nothing of her."""


class Surroundings(msgspec.Struct, frozen=True):
    """What is known beside the message: how to find places, the shop's zone, the sender's place."""

    geo: Geo = nowhere
    zone: str = "UTC"
    place: Place = NOWHERE


def context_of(
    context: Mapping[str, Any],
    properties: Mapping[str, Scalar],
    at: Instant,
    around: Surroundings,
) -> Context:
    """Return what a message says of its surroundings. What makes no sense is left out.

    `properties` are those of a page, cleaned: other tools write there what `context.page` says.
    """
    if _TELLING.isdisjoint(context):
        offset = utc_offset(around.zone, at)
        if _PAGES.isdisjoint(properties):
            return _bare(offset)
        page, campaign = _page(context, properties), _campaign(context, properties)
        return _paged(page, campaign, offset)
    return _told(context, properties, at, around)


def _told(
    context: Mapping[str, Any],
    properties: Mapping[str, Scalar],
    at: Instant,
    around: Surroundings,
) -> Context:
    agent = _agent(context)
    place = _place(context, around)
    page, campaign = _page(context, properties), _campaign(context, properties)
    visit = _visit(page, campaign)
    zone = known_zone(context.get("timezone")) or known_zone(place.timezone) or around.zone
    return Context(
        session_id=_session_id(context),
        browser=agent.browser,
        os=agent.os,
        device=agent.device,
        app=word(_of(context, "app").get("name")) if "app" in context else "",
        country=place.country,
        region=place.region,
        city=place.city,
        page=visit.path,
        referrer=visit.referrer,
        channel=visit.channel,
        utm_source=visit.campaign.source,
        utm_medium=visit.campaign.medium,
        utm_campaign=visit.campaign.name,
        utm_term=visit.campaign.term,
        utm_content=visit.campaign.content,
        utc_offset=utc_offset(zone, at),
    )


def dwell_of(properties: Mapping[str, Scalar]) -> int:
    """Return the active seconds of a page that somebody left, a day at most, 0 for what is none.

    >>> dwell_of({"active_seconds": 12.6}), dwell_of({"active_seconds": -3})
    (12, 0)
    """
    said = properties.get("active_seconds")
    if isinstance(said, bool) or not isinstance(said, int | float):
        return 0
    return int(said) if 0 < said <= DAY_SECONDS else 0


@lru_cache(maxsize=256)
def _bare(offset: int) -> Context:
    return Context(utc_offset=offset) if offset else NO_CONTEXT


def _agent(context: Mapping[str, Any]) -> Agent:
    said = context.get("userAgent") or context.get("user_agent")
    agent = agent_of(said) if isinstance(said, str) else Agent()
    if "device" not in context and "os" not in context:
        return agent
    device, system = _of(context, "device"), _of(context, "os")
    written = (word(device.get("type")), word(device.get("model")))
    # The agent of a mobile SDK is its HTTP library's: the device itself knows better.
    return Agent(
        agent.browser,
        word(system.get("name")) or agent.os,
        device_of(*written) or agent.device,
    )


def _place(context: Mapping[str, Any], around: Surroundings) -> Place:
    if "location" in context:
        said = _of(context, "location")
        if country := clean.country(word(said.get("country"))):
            return Place(country, word(said.get("region")), word(said.get("city")))
    if "ip" in context:
        address = context["ip"]
        if isinstance(address, str) and (found := around.geo(address)) is not NOWHERE:
            return found
    return NOWHERE if _CLIENT.isdisjoint(context) else around.place


def _session_id(context: Mapping[str, Any]) -> str:
    said = context.get("sessionId", context.get("session_id"))
    return word(str(said) if type(said) is int else said, ID_LIMIT)


class _Page(NamedTuple):
    """What is said of a page, as it came."""

    url: str
    path: str
    search: str
    referrer: str


class _Visit(NamedTuple):
    """A page, and how it was reached."""

    path: str
    referrer: str
    channel: Channel
    campaign: Campaign


def _page(context: Mapping[str, Any], properties: Mapping[str, Scalar]) -> _Page:
    page = _of(context, "page")
    referrer = _text(page, properties, "referrer")
    if not referrer and "referrer" in context:
        referrer = _text(_of(context, "referrer"), {}, "url")
    return _Page(
        _text(page, properties, "url"),
        _text(page, properties, "path"),
        _text(page, properties, "search"),
        referrer,
    )


def _campaign(context: Mapping[str, Any], properties: Mapping[str, Scalar]) -> tuple[str, ...]:
    """Return what is said of the campaign outright, in the order of `Campaign`."""
    said = context.get("campaign")
    if isinstance(said, dict):
        return tuple(word(said.get(name)) for name in _CAMPAIGN)
    if _UTM.isdisjoint(properties):
        return ()
    return tuple(word(properties.get(name)) for name in UTM)


@lru_cache(maxsize=16_384)
def _visit(page: _Page, said: tuple[str, ...]) -> _Visit:
    parsed = campaign_of(page.search) if page.search else campaign_of(page.url)
    if said:
        merged = [one or other for one, other in zip(said, parsed[:5], strict=True)]
        parsed = Campaign(merged[0], merged[1], merged[2], merged[3], merged[4], parsed.paid)
    host, own = host_of(page.referrer), host_of(page.url)
    path = path_of(page.path or page.url) if page.path or page.url else ""
    channel: Channel = ""
    if path or parsed.source or parsed.medium:
        # Only what shows a page can have come from somewhere.
        channel = channel_of(host, own, parsed.source, parsed.medium, parsed.paid)
    return _Visit(path, "" if host == own else host, channel, parsed)


@lru_cache(maxsize=16_384)
def _paged(page: _Page, campaign: tuple[str, ...], offset: int) -> Context:
    visit = _visit(page, campaign)
    return Context(
        page=visit.path,
        referrer=visit.referrer,
        channel=visit.channel,
        utm_source=visit.campaign.source,
        utm_medium=visit.campaign.medium,
        utm_campaign=visit.campaign.name,
        utm_term=visit.campaign.term,
        utm_content=visit.campaign.content,
        utc_offset=offset,
    )


def _text(page: Mapping[str, Any], properties: Mapping[str, Scalar], name: str) -> str:
    said = page.get(name) or properties.get(name)
    return said if isinstance(said, str) else ""


def _of(context: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = context.get(name)
    return found if isinstance(found, dict) else {}
