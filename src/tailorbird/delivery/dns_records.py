"""What the DNS must say of a domain that mails are sent from, and whether it does.

Source: RFC 7208 (SPF), 6376 (DKIM), 7489 (DMARC), 8460 (TLS-RPT), 8461 (MTA-STS), BIMI's draft.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Final, Literal, Protocol, TypeAlias

import msgspec

from tailorbird.delivery.spf import judged_spf

RecordKind: TypeAlias = Literal["TXT", "MX", "A", "AAAA", "PTR"]
Part: TypeAlias = Literal[
    "spf", "dkim", "dmarc", "mx", "links", "ptr", "bimi", "tls-rpt", "mta-sts"
]
Need: TypeAlias = Literal["must", "may"]
Verdict: TypeAlias = Literal["right", "missing", "wrong", "unchecked"]
Judged: TypeAlias = tuple[Verdict, str]
INCLUDES: Final = {
    "brevo": "include:spf.brevo.com",
    "mailgun": "include:mailgun.org",
    "mailjet": "include:spf.mailjet.com",
    "postmark": "include:spf.mtasv.net",
    "resend": "include:amazonses.com",
    "sendgrid": "include:sendgrid.net",
    "ses": "include:amazonses.com",
    "sparkpost": "include:sparkpostmail.com",
}
"""What a carrier's own servers are called in SPF."""
THIS_MACHINE: Final = frozenset({"127.0.0.1", "::1", "localhost", "0.0.0.0"})  # noqa: S104 - a name


class Sending(msgspec.Struct, frozen=True):
    """One domain that mails are sent from, as far as the DNS has to know of it."""

    domain: str
    """Of the address in From."""
    return_domain: str
    """Of the envelope's sender, to which bounces come back."""
    link_host: str
    carrier: str
    smtp_host: str = ""
    keys: tuple[tuple[str, str, str], ...] = ()
    """(selector, domain, text) of each DKIM key that signs now or later."""
    bimi_logo_url: str = ""


class Record(msgspec.Struct, frozen=True):
    """One record to set. `part` is what it is for; a mail arrives without those that may be."""

    part: Part
    name: str
    kind: RecordKind
    value: str
    need: Need
    why: str


class Checked(msgspec.Struct, frozen=True):
    """What was found of a record, in words that say how to mend it."""

    record: Record
    verdict: Verdict
    said: str


class Resolver(Protocol):
    """Something that asks name servers."""

    def look_up(self, name: str, kind: RecordKind) -> list[str]:
        """Return what is there, each text whole and without quotes; nothing is an empty list.

        Raises:
            OSError: no name server answers.
        """


def records(sending: Sending) -> list[Record]:
    """Return what to set in the DNS, first what must be there."""
    domain, back = sending.domain, sending.return_domain
    logo = sending.bimi_logo_url or f"https://{domain}/logo.svg"
    return [
        Record("spf", back, "TXT", _spf(sending), "must", "who may send in this name"),
        *_dkim(sending),
        Record(
            "dmarc", f"_dmarc.{domain}", "TXT",
            f"v=DMARC1; p=quarantine; rua=mailto:dmarc@{domain}", "must",
            "what becomes of mails that pretend to be yours; begin with p=none",
        ),
        Record("mx", back, "MX", f"10 mail.{back}", "must", "bounces come back to this domain"),
        Record(
            "links", sending.link_host, "A", "the address of this server", "must",
            "links, pictures and unsubscribing lead here",
        ),
        *_reverse(sending),
        Record(
            "bimi", f"default._bimi.{domain}", "TXT", f"v=BIMI1; l={logo};", "may",
            "your logo beside the mail; needs DMARC with p=quarantine or p=reject",
        ),
        Record(
            "tls-rpt", f"_smtp._tls.{back}", "TXT", f"v=TLSRPTv1; rua=mailto:tls@{back}", "may",
            "others report when they could not encrypt mail to you",
        ),
        Record(
            "mta-sts", f"_mta-sts.{back}", "TXT", "v=STSv1; id=1", "may",
            f"bounces come encrypted only; needs https://mta-sts.{back}/.well-known/mta-sts.txt",
        ),
    ]  # fmt: skip


def checked(wanted: Sequence[Record], resolver: Resolver) -> list[Checked]:
    """Return what the name servers say of each record.

    Raises:
        OSError: no name server answers.
    """
    return [Checked(record, *JUDGES[record.part](record, resolver)) for record in wanted]


def unchecked(wanted: Sequence[Record]) -> list[Checked]:
    """Return the records with no word about what is there."""
    return [Checked(record, "unchecked", "") for record in wanted]


def _spf(sending: Sending) -> str:
    mechanism = INCLUDES.get(sending.carrier, "a mx")
    if sending.carrier == "smtp" and sending.smtp_host not in THIS_MACHINE:
        mechanism = f"a:{sending.smtp_host}"
    return f"v=spf1 {mechanism} ~all"


