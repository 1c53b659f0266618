"""What happens to mails in mailboxes: people who read, machines that only look as if they did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import islice
from typing import Final, Literal, NamedTuple

import msgspec
import numpy as np

from tailorbird.schema import DAY, HOUR, MINUTE, SECOND, Instant
from tailorbird.simulator.draws import Draws, Flags, Floats, Ids
from tailorbird.simulator.keys import person_numbers
from tailorbird.simulator.people import PROVIDERS, People

READ_MEAN = 0.30
"""Share of delivered mails that a person reads, with a plain subject; grows with warmth."""
WARMTH_MEAN = 0.4607
"""Mean of `People.warmth`, so that `READ_MEAN` is the mean of the reads."""
SUBJECTS: Final[Mapping[str, float]] = {"a": 1.0, "b": 1.15}
"""The true difference between two subjects: `b` is read 1.15 times as often as `a`."""
TIERS: Final[Mapping[str, float]] = {"gold": 1.3, "silver": 1.15, "bronze": 1.0}
"""How much more often people of a tier click in a mail that knows their tier."""
CLICK_SHARE = 0.14
"""Share of reads with a click, at warmth 0.5."""
SECOND_CLICK, SECOND_OPEN = 0.2, 0.25
UNSUBSCRIBE_SHARE = 0.012
"""Share of reads that end with a one-click unsubscribe, at warmth 0.5."""
IMAGES_BLOCKED = 0.08
PREFETCH_SHARE, PREFETCH_MEAN = 0.90, 4 * MINUTE
SCAN_SHARE, SCAN_PIXEL_SHARE, SCAN_HEAD_SHARE = 0.85, 0.5, 0.3
SOFT_BOUNCE = 0.01
READ_MEDIAN, READ_SPREAD, READ_LATEST = 3 * HOUR, 1.4, 5 * DAY
_CHUNK = 4096

APPLE_PREFETCH = "Mozilla/5.0"
GMAIL_PROXY = (
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
)
SCANNERS = (
    "Mozilla/5.0 (compatible; MailLinkScanner/2.4; +https://scanner.example/about)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/79.0.3945.88 Safari/537.36",
    "python-requests/2.31.0",
    "",
)
"""Half of the scanners say what they are; the others look like an old browser, or like nothing."""
READERS: Final[Mapping[str, tuple[str, ...]]] = {
    "apple": (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
        "(KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
        "(KHTML, like Gecko) Version/18.5 Safari/605.1.15",
    ),
    "gmail": (
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/138.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/138.0.0.0 Safari/537.36",
    ),
    "consumer": (
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.0",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:141.0) Gecko/20100101 Firefox/141.0",
    ),
    "corporate": (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0",
        "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17932; Pro)",
    ),
}

ReactionKind = Literal["open", "click", "unsubscribe", "bounce"]


class Mail(msgspec.Struct, frozen=True):
    """A mail as the simulator sees it. An empty URL stands for what the mail does not hold.

    `person_key` is the user id, or an address that the simulator made for it.
    """

    send_id: bytes
    person_key: str
    sent_at: Instant
    open_url: str
    click_urls: Sequence[str]
    unsubscribe_url: str
    tier: str | None = None
    variant: str = ""


class Reaction(msgspec.Struct, frozen=True):
    """A request that a mail brought about, or a bounce.

    `machine_truth` is for proofs only: whether no person meant it. An `unsubscribe` with the method
    GET or HEAD is a scanner following the link; only POST is a person's wish. `code` is the
    enhanced status of a bounce (RFC 3463): 5.x.x is final, 4.x.x is not.
    """

    at: Instant
    send_id: bytes
    kind: ReactionKind
    url: str = ""
    user_agent: str = ""
    method: str = ""
    machine_truth: bool = False
    code: str = ""


class _Fate(NamedTuple):
    """All that was drawn for one mail. Delays are microseconds after sending."""

    provider: int
    dead: bool
    soft: bool
    reads: bool
    blocked: bool
    prefetched: bool
    scanned: bool
    clicks: bool
    leaves: bool
    read_after: int
    prefetch_after: int
    spare: int


class Mailboxes:
    """The mailboxes of everybody, for one seed.

    `subjects` multiplies how often a variant's mails are read, `tiers` how often they are clicked;
    names are taken without regard to case, unknown ones count as 1.
    """

    def __init__(
        self,
        seed: int,
        subjects: Mapping[str, float] = SUBJECTS,
        tiers: Mapping[str, float] = TIERS,
    ) -> None:
        self._draws = Draws(seed)
        self._people = People(self._draws)
        self._subjects = {name.lower(): factor for name, factor in subjects.items()}
        self._tiers = {name.lower(): factor for name, factor in tiers.items()}

    def reactions(self, mails: Iterable[Mail]) -> Iterator[Reaction]:
        """Yield what each mail brings about: mails in their order, each one's reactions in time.

        A reaction depends on its own mail alone: its send id, person, variant, tier, sending time.
        """
        left = iter(mails)
        while chunk := list(islice(left, _CHUNK)):
            for mail, fate in zip(chunk, self._fates(chunk), strict=True):
                yield from sorted(_reactions(mail, fate), key=lambda reaction: reaction.at)

    def _fates(self, mails: Sequence[Mail]) -> Iterator[_Fate]:
        sends = np.array([_number(mail.send_id) for mail in mails], dtype=np.uint64)
        people = person_numbers([mail.person_key for mail in mails])
        warmth = self._people.warmth(people)
        provider = self._people.provider(people)
        reads = self._reads(mails, sends, warmth)
        columns = (
            provider,
            self._people.dead_mailbox(people),
            self._chance("soft bounce", sends) < SOFT_BOUNCE,
            reads,
            self._chance("images blocked", sends) < IMAGES_BLOCKED,
            (provider == PROVIDERS.index("apple"))
            & (self._chance("prefetch", sends) < PREFETCH_SHARE),
            (provider == PROVIDERS.index("corporate")) & (self._chance("scan", sends) < SCAN_SHARE),
            self._clicks(mails, sends, warmth) & reads,
            (self._chance("leave", sends) < UNSUBSCRIBE_SHARE * (1.5 - warmth)) & reads,
            self._read_after(sends),
            SECOND + PREFETCH_MEAN * self._draws.exponential("prefetch after", sends),
            self._draws.bits("spare", sends) >> np.uint64(1),
        )
        as_lists = [
            (column.astype(np.int64) if column.dtype == np.float64 else column).tolist()
            for column in columns
        ]
        return map(_Fate._make, zip(*as_lists, strict=True))

    def _chance(self, stream: str, sends: Ids) -> Floats:
        return self._draws.uniform(f"mail {stream}", sends)

    def _reads(self, mails: Sequence[Mail], sends: Ids, warmth: Floats) -> Flags:
        factors = np.array([self._subjects.get(mail.variant.lower(), 1.0) for mail in mails])
        chance = np.minimum(READ_MEAN * warmth / WARMTH_MEAN * factors, 0.95)
        reads: Flags = self._chance("read", sends) < chance
        return reads

    def _clicks(self, mails: Sequence[Mail], sends: Ids, warmth: Floats) -> Flags:
        factors = np.array([self._tiers.get((mail.tier or "").lower(), 1.0) for mail in mails])
        chance = np.minimum(CLICK_SHARE * (0.5 + warmth) * factors, 0.9)
        clicks: Flags = self._chance("click", sends) < chance
        return clicks

    def _read_after(self, sends: Ids) -> Floats:
        spread = np.exp(READ_SPREAD * self._draws.normal("read after", sends))
        after: Floats = np.clip(READ_MEDIAN * spread, 20 * SECOND, READ_LATEST)
        return after


def _reactions(mail: Mail, fate: _Fate) -> Iterator[Reaction]:
    if fate.dead or fate.soft:
        at = mail.sent_at + (1 + fate.spare % 20) * SECOND
        code = "5.1.1" if fate.dead else "4.2.2"
        yield Reaction(at, mail.send_id, "bounce", machine_truth=True, code=code)
        return
    if fate.prefetched and mail.open_url:
        yield _machine(mail, "open", mail.open_url, fate.prefetch_after, APPLE_PREFETCH)
    if fate.scanned:
        yield from _scan(mail, fate)
    if fate.reads:
        yield from _reading(mail, fate)


def _machine(
    mail: Mail, kind: ReactionKind, url: str, after: int, user_agent: str, method: str = "GET"
) -> Reaction:
    return Reaction(mail.sent_at + after, mail.send_id, kind, url, user_agent, method, True)


def _scan(mail: Mail, fate: _Fate) -> Iterator[Reaction]:
    """Yield what a corporate scanner does within seconds: every link, the last one to leave."""
    user_agent = SCANNERS[fate.spare % len(SCANNERS)]
    after = (2 + fate.spare % 19) * SECOND + fate.spare % 997 * 1000
    if mail.open_url and _odds(fate, 1) < SCAN_PIXEL_SHARE:
        yield _machine(mail, "open", mail.open_url, after, user_agent)
    method = "HEAD" if _odds(fate, 2) < SCAN_HEAD_SHARE else "GET"
    for url in mail.click_urls:
        after += 137_000
        yield _machine(mail, "click", url, after, user_agent, method)
    if mail.unsubscribe_url:
        yield _machine(
            mail, "unsubscribe", mail.unsubscribe_url, after + 137_000, user_agent, method
        )


def _reading(mail: Mail, fate: _Fate) -> Iterator[Reaction]:
    """Yield what a person does. A picture that was prefetched is not asked for again."""
    provider = PROVIDERS[fate.provider]
    reader = READERS[provider][fate.spare % 2]
    at = mail.sent_at + fate.read_after
    shown = mail.open_url and not fate.blocked and not fate.prefetched
    if shown:
        fetcher = GMAIL_PROXY if provider == "gmail" else reader
        yield Reaction(at, mail.send_id, "open", mail.open_url, fetcher, "GET")
        if _odds(fate, 3) < SECOND_OPEN:
            again = at + HOUR + fate.spare % (20 * HOUR)
            yield Reaction(again, mail.send_id, "open", mail.open_url, fetcher, "GET")
    if fate.clicks and mail.click_urls:
        soon = at + (8 + fate.spare % 110) * SECOND
        for turn in range(2 if _odds(fate, 4) < SECOND_CLICK else 1):
            url = _link(mail.click_urls, _odds(fate, 5 + turn))
            yield Reaction(soon + turn * MINUTE, mail.send_id, "click", url, reader, "GET")
    if fate.leaves and mail.unsubscribe_url:
        later = at + (15 + fate.spare % 170) * SECOND
        url = mail.unsubscribe_url
        yield Reaction(later, mail.send_id, "unsubscribe", url, reader, "POST")


def _link(urls: Sequence[str], drawn: float) -> str:
    """Return a link; the k-th is clicked in proportion to 1/k."""
    edges = np.cumsum(1 / np.arange(1, len(urls) + 1))
    return urls[int(np.searchsorted(edges / edges[-1], drawn))]


def _odds(fate: _Fate, place: int) -> float:
    """Return one of the 7 independent uniform draws that the spare bits of a mail hold."""
    return (fate.spare >> (9 * (place - 1)) & 0x1FF) / 512


def _number(send_id: bytes) -> int:
    return int.from_bytes(blake2b(send_id, digest_size=8).digest(), "big")
