"""The inbox, taken apart for reading, and templates as one person would get them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser

from tailorbird import journeys, letters
from tailorbird.readings.people import label
from tailorbird.schema import Instant, PersonId
from tailorbird.tracking import image_links
from tailorbird.tracking.tokens import Sealer
from tailorbird.views import (
    Header,
    InboxPage,
    InboxRow,
    Link,
    Mail,
    MailProof,
    Preview,
    TemplateRow,
    moment,
)
from tailorbird.views.mail import Attachment
from tailorbird.world import World

NO_LINK = "#"
PIXEL = re.compile(r'<img[^>]*/o/[\w-]+\.gif"[^>]*>')
"""Left out where we look at a mail ourselves, so that nobody counts as having opened it."""


# -- the inbox -----------------------------------------------------------------------------------


def page(world: World, query: str, after: str, limit: int) -> InboxPage:
    """Return messages, the newest first; the cursor is the last sequence of the page before."""
    start = int(after) if after.isascii() and after.isdigit() else 0
    found = world.inbox.list(after=start, limit=limit + 1, query=query)
    rows = tuple(
        InboxRow(
            each.sequence, each.send_id.hex(), each.to, each.subject, each.size_bytes, each.campaign
        )
        for each in found[:limit]
    )
    last = str(rows[-1].sequence) if len(found) > limit else ""
    return InboxPage(rows, world.inbox.count(query), last)


def mail(world: World, send_id: bytes) -> Mail | None:
    """Return one message, taken apart."""
    content = world.inbox.read(send_id)
    if content is None:
        return None
    message = message_from_bytes(content, policy=policy.default)
    html = PIXEL.sub("", _part(message, "html"))
    decision = world.ledger.decision(send_id)
    return Mail(
        send_id=send_id.hex(),
        subject=str(message["subject"] or ""),
        sender=str(message["from"] or ""),
        to=str(message["to"] or ""),
        sent_at=parsedate_to_datetime(message["date"]) if message["date"] else None,
        headers=tuple(Header(name, str(value)) for name, value in message.items()),
        text=_part(message, "plain"),
        html=html,
        links=links(html),
        source=content.decode("utf-8", "replace"),
        size_bytes=len(content),
        person=decision.person if decision else None,
        campaign=decision.campaign if decision else "",
        variant=decision.variant if decision else "",
        amp=amp_part(message),
        attachments=tuple(_attachments(message)),
    )


def amp_part(message: EmailMessage) -> str:
    """Return the AMP part of a message, '' where it has none."""
    for part in message.walk():
        if part.get_content_type() == "text/x-amp-html":
            content = part.get_payload(decode=True)
            return content.decode("utf-8", "replace") if isinstance(content, bytes) else ""
    return ""


def _attachments(message: EmailMessage) -> Iterator[Attachment]:
    for part in message.walk():
        if part.get_content_disposition() == "attachment":
            content = part.get_payload(decode=True)
            size = len(content) if isinstance(content, bytes) else 0
            yield Attachment(part.get_filename() or "", part.get_content_type(), size)


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    text = part.get_content() if part is not None else ""
    return text if isinstance(text, str) else ""


def links(html: str) -> tuple[Link, ...]:
    """Return the links of an HTML text in order, each with its words."""
    reader = _LinkReader()
    reader.feed(html)
    reader.close()
    return tuple(reader.links)


class _LinkReader(HTMLParser):
    """Collects `a` elements; pictures inside them count by their alternative text."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[Link] = []
        self._url = ""
        self._words: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "a" and named.get("href"):
            self._url, self._words = named["href"] or "", []
        elif tag == "img" and self._words is not None:
            self._words.append(named.get("alt") or "")

    def handle_data(self, data: str) -> None:
        if self._words is not None:
            self._words.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._words is not None:
            self.links.append(Link(" ".join(" ".join(self._words).split()), self._url))
            self._words = None