def _dkim(sending: Sending) -> list[Record]:
    if not sending.keys:
        why = f"mails are not signed yet: run `tailorbird dkim new {sending.domain}`"
        name = f"SELECTOR._domainkey.{sending.domain}"
        return [Record("dkim", name, "TXT", "v=DKIM1; k=rsa; p=...", "must", why)]
    return [
        Record("dkim", f"{selector}._domainkey.{domain}", "TXT", text, "must", "proves who signed")
        for selector, domain, text in sending.keys
    ]


def _reverse(sending: Sending) -> list[Record]:
    """Return the name that the address of a mail server of one's own should have, where known."""
    host = sending.smtp_host
    if sending.carrier != "smtp" or host in THIS_MACHINE:
        return []
    why = "the address that sends has a name which leads back; many take no mail without"
    return [Record("ptr", f"each address of {host}", "PTR", host, "may", why)]


def _judge_spf(record: Record, resolver: Resolver) -> Judged:
    return judged_spf(record.name, record.value, lambda name: resolver.look_up(name, "TXT"))


def _judge_dkim(record: Record, resolver: Resolver) -> Judged:
    if record.name.startswith("SELECTOR."):
        return "missing", "there is no key"
    texts = resolver.look_up(record.name, "TXT")
    if not texts:
        return "missing", "add it, then wait until name servers know it"
    wanted = _tags(record.value)["p"]
    if len(texts) > 1:
        return "wrong", f"{len(texts)} texts under this name; leave one"
    tags = _tags(texts[0])
    if "".join(tags.get("p", "").split()) != wanted:
        return "wrong", "another key is there" if tags.get("p") else "the key there is revoked"
    if "y" in tags.get("t", "").split(":"):
        return "wrong", "t=y says that you are testing: take it away"
    return "right", ""


def _judge_dmarc(record: Record, resolver: Resolver) -> Judged:
    for name in _upwards(record.name.removeprefix("_dmarc.")):
        texts = [t for t in resolver.look_up(f"_dmarc.{name}", "TXT") if _starts(t, "v=DMARC1")]
        if len(texts) > 1:
            return "wrong", f"{len(texts)} policies under _dmarc.{name}; leave one"
        if texts:
            policy = _tags(texts[0]).get("p", "")
            if policy.lower() not in ("none", "quarantine", "reject"):
                return "wrong", f"p={policy} is no policy: none, quarantine or reject"
            return "right", "" if policy.lower() != "none" else "p=none only watches"
    return "missing", "add it; Gmail and Yahoo take no bulk mail without"


def _judge_mx(record: Record, resolver: Resolver) -> Judged:
    there = resolver.look_up(record.name, "MX")
    if not there:
        return "missing", "without it bounces are lost; name the server that reads them"
    return ("wrong", "it refuses all mail") if there == ["0 ."] else ("right", ", ".join(there))


def _judge_host(record: Record, resolver: Resolver) -> Judged:
    if record.name in THIS_MACHINE or record.name.replace(".", "").isdigit():
        return "wrong", "readers cannot reach it: set server.base_url to a name of your own"
    there = resolver.look_up(record.name, "A") or resolver.look_up(record.name, "AAAA")
    return ("right", ", ".join(there)) if there else ("missing", "add it or a CNAME")


def _judge_reverse(record: Record, resolver: Resolver) -> Judged:
    host, named = record.value, []
    addresses = [host] if _is_address(host) else _addresses(host, resolver)
    if not addresses:
        return "missing", f"{host} has no address"
    for address in addresses:
        there = resolver.look_up(ip_address(address).reverse_pointer, "PTR")
        names = [name.rstrip(".") for name in there]
        if not names:
            return "missing", f"{address} has no name: whoever gave you the address can set one"
        back = [name for name in names if address in _addresses(name, resolver)]
        if not back:
            return "wrong", f"{address} is called {names[0]}, which does not lead back to it"
        named.append(back[0])
    return "right", ", ".join(dict.fromkeys(named))


def _addresses(host: str, resolver: Resolver) -> list[str]:
    return [*resolver.look_up(host, "A"), *resolver.look_up(host, "AAAA")]


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _judge_text(record: Record, resolver: Resolver) -> Judged:
    start = record.value.partition(";")[0]
    texts = [text for text in resolver.look_up(record.name, "TXT") if _starts(text, start)]
    if not texts:
        return "missing", ""
    return ("right", "") if len(texts) == 1 else ("wrong", "more than one; leave one")


JUDGES: Final[dict[Part, Callable[[Record, Resolver], Judged]]] = {
    "spf": _judge_spf,
    "dkim": _judge_dkim,
    "dmarc": _judge_dmarc,
    "mx": _judge_mx,
    "links": _judge_host,
    "ptr": _judge_reverse,
    "bimi": _judge_text,
    "tls-rpt": _judge_text,
    "mta-sts": _judge_text,
}


def _tags(text: str) -> dict[str, str]:
    pairs = (tag.partition("=") for tag in text.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs if name.strip()}


def _starts(text: str, start: str) -> bool:
    return text.replace(" ", "").lower().startswith(start.lower())


def _upwards(domain: str) -> list[str]:
    """Return a domain and those above it, but no top-level one."""
    labels = domain.split(".")
    return [".".join(labels[at:]) for at in range(max(1, len(labels) - 1))]
