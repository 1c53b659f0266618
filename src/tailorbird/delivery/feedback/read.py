"""A mail that came back, read: what became of which message, and why.

Whatever comes, it is read in time and memory bounded by its size, and never raises: what says
nothing of a message of ours is one outcome of kind `other`.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from email.utils import parsedate_tz
from typing import Final

import msgspec

from tailorbird.delivery.feedback import answers, prose, reports
from tailorbird.delivery.feedback.mime import Part, headers_of, parse
from tailorbird.delivery.feedback.outcomes import Outcome
from tailorbird.delivery.feedback.providers import amazon_ses, spoken
from tailorbird.schema import SECOND, Instant

_DAEMON: Final = re.compile(
    r"mailer[-_. ]?daemon|postmaster|mail[- _.]?delivery|mdaemon|post ?office|"
    r"delivery[- ]?(?:sub)?system|mail ?(?:er|system|administrator|gateway|router)\b|bounce|"
    r"symantec_antivirus|amavis|mail_system|mail-?robot|smtp\b",
    re.IGNORECASE,
)
_SUBJECT: Final = re.compile(
    r"undeliver|un-?deliver|"
    r"(?:mail|message|delivery)[^a-z]*(?:\S+ )?(?:fail|error|problem|delay|status|system|warn)|"
    r"fail(?:ed|ure)[^a-z]*(?:notice|mail|delivery|to deliver)|returned (?:mail|message|to sender)|"
    r"mail(?:er)?[ -](?:error|returned|system error|could not)|could not (?:be )?(?:deliver|send)|"
    r"rejected|not delivered|delivery (?:notification|report)|dsn|nondeliver|non[- ]?remis|"
    r"unzustellbar|nicht zugestellt|zustellung|échec|non consegn|no se (?:puede|pudo|ha podido)|"
    r"devuelto|недостав|не доставлен|配信|送信|エラー|退信|投递|bounce|couldn't deliver|"
    r"\bundelivered|not (?:a )?member|(?:address|user|recipient) unknown|unknown (?:user|address)",
    re.IGNORECASE,
)
_COMPLAINT: Final = re.compile(r"^\W*(?:abuse|spam) report|complaint about message", re.IGNORECASE)
_MESSAGE_ID: Final = re.compile(r"<?([^\s<>@\"]{1,250}@[^\s<>@\"]{1,250})>?")
_ID_LINE: Final = re.compile(r"^[ >]*message-id: *(?:\n[ \t]+)?(\S{3,500})", re.I | re.M)
_LINK: Final = re.compile(r"https?://[^\s<>\"']{1,1000}")
_TO: Final = (
    "delivered-to", "x-original-to", "to", "x-envelope-to", "envelope-to", "x-delivered-to",
    "x-rcpt-to", "cc",
)  # fmt: skip
_ORIGINALS: Final = frozenset(
    {"message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers",
     "message/global-headers"}
)  # fmt: skip


def read(raw: bytes) -> tuple[Outcome, ...]:
    """Return what a mail says became of messages: at least one outcome."""
    mail = parse(raw)
    near = list(_near(mail))
    original = next((part for part in near if part.kind in _ORIGINALS), None)
    sent = _returned(original)
    texts = "\n".join(part.text() for part in near if _is_prose(part))
    report, quoted = prose.cut(texts)
    said = list(_said(mail, near, report, sent, quoted)) or [Outcome("other")]
    known = Outcome(
        "other",
        message_ids=_message_ids(mail, sent, quoted),
        envelope_to=_envelope_to(mail, sent),
        links=_links(sent, quoted),
        at=_date(mail.first("date")),
    )
    return tuple(_completed(each, known) for each in said)


def _said(
    mail: Part, near: list[Part], report: str, original: Part | None, quoted: str
) -> Iterator[Outcome]:
    for part in near:
        if part.kind == reports.FEEDBACK:
            yield from reports.complaint(reports.report_text(part), original)
            return
    if original is not None and _COMPLAINT.search(mail.first("subject")):
        yield from reports.complaint("", original)
        return
    told = [reports.report_text(part) for part in near if part.kind in reports.DELIVERY_STATUS]
    told = told or [text for text in (reports.quoted_status(report + quoted),) if text]
    found = [each for text in told for each in reports.delivery_status(text, report)]
    if found:
        yield from found
    elif (
        told
        or _from_server(mail)
        or (original is not None and _SUBJECT.search(mail.first("subject")))
    ):
        yield from prose.bounces(mail, report, _own(mail), original or _quoted(quoted))
    elif report.lstrip().startswith("{"):
        yield from _notice(report)
    else:
        yield from _answer(mail, report, quoted)


def _notice(text: str) -> Iterator[Outcome]:
    """Yield what Amazon SES says in a mail, where its notices are sent by mail."""
    said, _, _ = text.strip().partition("\n\n--")
    # Lines of 998 characters are the longest that a mail may have: longer ones came folded.
    whole = said.replace("\n ", "").replace("\n", "")
    told = spoken.decoded(whole.encode("utf-8", "replace"))
    kind = spoken.text(told, "eventType", "notificationType").lower()
    if isinstance(told, dict) and kind in amazon_ses.KINDS:
        yield from amazon_ses.notice(told, kind, "", None)


def _answer(mail: Part, report: str, quoted: str) -> Iterator[Outcome]:
    """Yield what a mail is that no mail server has made, by the look of it."""
    sender = reports.ADDRESS.search(mail.first("from", "sender"))
    who = sender[0] if sender else ""
    if answers.asks_to_leave(mail, report):
        yield Outcome("unsubscribe", who)
    elif answers.is_challenge(mail, report):
        yield Outcome("challenge", who)
    elif answers.is_auto_reply(mail):
        yield Outcome("auto_reply", who)
    elif (quoted and mail.first("x-mlserver")) or (
        _SUBJECT.search(mail.first("subject")) and prose.reads_as_bounce(report)
    ):
        yield from prose.bounces(mail, report, _own(mail), _quoted(quoted))


def _near(part: Part) -> Iterator[Part]:
    """Yield the parts of the mail itself: what it returns is one part, not looked into."""
    yield part
    for inner in part.parts if part.kind not in _ORIGINALS else ():
        yield from _near(inner)


def _is_prose(part: Part) -> bool:
    """Return whether a part is text for people, or a mail whose parts cannot be told apart."""
    lost = part.kind.startswith("multipart/") and not part.parts
    return lost or (part.kind.startswith("text/") and part.kind not in _ORIGINALS)


def _returned(original: Part | None) -> Part | None:
    """Return the mail that came back, as far as it did."""
    if original is None:
        return None
    if original.parts:
        return original.parts[0]
    return Part(headers_of(original.text().lstrip("\n")), "text/plain", {}, b"")


def _quoted(text: str) -> Part | None:
    start = re.search(r"^[A-Za-z][\w-]{2,40}: ", text, re.MULTILINE)
    if start is None:
        return None
    return Part(headers_of(text[start.start() :]), "text/plain", {}, b"")


def _from_server(mail: Part) -> bool:
    if mail.first("x-failed-recipients"):
        return True
    sender = mail.first("from", "sender")
    return bool(_DAEMON.search(sender) or mail.first("return-path").strip() == "<>") and not (
        answers.is_auto_reply(mail) and not _DAEMON.search(sender)
    )


def _own(mail: Part) -> frozenset[str]:
    named = [mail.first("from"), *(value for name in _TO for value in mail.all(name))]
    return frozenset(each.lower() for value in named for each in reports.ADDRESS.findall(value))


def _message_ids(mail: Part, original: Part | None, quoted: str) -> tuple[str, ...]:
    """Return the ids of the message meant: of what came back, else of what is answered."""
    said = original.all("message-id") if original is not None else []
    said = said or _ID_LINE.findall(quoted)[:3]
    said = said or [*mail.all("in-reply-to"), *mail.all("references")]
    found = [each for value in said for each in _MESSAGE_ID.findall(value[:2000])]
    return tuple(dict.fromkeys(found))[:10]


def _envelope_to(mail: Part, original: Part | None) -> tuple[str, ...]:
    """Return where the mail was sent, and from where what it returns came."""
    values = [value for name in _TO for value in mail.all(name)]
    if original is not None:
        values += original.all("return-path") + original.all("list-unsubscribe")
    found = [address for value in values for address in reports.ADDRESS.findall(value[:2000])]
    return tuple(dict.fromkeys(found))[:20]


def _links(original: Part | None, quoted: str) -> tuple[str, ...]:
    said = " ".join(original.all("list-unsubscribe")) if original is not None else quoted
    return tuple(_LINK.findall(said[:20_000])[:10])


def _completed(outcome: Outcome, known: Outcome) -> Outcome:
    return msgspec.structs.replace(
        outcome,
        message_ids=outcome.message_ids or known.message_ids,
        envelope_to=known.envelope_to,
        links=known.links,
        at=known.at,
    )


def _date(value: str) -> Instant:
    try:
        parsed = parsedate_tz(value[:100])
        if parsed is None:
            return 0
        return (calendar.timegm((*parsed[:6], 0, 0, 0)) - (parsed[9] or 0)) * SECOND
    except (ValueError, OverflowError, TypeError, IndexError):
        return 0
