"""Who loaded a pixel or followed a link: a person, or a machine on the way to one.

Mail clients that fetch every picture, security scanners that follow every link and crawlers make
up a good part of all opens and clicks. What is told here is a guess with its reason; reports leave
machines out, and the log keeps them.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from typing import Final, Literal

import msgspec

from tailorbird.schema import SECOND, Instant

OPENED_TOO_SOON_SECONDS: Final = 2
CLICKED_TOO_SOON_SECONDS: Final = 4
"""From hand-over to the carrier; delivery, a notice and reading do not fit into less."""
BURST: Final = 10 * SECOND
LINKS_IN_BURST: Final = 3
"""So many different links of one mail within ten seconds are not read by anybody."""

APPLE_MAIL_PRIVACY: Final = "Mozilla/5.0"
"""The whole user agent of Apple's proxy, which loads the pictures of every mail it delivers."""
GOOGLE_PREFETCH: Final = "Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"
"""Gmail before anybody looks. `GoogleImageProxy` is Gmail while somebody does: a person."""
SCANNERS: Final = re.compile(
    r"barracuda|proofpoint|mimecast|symantec|messagelabs|trend ?micro|forcepoint|fireeye|sophos|"
    r"fortinet|fortiguard|ironport|safelinks|bluecoat|zscaler|checkpoint|cloudmark|spamhaus|"
    r"virustotal|urlscan|phishtank",
    re.IGNORECASE,
)
ROBOTS: Final = re.compile(
    r"bots?\b|[a-z]bot[-/;_. )]|crawl|spider|slurp|scrap|preview|fetch|agent[/);]|"
    r"(?:link|web|url|site|seo).?(?:check|monitor|scan|valid|index|archiv|inspect)|uptime|"
    r"headless|phantomjs|selenium|puppeteer|playwright|lighthouse|gtmetrix|\bptst/|synthetic|"
    r"java/1\.|\b(?:curl|wget|libwww|python|aiohttp|httpx|okhttp|axios|guzzle\w*|php|ruby|perl)/|"
    r"go-http-client|node-fetch|httpclient|winhttp|indy library|"
    r"facebookexternalhit|meta-external|whatsapp/|skypeuri|embedly|"
    r"\+ ?https?:|; ?https?:|[\w.]+@[\w-]+\.[a-z]{2}",
    re.IGNORECASE,
)
BROWSERS: Final = re.compile(
    r"(?:mozilla|opera)[/ ]\d|"
    r"outlook|ms-?office|thunderbird|\bmail\b|airmail|lotus|cfnetwork|dalvik|"
    r"ucweb|midp|cldc|blackberry|symbian|nokia|samsung|huawei|sonyericsson|\blge?[-/ ]|\bmot-",
    re.IGNORECASE,
)
"""What people read mail with. A program that names itself otherwise is not one of them."""


class Visit(msgspec.Struct, frozen=True):
    """One request for a pixel or a link, as far as it tells people from machines."""

    kind: Literal["open", "click"]
    user_agent: str
    seconds_since_send: float
    method: str = "GET"
    prefetch: bool = False
    """The request said of itself that nobody has asked for it yet."""
    links_in_burst: int = 1
    """How many different links of this mail were followed within ten seconds, this one included."""


class Judgement(msgspec.Struct, frozen=True):
    """Whether a machine made the visit, and why it is thought so; '' for a person."""

    machine: bool
    reason: str = ""


HUMAN: Final = Judgement(machine=False)


def judge(visit: Visit) -> Judgement:
    """Return whether a machine made this visit, by the first sign of one."""
    reason = _asked_for(visit) or _known_agent(visit.user_agent) or _inhuman(visit)
    return Judgement(machine=True, reason=reason) if reason else HUMAN


def _asked_for(visit: Visit) -> str:
    if visit.method != "GET":
        return "not_a_get_request"
    return "prefetch" if visit.prefetch else ""


def _known_agent(user_agent: str) -> str:
    agent = user_agent.strip()
    if not agent:
        return "no_user_agent"
    if agent == APPLE_MAIL_PRIVACY:
        return "apple_mail_privacy"
    if agent.endswith(GOOGLE_PREFETCH):
        return "google_prefetch"
    if SCANNERS.search(agent):
        return "security_scanner"
    if ROBOTS.search(agent):
        return "robot"
    return "" if BROWSERS.search(agent) else "not_a_browser"


def _inhuman(visit: Visit) -> str:
    soon = OPENED_TOO_SOON_SECONDS if visit.kind == "open" else CLICKED_TOO_SOON_SECONDS
    if visit.seconds_since_send < soon:
        return "too_soon"
    return "many_links_at_once" if visit.links_in_burst >= LINKS_IN_BURST else ""


class Bursts:
    """Remembers the links of each mail that were followed in the last ten seconds.

    Holds the `most` latest mails only, so that a flood of requests cannot fill the memory. A
    scanner asks for all links at once, so it may be called from many threads.
    """

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._seen: OrderedDict[bytes, list[tuple[Instant, int]]] = OrderedDict()

    def add(self, send_id: bytes, link: int, at: Instant) -> int:
        """Return how many different links of this mail were followed in ten seconds, with this."""
        with self._lock:
            recent = [seen for seen in self._seen.pop(send_id, []) if at - seen[0] <= BURST]
            recent = [seen for seen in recent if seen[1] != link]
            recent.append((at, link))
            self._seen[send_id] = recent
            if len(self._seen) > self._most:
                self._seen.popitem(last=False)
            return len(recent)
