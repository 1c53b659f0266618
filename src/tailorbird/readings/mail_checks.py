"""What is looked at in a message before strangers get one: what readers, providers and law ask.

Nothing is asked of the network: what a name server would say is for `tailorbird doctor dns`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from html import unescape
from typing import Final
from urllib.parse import urlsplit

from tailorbird.content.email import written
from tailorbird.content.lint import lint
from tailorbird.errors import TailorbirdError
from tailorbird.readings.mails import PIXEL, amp_part, links
from tailorbird.views.mail import MailCheck
from tailorbird.world import World

CLIPPED_BYTES: Final = 102_400
"""Of HTML, above which Gmail cuts a mail."""
LARGE_BYTES: Final = 80_000
LONGEST_SUBJECT: Final = 70
"""Characters of a subject that most readers show."""
FEW_WORDS: Final = 20
LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})  # noqa: S104 - hosts of links
SHORTENERS: Final = frozenset(
    {
        "bit.ly",
        "buff.ly",
        "cutt.ly",
        "goo.gl",
        "is.gd",
        "ow.ly",
        "rebrand.ly",
        "t.co",
        "tinyurl.com",
    }
)
_SEEN_ELSEWHERE: Final = frozenset(
    {"unsubscribe", "postal-address", "size", "link-dead", "link-insecure", "link-relative",
     "link-unsigned"}
)  # fmt: skip
"""Codes of the lint of templates: here the values are known, and are looked at themselves."""
_TAG: Final = re.compile(r"<(?:style|script|title|head)\b.*?</[a-z]+>|<[^>]*>", re.I | re.S)
_OPEN_TAG: Final = re.compile(r"\{\{|\{%")
_PICTURE: Final = re.compile(r"<img\b", re.I)
_SIGNED: Final = re.compile(r"[;\s]h\s*=\s*([^;]*)", re.I)
_SIGNER: Final = re.compile(r"[;\s]d\s*=\s*([^;\s]+)", re.I)


def checks(world: World, content: bytes) -> tuple[MailCheck, ...]:
    """Return what was looked at in a message and found good or wanting, by what it is about."""
    message = message_from_bytes(content, policy=policy.default)
    html, text = PIXEL.sub("", _part(message, "html")), _part(message, "plain")
    return (
        *_content(html, text, amp_part(message)),
        *_links(html, world.settings.server.base_url),
        *_size(html, content),
        *_authentication(message),
        *_leaving(message, html),
        *_sender(world, html),
        *_spam(message, html),
    )


def _content(html: str, text: str, amp: str) -> Iterator[MailCheck]:
    if not html:
        yield MailCheck("content", "warning", "It has no HTML part")
    elif _OPEN_TAG.search(html):
        yield MailCheck("content", "warning", "It prints {{ or {%", "look whether a tag was left")
    else:
        yield from _linted(html)
    if not text.strip():
        mend = "a text part is made of every template; look at its words"
        yield MailCheck("content", "fault", "It has no text part", mend)
    else:
        yield MailCheck("content", "good", f"Its text part has {len(text.split()):,} words")
    if amp:
        yield MailCheck("content", "good", f"Its AMP part has {len(amp.encode()):,} bytes")


def _linted(html: str) -> Iterator[MailCheck]:
    try:
        found = lint(written("mail", {}, html), {})
    except TailorbirdError as error:
        yield MailCheck("content", "fault", error.what, error.mend)
        return
    found = [each for each in found if each.code not in _SEEN_ELSEWHERE]
    for each in found:
        yield MailCheck(
            "content", "fault" if each.severity == "error" else "warning", each.what, each.mend
        )
    if not found:
        yield MailCheck("content", "good", "The lint finds nothing to mend")


def _links(html: str, base_url: str) -> Iterator[MailCheck]:
    found = links(html)
    hosts = {(urlsplit(each.url).hostname or "").lower() for each in found if _is_web(each.url)}
    plain = [each.url for each in found if each.url.lower().startswith("http:")]
    empty = [each for each in found if not each.text.strip()]
    nowhere = [each.url for each in found if not _leads(each.url)]
    if nowhere:
        mend = "write a whole address: https://..."
        yield MailCheck("links", "fault", f"{len(nowhere)} lead nowhere: {nowhere[0][:80]}", mend)
    if hosts & LOCAL:
        mend = f"set server.base_url, now {base_url}, to the address under which people reach you"
        yield MailCheck("links", "warning", "They lead to this machine", mend)
    if outside := [url for url in plain if urlsplit(url).hostname not in LOCAL]:
        what = f"{len(outside)} are not encrypted: {outside[0][:80]}"
        yield MailCheck("links", "warning", what, "write https://")
    if short := sorted(hosts & SHORTENERS):
        mend = "link the page itself: filters distrust what hides where it leads"
        yield MailCheck("links", "warning", f"It links by {', '.join(short)}", mend)
    if empty:
        yield MailCheck("links", "fault", f"{len(empty)} have no words", "say where they lead")
    yield MailCheck("links", "good", f"It has {len(found)} links to {len(hosts)} hosts")


def _size(html: str, content: bytes) -> Iterator[MailCheck]:
    size = len(html.encode())
    said = f"Its HTML has {size:,} bytes, the whole message {len(content):,}"
    if size > CLIPPED_BYTES:
        mend = f"Gmail cuts it after {CLIPPED_BYTES:,}: show less"
        yield MailCheck("size", "fault", said, mend)
    elif size > LARGE_BYTES:
        yield MailCheck("size", "warning", said, f"Gmail cuts it after {CLIPPED_BYTES:,}")
    else:
        yield MailCheck("size", "good", said)


def _authentication(message: EmailMessage) -> Iterator[MailCheck]:
    sender = _domain(str(message["from"] or ""))
    signatures = [str(each) for each in message.get_all("dkim-signature", [])]
    signers = sorted({found[1].lower() for each in signatures if (found := _SIGNER.search(each))})
    if not signatures:
        mend = "set sender.dkim_key_file, or have your relay sign"
        yield MailCheck("authentication", "warning", "No DKIM signature", mend)
    elif not any(_aligned(sender, signer) for signer in signers):
        what = f"Signed by {', '.join(signers)}, but From says {sender}"
        yield MailCheck("authentication", "fault", what, "DMARC asks that they agree")
    else:
        yield MailCheck("authentication", "good", f"DKIM signed by {', '.join(signers)}")
    named = _domain(str(message["message-id"] or ""))
    if not named:
        yield MailCheck("authentication", "fault", "No Message-ID")
    elif not _aligned(sender, named):
        what = f"The return path is of {named}, From of {sender}"
        yield MailCheck("authentication", "warning", what, "SPF helps DMARC where they agree")
    for name in ("from", "to", "date", "subject"):
        if not message[name]:
            yield MailCheck("authentication", "fault", f"No {name.title()} header")


def _leaving(message: EmailMessage, html: str) -> Iterator[MailCheck]:
    way, post = str(message["list-unsubscribe"] or ""), str(message["list-unsubscribe-post"] or "")
    if not way:
        mend = "every mail to many needs it; one that answers an order does without"
        yield MailCheck("leaving", "warning", "No List-Unsubscribe header", mend)
    elif "List-Unsubscribe=One-Click" not in post:
        yield MailCheck("leaving", "fault", "Leaving takes more than one click (RFC 8058)")
    else:
        yield MailCheck("leaving", "good", "Leaving takes one click (RFC 8058)")
    signed = " ".join(_SIGNED.findall(" ".join(message.get_all("dkim-signature", [])))).lower()
    if way and signed and "list-unsubscribe" not in signed:
        yield MailCheck("leaving", "fault", "The signature does not cover List-Unsubscribe")
    if html and way and "/u/" not in html:
        mend = 'print {{ unsubscribe_url }}, or end with {% render "footer" %}'
        yield MailCheck("leaving", "warning", "No link of the mail leads to leaving", mend)


def _sender(world: World, html: str) -> Iterator[MailCheck]:
    settings = world.settings
    known = [settings.sender.postal_address]
    known += [each.postal_address for each in settings.brands.values()]
    said = " ".join(unescape(_TAG.sub(" ", html)).split())
    if html and not any(each and " ".join(each.split()) in said for each in known):
        mend = 'print {{ sender.postal_address }}, or end with {% render "footer" %}'
        yield MailCheck("leaving", "warning", "It does not say where its sender sits", mend)


def _spam(message: EmailMessage, html: str) -> Iterator[MailCheck]:
    subject = str(message["subject"] or "")
    letters = [each for each in subject if each.isalpha()]
    words, pictures = len(unescape(_TAG.sub(" ", html)).split()), len(_PICTURE.findall(html))
    found = [
        (
            len(letters) > 8 and sum(each.isupper() for each in letters) > 0.6 * len(letters),
            "The subject shouts", "write it in small letters",
        ),
        (subject.count("!") > 1, "The subject has several !", "one says as much"),
        (subject[:3].lower() == "re:", "The subject plays an answer", "leave `Re:` out"),
        (
            len(subject) > LONGEST_SUBJECT,
            f"The subject has {len(subject)} characters",
            f"most readers show {LONGEST_SUBJECT}",
        ),
        (
            bool(pictures) and words < FEW_WORDS,
            f"It has {pictures} pictures and {words} words",
            "say it in words, too: many readers load no pictures",
        ),
    ]  # fmt: skip
    wrong = [MailCheck("spam", "warning", what, mend) for is_so, what, mend in found if is_so]
    yield from wrong or [MailCheck("spam", "good", "Nothing that filters dislike in plain sight")]


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    text = part.get_content() if part is not None else ""
    return text if isinstance(text, str) else ""


def _domain(header: str) -> str:
    address = parseaddr(header)[1] or header.strip("<> ")
    return address.rpartition("@")[2].strip("<> ").lower() if "@" in address else ""


def _aligned(one: str, other: str) -> bool:
    """Return whether two domains are one, or one is below the other."""
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def _is_web(url: str) -> bool:
    return url.lower().startswith(("http://", "https://"))


def _leads(url: str) -> bool:
    return _is_web(url) or url.lower().startswith(("mailto:", "tel:", "sms:")) or url[:1] == "#"
