"""What law and mailbox providers ask of a mail: ways out, an address, links that lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tailorbird.content.findings import Finding, error, warning
from tailorbird.content.lint.document import PRINTED, Document, Element, shown

CLIP_BYTES: Final = 102_000
"""Gmail shows no more of a mail and cuts off its end, ways out included."""
_NEAR_CLIP: Final = 80_000
_DEAD: Final = re.compile(r"(?i)#?$|javascript:|https?:/*$|https?://(?:www\.)?example\.(?:com|org)")
_SCHEMES: Final = ("https:", "http:", "mailto:", "tel:", "sms:", "#")
_OUT: Final = re.compile(r"unsubscribe|opt-?out|abmelden|d[ée]sabonner|darse de baja", re.I)
_POSTAL: Final = re.compile(
    r"\b[A-Z]{1,2}\d[\dA-Z]? ?\d[A-Z]{2}\b|\b[A-Z]{2},? \d{5}(?:-\d{4})?\b|\b\d{4,5} [A-ZÄÖÜ]\w+"
    r"|\bP\.? ?O\.? Box \d+|\b\d+[a-z]? [A-Z]\w+ (?:St|Street|Ave|Avenue|Road|Rd|Lane|Ln)\b"
)
_VML_LINK: Final = re.compile(r"<v:\w+[^>]*\bhref=[\"']([^\"']+)")


def findings(page: Document, *, whole: bool, transactional: bool) -> Iterator[Finding]:
    """Yield what is missing or dead; a `transactional` mail needs no way out."""
    yield from _links(page)
    yield from _unsigned(page)
    if whole:
        if not transactional:
            yield from _ways_out(page)
        yield from size(len(PRINTED.sub("", page.source).encode()), page)
        yield from _preheader(page)


def size(octets: int, page: Document) -> Iterator[Finding]:
    """Yield a finding when a mail's HTML is too large, or nearly so."""
    told = f"the HTML has {octets:,} bytes; Gmail cuts it off behind {CLIP_BYTES:,}"
    mend = "take blocks out, or link to a page"
    if octets > CLIP_BYTES:
        yield error("size", page.root.place, told, mend)
    elif octets > _NEAR_CLIP:
        yield warning("size", page.root.place, told, mend)


def _ways_out(page: Document) -> Iterator[Finding]:
    links = [(link.get("href"), shown(link.words())) for link in page.all("a")]
    own = any("unsubscribe_url" in PRINTED.findall(href) for href, _ in links)
    if not own:
        other = any(_OUT.search(f"{href} {words}") for href, words in links)
        what = "the way out is not ours, so it cannot work by one click" if other else "no way out"
        yield error(
            "unsubscribe", page.root.place, what,
            'add <a href="{{ unsubscribe_url }}">Unsubscribe</a>, or the block "footer"',
        )  # fmt: skip
    words = page.root.words()
    if "sender.postal_address" in PRINTED.findall(words) or page.all("address"):
        return
    if not _POSTAL.search(shown(words)):
        yield error(
            "postal-address", page.root.place, "the mail does not say where its sender sits",
            'print {{ sender.postal_address }}, or add the block "footer"',
        )  # fmt: skip


def _links(page: Document) -> Iterator[Finding]:
    for link in page.all("a", "area"):
        if "href" not in link.attributes:
            continue
        href = link.get("href").strip()
        if _DEAD.match(href) and not _anchor(page, href):
            yield error(
                "link-dead", link.place, f"a link leads nowhere: {shown(href)!r}",
                "give it an address, or take it away",
            )  # fmt: skip
        elif href.startswith("http:"):
            yield warning(
                "link-insecure", link.place, f"{shown(href)!r} can be read on its way",
                "write https:",
            )  # fmt: skip
        elif not href.startswith(_SCHEMES) and not PRINTED.match(href):
            yield error(
                "link-relative", link.place, f"{shown(href)!r} is no whole address",
                "begin with https://",
            )  # fmt: skip


def _anchor(page: Document, href: str) -> bool:
    name = href.removeprefix("#")
    return bool(name) and any(name in (e.get("id"), e.get("name")) for e in page.root.walk())


def _unsigned(page: Document) -> Iterator[Finding]:
    """Yield the addresses that no signature protects and no count follows."""
    for area in page.all("area"):
        if area.get("href").startswith("http"):
            yield _bare(area, area.get("href"), "cut the picture into linked ones")
    for form in page.all("form"):
        if form.get("action"):
            yield _bare(form, form.get("action"), "link to a form of your own site")
    for comment, place in page.comments:
        for address in _VML_LINK.findall(comment):
            if address.startswith("http") and not PRINTED.search(address):
                yield warning(
                    "link-unsigned", place,
                    f"{shown(address)!r} in VML is neither signed nor counted",
                    "repeat the link as an a behind it",
                )  # fmt: skip


def _bare(element: Element, address: str, mend: str) -> Finding:
    return warning(
        "link-unsigned", element.place,
        f"{shown(address)!r} in <{element.tag}> is neither signed nor counted", mend,
    )  # fmt: skip


def _preheader(page: Document) -> Iterator[Finding]:
    for element in page.root.walk():
        hidden = "display:none" in element.get("style").replace(" ", "")
        if element.tag in ("div", "span", "p", "td") and hidden and element.words().strip():
            return
    yield warning(
        "preheader", page.root.place, "an inbox shows the mail's first words behind its subject",
        "write what should stand there into mj-preview",
    )  # fmt: skip
