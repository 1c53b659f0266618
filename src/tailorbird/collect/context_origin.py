"""Where a visit came from: campaign parameters, click ids, the referrer and its class."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeAlias
from urllib.parse import unquote_plus

from tailorbird.collect import clean

Channel: TypeAlias = Literal["", "search", "social", "email", "paid", "direct", "other"]

URL_LIMIT: Final = 2_048
"""Characters of an address that are looked at."""
WORD_LIMIT: Final = 128
STRUCK: Final = "[token]"

CLICK_IDS: Final = {
    "dclid": "google", "fbclid": "facebook", "gbraid": "google", "gclid": "google",
    "gclsrc": "google", "igshid": "instagram", "irclickid": "impact", "li_fat_id": "linkedin",
    "mc_eid": "mailchimp", "msclkid": "bing", "rdt_cid": "reddit", "sccid": "snapchat",
    "ttclid": "tiktok", "twclid": "twitter", "wbraid": "google", "yclid": "yandex",
}  # fmt: skip
"""Parameters that advertisers add to tell people apart, and whose they are."""
_UNPAID: Final = frozenset({"fbclid", "igshid", "mc_eid"})
"""Click ids that come with every link, paid for or not."""
UTM: Final = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")

_SEARCH: Final = frozenset(
    {
        "aol", "ask", "baidu", "bing", "brave", "daum", "dogpile", "duckduckgo", "ecosia",
        "google", "kagi", "lycos", "mojeek", "naver", "perplexity", "qwant", "seznam",
        "sogou", "startpage", "swisscows", "yahoo", "yandex",
    }
)  # fmt: skip
_SOCIAL: Final = frozenset(
    {
        "bsky", "facebook", "fb", "instagram", "linkedin", "lnkd", "mastodon",
        "messenger", "pinterest", "quora", "reddit", "snapchat", "threads", "tiktok",
        "tumblr", "twitch", "twitter", "vk", "weibo", "whatsapp", "x", "xing", "youtube",
    }
)  # fmt: skip
_SHORT: Final[dict[str, Channel]] = {
    "redd.it": "social", "t.co": "social", "t.me": "social", "youtu.be": "social",
}  # fmt: skip
_SECOND_LEVEL: Final = frozenset({"ac", "co", "com", "net", "or", "org"})
_MAIL: Final = ("mail.", "webmail.", "outlook.", "e.mail.", "com.google.android.gm")
_MEDIUMS: Final[dict[str, Channel]] = {
    **dict.fromkeys(("cpc", "ppc", "cpm", "cpv", "paid", "display", "banner", "ads"), "paid"),
    **dict.fromkeys(("paidsearch", "paid_search", "paid_social", "retargeting"), "paid"),
    **dict.fromkeys(("email", "e_mail", "mail", "newsletter"), "email"),
    **dict.fromkeys(("social", "social_media", "social_network", "sm"), "social"),
    **dict.fromkeys(("organic", "search", "seo"), "search"),
}  # fmt: skip

_PAIR: Final = re.compile(r"([?&#;])([^=&#;?]{1,64})=([^&#;]*)")
_SECRET: Final = re.compile(
    r"(?:auth|code|hash|key|nonce|pass|pwd|session|sid|state|ticket"
    r"|(?:.*[_.-])?(?:authorization|jwt|otp|password|secret|sessionid|sig|signature|token))",
    re.IGNORECASE,
)
_KEY: Final = re.compile(
    r"/(?=[^/?#]*[0-9])(?=[^/?#]*[A-Za-z])(?:[A-Za-z0-9_]{32,}|eyJ[\w.=-]+)(?=[/?#]|$)"
)
_KEY_LENGTH: Final = 20
"""Characters of an address that could hold a key in its path."""
_RANDOM: Final = re.compile(r"(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9_.~+/=%-]{24,}")


class Campaign(NamedTuple):
    """What an address says of the campaign that led to it."""

    source: str = ""
    medium: str = ""
    name: str = ""
    term: str = ""
    content: str = ""
    paid: bool = False
    """Whether a click id says so."""


@lru_cache(maxsize=16_384)
def campaign_of(url: str) -> Campaign:
    """Return the campaign parameters of an address, or of its query alone.

    A click id counts as its advertiser's; its value, which tells people apart, is dropped.

    >>> campaign_of("https://shop.example/?utm_source=news&utm_campaign=may")[:3]
    ('news', '', 'may')
    >>> campaign_of("?gclid=Cj0KCQ").source
    'google'
    """
    if "=" not in url:
        return Campaign()
    pairs = {match[2].lower(): match[3] for match in _PAIR.finditer(f"?{url[:URL_LIMIT]}")}
    said = {name: word(unquote_plus(pairs[name])) for name in UTM if name in pairs}
    clicked = [name for name in pairs if name in CLICK_IDS]
    if not said and not clicked:
        return Campaign()
    source, medium, name, term, content = (said.get(name, "") for name in UTM)
    source = source or (CLICK_IDS[clicked[0]] if clicked else "")
    return Campaign(source, medium, name, term, content, not _UNPAID.issuperset(clicked))


@lru_cache(maxsize=16_384)
def host_of(url: str) -> str:
    """Return an address's host in lower case without `www.`, '' where there is none.

    >>> host_of("https://www.Google.com/search?q=x"), host_of("/academy/")
    ('google.com', '')
    """
    _, scheme, rest = url[:URL_LIMIT].partition("://")
    if not scheme:
        return ""
    authority = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
    host = authority.rpartition("@")[2].partition(":")[0].lower().removeprefix("www.")
    return host if host.isprintable() and " " not in host else ""


@lru_cache(maxsize=16_384)
def path_of(url: str) -> str:
    """Return an address's path, without what follows it and without addresses in it.

    >>> path_of("https://shop.example/garden/?page=2"), path_of("/garden")
    ('/garden/', '/garden')
    """
    rest = url[:URL_LIMIT].partition("://")[2].partition("/") if "://" in url else ("", "", url)
    path = re.split(r"[?#]", rest[2], maxsplit=1)[0]
    if not path and not rest[1] and "://" not in url:
        return ""
    return word(without_tokens(f"/{path.lstrip('/')}"), URL_LIMIT)


@lru_cache(maxsize=16_384)
def channel_of(referrer: str, own: str, source: str, medium: str, paid: bool) -> Channel:
    """Return how somebody came to a page of the host `own`; '' from another page of it.

    `referrer` is the host of the page before, '' for none.

    >>> channel_of("google.com", "shop.example", "", "", False)
    'search'
    >>> channel_of("", "shop.example", "newsletter", "email", False)
    'email'
    """
    if paid:
        return "paid"
    if medium or source:
        return _MEDIUMS.get(clean.snake(medium)) or _class_of(clean.snake(source)) or "other"
    if referrer and referrer == own:
        return ""
    return _class_of(referrer) or "other" if referrer else "direct"


def _class_of(host: str) -> Channel:
    if host in _SHORT:
        return _SHORT[host]
    if host.startswith(_MAIL):
        return "email"
    brand = _brand(host)
    if brand in _SOCIAL:
        return "social"
    return "search" if brand in _SEARCH else _MEDIUMS.get(host, "")


def _brand(host: str) -> str:
    """Return the name that somebody registered: `google` of `news.google.co.uk`."""
    labels = host.split(".")
    if labels[0] == "com" and len(labels) > 2:
        return labels[1]  # the name of an Android app is a host written backwards
    before = labels[:-2] if len(labels) > 2 and labels[-2] in _SECOND_LEVEL else labels[:-1]
    return before[-1] if before else host


def without_tokens(url: str) -> str:
    """Return an address without what opens doors or tells people apart in it.

    >>> without_tokens("https://shop.example/?page=2&reset_token=abc&gclid=Cj0")
    'https://shop.example/?page=2&reset_token=[token]&gclid=[token]'
    """
    if len(url) > _KEY_LENGTH:
        url = _KEY.sub(f"/{STRUCK}", url)
    return _PAIR.sub(_struck, url) if "=" in url else url


def _struck(match: re.Match[str]) -> str:
    before, name, value = match.groups()
    kept = name.lower().startswith("utm_")
    secret = name.lower() in CLICK_IDS or _SECRET.fullmatch(name) or _RANDOM.fullmatch(value)
    return f"{before}{name}={STRUCK}" if value and secret and not kept else match[0]


def word(value: object, limit: int = WORD_LIMIT) -> str:
    """Return a short text of a context, '' for what is none."""
    if not isinstance(value, str) or not value:
        return ""
    plain = clean.without_addresses(value[: limit * 2]).strip()[:limit]
    return plain if plain.isprintable() else clean.name(plain)
