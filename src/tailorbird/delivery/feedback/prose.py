"""Bounces written for people alone: qmail, Exim, old and odd servers, in any language."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

from tailorbird.delivery.feedback.mime import Part
from tailorbird.delivery.feedback.outcomes import Outcome, bounce
from tailorbird.delivery.feedback.reasons import REPLY, STATUS, Reason, reason_of
from tailorbird.delivery.feedback.reports import ADDRESS, MOST_RECIPIENTS

_COPY: Final = re.compile(
    r"^[ >\-=*_]*(?:"
    r"(?:this is a |below (?:this line )?is a |included (?:below )?is a |a )?"
    r"cop(?:y|ie) of (?:the|your) (?:message|mail|original)|"
    r"(?:begin(?:ning of)? |the |your |unsent |start of )?"
    r"(?:original|returned|undelivered) (?:mail|message|header|text)s?"
    r"(?: (?:follows?|headers?|text|body|begins?|content|is|was|attached))*[ :.\-=*_]*$|"
    r"original mail as follows|"
    r"(?:the )?headers? (?:of the (?:original|returned) message )?(?:follows?|is|are)|"
    r"message headers? follow|message (?:header|text) follows|transcript of message follows|"
    r"(?:received|return-path|message-id|mime-version|x-mailer|content-type): "
    r")",
    re.IGNORECASE | re.MULTILINE,
)  # fmt: skip
_TRYING: Final = re.compile(
    r"warning message only|(?:will|shall) (?:continue|keep|be retried|retry|try again)|"
    r"do(?:n't| not) need to resend|still being retried|"
    r"delivery (?:\S+ )?(?:is|has been|was) delayed|"
    r"(?:no action is required|attempts? will continue)",
    re.IGNORECASE,
)  # fmt: skip
_SENDERS_LINE: Final = re.compile(
    r"mail from:|from address|sent by|sender:|^from:|reply-to:|questions|postmaster|contact|"
    r"^>>> (?!rcpt)|please (?:e-?mail|send)|assistance|report this",
    re.IGNORECASE,
)
_VAGUE: Final = frozenset({"unknown", "network", "server"})
_DAEMON: Final = re.compile(r"^(?:mailer-daemon|postmaster|mail-?daemon|abuse|support)@", re.I)


def cut(text: str) -> tuple[str, str]:
    """Return a report, and what follows where it begins to quote the mail that came back."""
    for match in _COPY.finditer(text):
        if text[: match.start()].strip():
            return text[: match.start()], text[match.start() :]
    return text, ""


def bounces(
    mail: Part, report: str, own: Collection[str], original: Part | None
) -> Iterator[Outcome]:
    """Yield a bounce for each recipient that a report names; `own` are the sender's addresses."""
    named = _named(mail, report, own)
    told = list(dict.fromkeys(named)) or _addressed(original)
    for number, recipient in enumerate(told[:MOST_RECIPIENTS] or [""]):
        words = _about(report, told, number) if named else report
        yield _bounce(recipient, words, report, mail.first("subject"))


def reads_as_bounce(report: str) -> bool:
    """Return whether a text without a report says of a mail that it did not arrive."""
    found = reason_of(_told(report))
    return found.why != "unknown" and bool(found.reply or found.status or ADDRESS.search(report))


def _bounce(recipient: str, words: str, report: str, subject: str) -> Outcome:
    reason = _reason(words, report, subject)
    trying = bool(_TRYING.search(report)) and not reason.status.startswith("5")
    return Outcome(
        bounce(reason.why, trying=trying),
        recipient,
        why=reason.why,
        status=reason.status,
        reply=reason.reply,
        diagnostic=" ".join(_told(words).split())[:500],
    )


def _reason(words: str, report: str, subject: str) -> Reason:
    """Return the reason that the most telling words give, then that of more and more of them."""
    found = reason_of(_told(words, 2), report=report)
    for text in (_told(words), words, report, subject):
        if found.why not in _VAGUE:
            break
        more = reason_of(text, found.status, report)
        why = more.why if more.why not in _VAGUE or found.why == "unknown" else found.why
        found = Reason(why, more.status, found.reply or more.reply)
    return found


def _told(words: str, lines_long: int = 8) -> str:
    """Return the words from the first code on, without what was said to the server."""
    lines = [line for line in words.split("\n") if not line.lstrip().startswith(">>>")]
    for number, line in enumerate(lines):
        codes = [match.start() for match in (REPLY.search(line), STATUS.search(line)) if match]
        if codes:
            return "\n".join([line[min(codes) :], *lines[number + 1 : number + lines_long]])
    return "\n".join(lines)


def _named(mail: Part, report: str, own: Collection[str]) -> list[str]:
    failed = [
        found for value in mail.all("x-failed-recipients") for found in ADDRESS.findall(value)
    ]
    if failed:
        return failed
    found: list[str] = []
    for line in report.split("\n")[:2000]:
        if _SENDERS_LINE.search(line[:500]):
            continue
        for address in ADDRESS.findall(line[:1000]):
            if address.lower() not in own and not _DAEMON.match(address):
                found.append(address)
                break
    return found


def _addressed(original: Part | None) -> list[str]:
    return ADDRESS.findall(original.first("to"))[:1] if original is not None else []


def _about(report: str, told: list[str], number: int) -> str:
    """Return what a report says after it names a recipient, up to the next one."""
    if len(told) < 2:
        return report
    others = [other for other in told if other != told[number]]
    start = report.find(told[number])
    ends = [place for other in others if (place := report.find(other, start + 1)) > start]
    return report[max(start, 0) : min(ends, default=len(report))]
