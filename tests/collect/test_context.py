"""What surrounds an event: agent, place, local time, page, campaign; and no more than that."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest

from tailorbird.collect.context_place import Place, envelope, geo
from tailorbird.collect.decode import Decoded, decode
from tailorbird.errors import SettingsError
from tailorbird.schema import NO_CONTEXT, Body, Context, Event, LogRecord, Names

NOW = 1_760_000_000_000_000
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1"
)
DESKTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:120.0) Gecko/20100101 Firefox/120.0"
TABLET = (
    "Mozilla/5.0 (Linux; Android 12; SM-X906C) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/80.0 Safari/537.36"
)
BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


def event_of(
    context: object = None, source: str = "web", body: Mapping[str, Any] | None = None, **said: Any
) -> Event:
    import msgspec

    message = {"type": "track", "event": "x", "userId": "u", "messageId": "m"} | said
    if context is not None:
        message["context"] = context
    content = msgspec.json.encode({"batch": [message], **(body or {})})
    found = decode([LogRecord(1, Body(source, NOW, content))])
    assert found.refused == []
    return found.events[0]


def surroundings(context: object, **said: Any) -> Context:
    return event_of(context, **said).context


def page(url: str = "", **more: str) -> Context:
    return surroundings({"page": {"url": url, **more}}, type="page")


# -- agent --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agent", "told"),
    [
        (PHONE, ("Mobile Safari", "iOS", "phone")),
        (DESKTOP, ("Firefox", "Windows", "desktop")),
        (TABLET, ("Chrome", "Android", "tablet")),
        (BOT, ("Googlebot", "", "bot")),
        ("python-requests/2.31", ("Python Requests", "", "other")),
        ("\ud83d\ude00" * 10_000, ("", "", "other")),
        ("", ("", "", "")),
    ],
)
def test_a_user_agent_tells_browser_system_and_device(
    agent: str, told: tuple[str, str, str]
) -> None:
    found = surroundings({"userAgent": agent.encode("utf-16", "surrogatepass").decode("utf-16")})
    assert (found.browser, found.os, found.device) == told


def test_old_clients_write_the_user_agent_in_snake_case() -> None:
    assert surroundings({"user_agent": PHONE}).device == "phone"


def test_what_a_bot_does_is_done_by_a_machine() -> None:
    assert event_of({"userAgent": BOT}).machine
    assert not event_of({"userAgent": PHONE}).machine


def test_a_mobile_app_tells_its_device_itself() -> None:
    found = surroundings(
        {
            "userAgent": "okhttp/4.9",
            "device": {"type": "android", "model": "Pixel 7"},
            "os": {"name": "Android", "version": "14"},
            "app": {"name": "Shop", "version": "3"},
        }
    )
    assert (found.device, found.os, found.app) == ("phone", "Android", "Shop")


@pytest.mark.parametrize("nonsense", [7, None, True, [1], {"x": {}}, "\x00" * 40])
def test_nonsense_in_a_context_costs_the_context_alone(nonsense: object) -> None:
    keys = (
        "userAgent", "device", "os", "app", "ip", "location", "page", "campaign", "referrer",
        "timezone", "sessionId",
    )  # fmt: skip
    found = event_of(dict.fromkeys(keys, nonsense))
    assert found.name == "x"
    assert found.context.utc_offset == 0


def test_an_event_without_context_carries_none() -> None:
    assert surroundings(None) is NO_CONTEXT


# -- place and time -----------------------------------------------------------------------------


def test_an_address_becomes_a_place_and_is_not_kept(tmp_path: Path) -> None:
    place = {
        "country": {"iso_code": "DE"},
        "subdivisions": [{"names": {"en": "Bavaria"}}],
        "city": {"names": {"en": "Munich"}},
        "location": {"time_zone": "Europe/Berlin"},
    }
    file = tmp_path / "city.mmdb"
    file.write_bytes(written({"203.0.113.0/24": place}))
    message = b'{"type":"track","event":"x","userId":"u","context":{"ip":"203.0.113.9"}}'
    (event,) = decode([LogRecord(1, Body("web", NOW, message))], geo=geo(file)).events
    found = event.context
    assert (found.country, found.region, found.city) == ("DE", "Bavaria", "Munich")
    assert found.utc_offset == 120
    assert "203.0" not in repr(event)
    assert geo(file)("198.51.100.1") == Place()
    assert geo(file)("no address") == Place()


def test_a_geo_file_that_is_none_says_which_setting_names_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"collect\.geo_file"):
        geo(tmp_path / "absent.mmdb")
    (tmp_path / "broken.mmdb").write_bytes(b"broken")
    with pytest.raises(SettingsError, match=r"collect\.geo_file"):
        geo(tmp_path / "broken.mmdb")


def test_the_sender_of_a_location_is_believed() -> None:
    found = surroundings({"location": {"country": "United Kingdom", "city": "Leeds"}})
    assert (found.country, found.city) == ("GB", "Leeds")


def test_the_place_of_a_request_is_that_of_its_browser_not_of_a_server() -> None:
    import msgspec

    said = msgspec.json.decode(envelope(Place("FR", "", "Lyon", "Europe/Paris")) + b"}")
    assert event_of({"userAgent": PHONE}, body=said).context.city == "Lyon"
    assert event_of({"library": {"name": "x"}}, body=said).context.city == ""
    assert event_of({"userAgent": PHONE}, body={"receivedFrom": [7]}).context.city == ""


@pytest.mark.parametrize(
    ("zone", "minutes"),
    [("Asia/Kolkata", 330), ("America/St_Johns", -150), ("../../etc/passwd", 60), ("", 60)],
)
def test_the_clock_is_the_senders_else_the_shops(zone: str, minutes: int) -> None:
    message = (
        b'{"type":"track","event":"x","userId":"u","timestamp":"2025-07-01T12:00:00Z",'
        b'"context":{"timezone":"%s"}}' % zone.encode()
    )
    (event,) = decode([LogRecord(1, Body("web", NOW, message))], zone="Europe/London").events
    assert event.context.utc_offset == minutes


def test_the_clocks_are_changed_in_the_middle_of_a_day() -> None:
    def offset(at: str) -> int:
        return surroundings({"timezone": "Europe/Berlin"}, timestamp=at).utc_offset

    assert (offset("2025-03-30T00:59:59Z"), offset("2025-03-30T01:00:00Z")) == (60, 120)


# -- page, referrer, campaign -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("referrer", "host", "channel"),
    [
        ("https://www.google.co.uk/search?q=chairs", "google.co.uk", "search"),
        ("https://duckduckgo.com/", "duckduckgo.com", "search"),
        ("https://l.facebook.com/", "l.facebook.com", "social"),
        ("https://t.co/abc", "t.co", "social"),
        ("https://mail.google.com/mail/u/0/", "mail.google.com", "email"),
        ("android-app://com.google.android.gm/", "com.google.android.gm", "email"),
        ("https://blog.example/best-chairs", "blog.example", "other"),
        ("https://www.shop.example/other", "", ""),
        ("", "", "direct"),
    ],
)
def test_the_referrer_is_a_host_of_a_class(referrer: str, host: str, channel: str) -> None:
    found = page("https://shop.example/garden", referrer=referrer)
    assert (found.referrer, found.channel, found.page) == (host, channel, "/garden")


def test_campaign_parameters_come_from_the_context_or_from_the_address() -> None:
    url = "https://shop.example/?utm_source=news&utm_medium=email&utm_campaign=may+sale"
    found = page(url)
    assert (found.utm_source, found.utm_medium, found.utm_campaign) == ("news", "email", "may sale")
    assert found.channel == "email"
    said = {"campaign": {"name": "june", "source": "ads", "medium": "cpc"}, "page": {"url": url}}
    found = surroundings(said)
    assert (found.utm_campaign, found.utm_source, found.channel) == ("june", "ads", "paid")


def test_page_properties_do_where_there_is_no_page_context() -> None:
    url = "https://shop.example/chairs?utm_campaign=may"
    found = surroundings(None, type="page", properties={"url": url, "referrer": ""})
    assert (found.page, found.utm_campaign) == ("/chairs", "may")


def test_a_click_id_tells_its_advertiser_and_is_dropped() -> None:
    event = event_of(
        {"page": {"url": "https://shop.example/?gclid=Cj0KCQiA"}},
        type="page",
        properties={"url": "https://shop.example/?gclid=Cj0KCQiA&page=2"},
    )
    assert (event.context.utm_source, event.context.channel) == ("google", "paid")
    assert event.properties["url"] == "https://shop.example/?gclid=[token]&page=2"
    assert "Cj0KCQiA" not in repr(event)


def test_addresses_and_tokens_in_urls_are_struck_out() -> None:
    url = (
        "https://shop.example/u/ann@people.example/?email=ann@people.example"
        "&reset_token=s3cret&x=eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9&utm_campaign=may"
    )
    event = event_of({"page": {"url": url}}, type="page", properties={"url": url})
    for secret in ("ann@", "s3cret", "eyJhbGci"):
        assert secret not in repr(event)
    assert event.context.utm_campaign == "may"


def test_a_key_in_a_path_is_struck_out_and_a_slug_is_not() -> None:
    key = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    url = f"https://shop.example/reset/{key}/now"
    event = event_of({"page": {"url": url}}, type="page", properties={"url": url, "path": url})
    assert event.context.page == "/reset/[token]/now"
    assert key not in repr(event)
    slug = "/garden/oak-chair-2024-with-cushion-and-very-long-name"
    assert page(f"https://shop.example{slug}").page == slug


def test_a_named_session_is_kept_whatever_its_type() -> None:
    assert surroundings({"sessionId": 1700000000}).session_id == "1700000000"
    assert surroundings({"session_id": "abc"}).session_id == "abc"


def test_dwell_is_active_seconds_of_a_page_that_was_left() -> None:
    event = event_of(None, event="Page Left", properties={"active_seconds": 12.7})
    assert (event.name, event.dwell_seconds) == (Names.PAGE_LEFT, 12)
    assert event_of(None, event="Page Left", properties={"active_seconds": 9e9}).dwell_seconds == 0
    assert event_of(None, properties={"active_seconds": 12}).dwell_seconds == 0


# -- signals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("Product Added to Wishlist", Names.WISHLIST_ADDED),
        ("Product Removed from Wishlist", Names.WISHLIST_REMOVED),
        ("Wishlist Product Added to Cart", Names.ADD_TO_CART),
        ("Product Removed", Names.REMOVE_FROM_CART),
        ("Cart Viewed", Names.CART_VIEWED),
        ("begin_checkout", Names.CHECKOUT_STARTED),
        ("Coupon Applied", Names.COUPON_APPLIED),
        ("Order Canceled", Names.ORDER_CANCELLED),
        ("Products Searched", Names.PRODUCTS_SEARCHED),
        ("Product List Viewed", Names.PRODUCT_LIST_VIEWED),
        ("Product Reviewed", Names.REVIEW_SUBMITTED),
        ("Support Ticket Created", Names.TICKET_OPENED),
        ("ticket_solved", Names.TICKET_CLOSED),
        ("NPS Survey Answered", Names.SURVEY_ANSWERED),
        ("Session Started", "session_start"),
    ],
)
def test_signals_have_one_name(spelling: str, name: str) -> None:
    assert event_of(None, event=spelling).name == name


# -- protected traits ---------------------------------------------------------------------------

TRAITS = {"tier": "gold", "vip_since": 2020, "loyalty": {"points": 9}, "colour": "red"}


def identified(source: str, **options: Any) -> Decoded:
    import msgspec

    message = {"type": "identify", "userId": "u", "messageId": "m", "traits": TRAITS}
    return decode([LogRecord(3, Body(source, NOW, msgspec.json.encode(message)))], **options)


@pytest.mark.parametrize("source", ["web", "web:key"])
def test_a_public_source_gives_nobody_a_rank(source: str) -> None:
    found = identified(source)
    (event,), (refused,) = found.events, found.refused
    assert event.traits == {"colour": "red"}
    assert (refused.code, refused.position) == ("protected_trait", event.position)
    assert "loyalty_points, tier, vip_since" in refused.reason
    assert b"gold" in refused.raw


@pytest.mark.parametrize("source", ["server:shop", "shopify", "salesforce", "import", "rest"])
def test_servers_shops_and_imports_may_say_anything(source: str) -> None:
    found = identified(source)
    assert found.refused == []
    assert found.events[0].traits["vip_since"] == 2020


def test_which_traits_are_protected_is_the_shops_choice_but_for_computed_ones() -> None:
    (event,) = identified("web", protected_traits=frozenset({"colour"})).events
    assert event.traits == {"vip_since": 2020, "loyalty_points": 9}


# -- a MaxMind DB, written by hand ----------------------------------------------------------------


def written(networks: Mapping[str, Mapping[str, Any]]) -> bytes:
    """Return a MaxMind DB of IPv4 networks (MaxMind DB file format 2.0, records of 24 bits)."""
    nodes: list[list[int | None]] = [[None, None]]
    found = b""
    leaves: list[tuple[int, int, int]] = []
    for network, place in networks.items():
        block = IPv4Network(network)
        bits = f"{int(block.network_address):032b}"[: block.prefixlen]
        at = 0
        for bit in map(int, bits[:-1]):
            following = nodes[at][bit]
            if following is None:
                nodes.append([None, None])
                following = nodes[at][bit] = len(nodes) - 1
            at = following
        leaves.append((at, int(bits[-1]), len(found)))
        found += _field(place)
    for at, bit, offset in leaves:
        nodes[at][bit] = len(nodes) + 16 + offset
    tree = b"".join(
        (len(nodes) if side is None else side).to_bytes(3) for node in nodes for side in node
    )
    about = {
        "binary_format_major_version": 2, "binary_format_minor_version": 0, "build_epoch": 1,
        "database_type": "Test", "description": {"en": "test"}, "ip_version": 4,
        "languages": ["en"], "node_count": len(nodes), "record_size": 24,
    }  # fmt: skip
    return tree + bytes(16) + found + b"\xab\xcd\xefMaxMind.com" + _field(about)


def _field(value: object) -> bytes:
    match value:
        case str():
            plain = value.encode()
            return bytes([2 << 5 | len(plain)]) + plain
        case int():
            plain = value.to_bytes((value.bit_length() + 7) // 8)
            return bytes([6 << 5 | len(plain)]) + plain
        case list():
            return bytes([len(value), 4]) + b"".join(map(_field, value))
        case dict():
            pairs = (_field(key) + _field(each) for key, each in value.items())
            return bytes([7 << 5 | len(value)]) + b"".join(pairs)
        case _:
            raise TypeError(value)