# -- templates -----------------------------------------------------------------------------------


def templates(world: World) -> tuple[TemplateRow, ...]:
    """Return all templates with the variants of the first campaign that uses each, by name."""
    users = _users(world)
    return tuple(
        TemplateRow(
            found.name,
            found.version,
            tuple(users[found.name].variants) if found.name in users else (),
        )
        for found in world.definitions.latest("template")
    )


def _users(world: World) -> dict[str, journeys.Campaign]:
    """Return the first campaign that uses each template."""
    return {campaign.template: campaign for campaign in reversed(_campaigns(world))}


def users(world: World, template: str) -> list[journeys.Campaign]:
    """Return the campaigns that use a template, by name."""
    return [each for each in _campaigns(world) if each.template == template]


def _campaigns(world: World) -> list[journeys.Campaign]:
    """Return the campaigns that can be read, with the mails of journeys."""
    return [campaign for campaign, _ in letters.campaigns.latest(world)]


def preview(
    world: World, template: str, person: PersonId, variant: str, now: Instant
) -> Preview | None:
    """Return a template as a person would have got it at an instant; its links lead nowhere.

    Facts, traits, segments and consents are those of the instant; template, models and stock are
    those that there are. A name has no history.

    Raises:
        TemplateError: the template, or the person's values, must be mended.
        UsageError: there is no such variant.
    """
    if world.definitions.get("template", template) is None:
        return None
    campaign = _users(world).get(template) or _without_campaign(template)
    return as_person(world, letters.editions.current(world, campaign, 0), person, variant, now)


def as_person(
    world: World, edition: letters.Edition, person: PersonId, variant: str, now: Instant
) -> Preview | None:
    """Return the mail of an edition as a person would have got it; None where nobody is she."""
    profile = world.people.profiles([person]).get(person)
    if profile is None:
        return None
    chosen = variant or next(iter(edition.campaign.variants))
    kept = letters.given_at(world, edition, profile, now).kept
    asking = {found.name: NO_LINK for found in world.definitions.latest("form")}
    paths = edition.template.variables()
    base, given = edition.manifest.base_url, image_links.ImageLink("", now, person=person)
    drawn = image_links.in_mail(Sealer(world.token_key), base, paths, given)
    urls = {**letters.NO_URLS, "forms": asking, "images": drawn}
    data = letters.values(edition, profile, kept, urls)
    rendered = letters.render(
        edition.template, chosen, data, links=lambda url, _index: url, pixel_url="", now=now
    )
    gaps = edition.gaps.find(data, now)
    return Preview(
        template=edition.campaign.template,
        person=person,
        label=label(profile),
        variant=chosen,
        subject=rendered.subject,
        html=rendered.html,
        text=rendered.text,
        as_of=moment(now),
        locale=data["locale"],
        direction=data["direction"],
        because=tuple(letters.told_of(edition.slots, kept)),
        missing=gaps.missing,
        empty=gaps.empty,
    )


def proof(world: World, send_id: bytes, now: Instant) -> MailProof | None:
    """Return whether a sent mail, made again, is byte for byte the one that left.

    Raises:
        UsageError, TemplateError: it cannot be made again.
    """
    found = letters.prove(world, send_id, now)
    if found is None:
        return None
    mail = found.rendered
    return MailProof(
        send_id=send_id.hex(),
        state=found.state,
        recorded=found.recorded.hex(),
        made=found.made.hex(),
        edition=found.edition,
        reasons=found.reasons,
        subject=mail.subject if mail else "",
        html=PIXEL.sub("", mail.html) if mail else "",
        text=mail.text if mail else "",
    )


def _without_campaign(template: str) -> journeys.Campaign:
    """Return what a template without a campaign is shown for: its name is the subject."""
    subject = journeys.Variant(subject=template)
    return journeys.Campaign(
        name="preview", audience="everybody", template=template, variants={"preview": subject}
    )
