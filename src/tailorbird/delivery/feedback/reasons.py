"""Why a message was turned away: by its enhanced status, its reply code and the server's words.

Source: RFC 3463, the IANA registry of enhanced status codes, the replies of large providers.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from tailorbird.delivery.feedback.outcomes import Why
from tailorbird.delivery.feedback.phrases import why_said

STATUS: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,4})(?![\d]|\.\d)")
REPLY: Final = re.compile(r"(?:^|[\s:;(\[<>'\"])([245][0-5]\d)(?=[\s\-#:,;]|$)")
_ADDRESS: Final = re.compile(r"<?[^\s<>@,;:()\"']{1,100}@[^\s<>@,;:()\"']{1,200}>?")
_WEB: Final = re.compile(r"\b(?:https?://|www\.)\S{1,500}", re.IGNORECASE)
_BLOCKLIST: Final = re.compile(
    r"spamhaus|spamcop|barracuda|sorbs|senderscore|senderbase|[./](?:rbl|dnsbl|bl|blocklist)[./?]",
    re.IGNORECASE,
)
_HOST: Final = re.compile(
    r"\b(?!resolver\.)(?:[a-z0-9_-]{1,63}\.){2,10}[a-z]{2,20}\b|\[[\d.:a-f]{3,45}\]", re.IGNORECASE
)

SURE: Final[dict[str, Why]] = {
    "1.10": "takes_no_mail", "1.7": "sender_policy", "1.8": "sender_policy",
    "7.8": "sender_authentication", "7.9": "sender_policy",
    "7.20": "sender_authentication", "7.21": "sender_authentication",
    "7.22": "sender_authentication", "7.23": "sender_authentication",
    "7.24": "sender_authentication", "7.25": "sender_authentication",
    "7.26": "sender_authentication", "7.28": "rate",
    "7.29": "sender_authentication", "7.30": "sender_authentication",
    "7.509": "sender_authentication", "7.515": "sender_authentication",
    "7.606": "sender_reputation", "7.650": "sender_reputation", "7.708": "sender_reputation",
    "7.750": "sender_policy", "2.2": "mailbox_full", "3.4": "size", "2.3": "size",
}  # fmt: skip
"""Detail codes that say more than any words beside them, without their class."""
LIKELY: Final[dict[str, Why]] = {
    "1.1": "mailbox_missing", "1.2": "domain_missing", "1.3": "mailbox_missing",
    "1.4": "mailbox_missing", "1.6": "mailbox_moved", "1.0": "mailbox_missing",
    "2.1": "mailbox_disabled", "2.0": "recipient_policy", "2.4": "recipient_policy",
    "3.0": "server", "3.1": "server", "3.2": "takes_no_mail", "3.3": "server", "3.5": "server",
    "4.1": "network", "4.2": "network", "4.3": "network", "4.4": "domain_missing",
    "4.5": "rate", "4.6": "network", "4.7": "network",
    "5.3": "rate", "7.13": "mailbox_disabled", "7.17": "mailbox_missing",
}  # fmt: skip
"""Detail codes that count where nothing else is said."""
_SUBJECTS: Final[dict[str, Why]] = {
    "2": "recipient_policy", "3": "server", "4": "network", "5": "server", "6": "content",
    "7": "sender_policy",
}  # fmt: skip
_REPLIES: Final[dict[int, Why]] = {
    421: "network", 452: "rate", 550: "recipient_policy", 551: "mailbox_moved",
    552: "mailbox_full", 553: "recipient_policy",
}  # fmt: skip
_GENERIC: Final = frozenset({"0.0", "3.0", "1.0", "2.0", "4.0", "5.0", "6.0", "7.0", "7.1", "7.2"})


_STAGES: Final = re.compile(
    r"(?P<mail>in reply to (?:mail from|ehlo|helo)"
    r"|after (?:pipelined )?(?:mail from|ehlo|helo|initial)|greeting failed"
    r"|does(?: not|n't) like (?:the )?sender|(?:sender|my name) was rejected|>>> mail)"
    r"|(?P<rcpt>in reply to rcpt|after (?:pipelined )?rcpt|does(?: not|n't) like recipient"
    r"|smtp:rcpt|>>> rcpt|rcpt[ _]to)"
    r"|(?P<data>(?:in reply to |after )?end of data|>>> data|command data|data command"
    r"|after i sent the message)",
    re.IGNORECASE,
)
_OF_RECIPIENT: Final = re.compile(
    r"@[^<>\s]{1,200}>?\.\.\. |mail\.local|"
    r"local (?:recipient|user|delivery|address|alias)|virtual (?:user|alias)",
    re.IGNORECASE,
)
"""How servers speak of a recipient alone: of one of their own, or in sendmail's reply to RCPT."""
_OWN_FAULT: Final = re.compile(r"(?:could ?n['o]t|can(?:not|'t)) create", re.IGNORECASE)
_LIST: Final = re.compile(r"groups\.google\.com|googlegroups|mailing list", re.IGNORECASE)
_SAYS_ALL: Final = re.compile(r"doesn.t have an? \S+ account|\bbad-mailbox\b", re.IGNORECASE)
_EDGE: Final = re.compile(r"recipient address rejected: access denied", re.IGNORECASE)


