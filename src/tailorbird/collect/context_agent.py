"""What a user agent says of the browser, the operating system and the kind of device."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from ua_parser import Parser, Result

DeviceClass: TypeAlias = Literal["", "desktop", "phone", "tablet", "bot", "other"]

AGENT_LIMIT: Final = 512
"""Characters of a user agent that are looked at; longer ones are made up."""
NAME_LIMIT: Final = 64

_DESKTOPS: Final = frozenset(
    {
        "Chrome OS", "Debian", "Fedora", "FreeBSD", "Linux", "Mac OS X", "OpenBSD", "Red Hat",
        "Ubuntu", "Windows",
    }
)  # fmt: skip
_TYPES: Final[dict[str, DeviceClass]] = {
    "android": "phone", "desktop": "desktop", "handset": "phone", "ios": "phone",
    "mobile": "phone", "phone": "phone", "smartphone": "phone", "tablet": "tablet",
}  # fmt: skip
"""What mobile SDKs write as `context.device.type`."""


class Agent(NamedTuple):
    """What made a request; empty where it does not tell."""

    browser: str = ""
    os: str = ""
    device: DeviceClass = ""


@lru_cache(maxsize=65_536)
def agent_of(user_agent: str) -> Agent:
    """Return what a user agent says.

    An iPad that asks for desktop pages calls itself a Mac, and is taken for one.

    >>> agent_of("Mozilla/5.0 (Windows NT 10.0; rv:120.0) Gecko/20100101 Firefox/120.0")
    Agent(browser='Firefox', os='Windows', device='desktop')
    """
    if not user_agent:
        return Agent()
    found = _parser().parse(user_agent[:AGENT_LIMIT])
    browser = _plain(found.user_agent.family) if found.user_agent else ""
    system = _plain(found.os.family) if found.os else ""
    return Agent(browser, system, _device(found, browser, system, user_agent))


@lru_cache(maxsize=16_384)
def device_of(type_: str, model: str) -> DeviceClass:
    """Return the class of what a mobile SDK says of its device.

    >>> device_of("ios", "iPad13,4"), device_of("android", "Pixel 7")
    ('tablet', 'phone')
    """
    if model.lower().startswith(("ipad", "sm-t", "sm-x")) or "tablet" in model.lower():
        return "tablet"
    return _TYPES.get(type_.lower(), "other" if type_ or model else "")


def _device(found: Result, browser: str, system: str, user_agent: str) -> DeviceClass:
    family = found.device.family if found.device else ""
    if family == "Spider" or browser.startswith("Headless"):
        return "bot"
    if system == "iOS":
        return "tablet" if family.startswith("iPad") else "phone"
    if system == "Android":
        return "phone" if "Mobile" in user_agent else "tablet"
    return "desktop" if system in _DESKTOPS or system.startswith("Windows ") else "other"


def _plain(name: str) -> str:
    return name[:NAME_LIMIT] if name.isprintable() else ""


@cache
def _parser() -> Parser:
    # Loaded late: it costs 0.1 s, and a door that starts has no event to look at.
    from ua_parser import Parser, load_lazy_builtins

    return Parser.from_matchers(load_lazy_builtins())