class Reason(NamedTuple):
    """Why, with the codes that were found."""

    why: Why
    status: str
    reply: int


def reason_of(words: str, status: str = "", report: str = "") -> Reason:
    """Return why a message was turned away: `words` of the server, `status` and all of the report.

    That nobody is there counts when a status of addresses says so, when it was said of the
    recipient before the message was seen, or by the server that holds the mailboxes itself. A
    server that has taken the recipient and then knows him no more may only filter.
    """
    reply = next((int(code) for code in REPLY.findall(words) if code[0] in "45"), 0)
    found = _best([*STATUS.findall(words), status])
    why = _why(words, found, reply)
    if why in ("mailbox_missing", "domain_missing", "mailbox_moved"):
        why = _weighed(why, f"{words}\n{report}", found, reply)
    return Reason(why, found or status, reply)


def without_addresses(words: str, recipient: str = "") -> str:
    """Return a server's words in a line, without addresses and the recipient's name in them.

    >>> without_addresses("550 <ada@x.example> ada is unknown", "ada@x.example")
    '550 (address) (name) is unknown'
    """
    text = _ADDRESS.sub("(address)", words[:4000])
    local = recipient.partition("@")[0]
    if len(local) > 2:
        text = re.sub(re.escape(local), "(name)", text, flags=re.IGNORECASE)
    return " ".join(text.split())[:300]


def _weighed(why: Why, text: str, status: str, reply: int) -> Why:
    """Return the reason, a weaker one where it is not sure that nobody is there."""
    match = _STAGES.search(" ".join(text.split()))
    stage = match.lastgroup if match else ""
    if _LIST.search(text) and not status:
        return "recipient_policy"
    if stage == "mail":
        return "sender_policy"
    if why == "domain_missing" or _SAYS_ALL.search(text) or not reply:
        return why
    detail = status.partition(".")[2]
    of_one = not stage and detail[:2] != "2." and _OF_RECIPIENT.search(text)
    sure = detail.startswith("1.") or detail == "4.1" or stage == "rcpt" or of_one
    return why if sure else "recipient_policy"


def _why(words: str, status: str, reply: int) -> Why:
    detail = status.partition(".")[2]
    if any(_BLOCKLIST.search(link) for link in _WEB.findall(words[:4000])):
        return "sender_reputation"
    text = _plain(words)
    if detail == "4.1" and _EDGE.search(text):
        return "mailbox_missing"  # Exchange Online tells so of whoever is not in the directory.
    if _OWN_FAULT.search(text):
        return "server"  # a program that could not write, whatever it says beside
    said = why_said(text)
    if said == "mailbox_disabled" and detail in ("1.1", "1.2", "1.6"):
        return LIKELY[detail]
    if detail in SURE and (detail != "1.10" or said is None):
        return SURE[detail]
    if said is not None and said not in ("network", "server", "recipient_policy"):
        return said
    if detail in LIKELY and detail not in _GENERIC:
        return LIKELY[detail]
    if said is not None:
        return said
    if detail in LIKELY:
        return LIKELY[detail]
    if status and detail != "0.0":
        return _SUBJECTS.get(detail.partition(".")[0], "unknown")
    return _REPLIES.get(reply, "unknown")


def _best(found: list[str]) -> str:
    """Return the status that says most: the first failure that is not a general one."""
    told = [status for status in found if status and status[0] in "245"]
    told = [status for status in told if status[0] != "2"] or told
    exact = [status for status in told if status.partition(".")[2] not in _GENERIC]
    return next(iter(exact or told), "")


def _plain(words: str) -> str:
    """Return words without addresses, hosts and links, whose names would be taken for reasons."""
    text = _WEB.sub(" ", words[:4000])
    text = _HOST.sub("host", _ADDRESS.sub("someone", text))
    return " ".join(text.split())
