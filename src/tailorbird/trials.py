"""Test mails of campaigns: to an address that the settings name, as one person would get it.

No ledger knows them, so they never count. Their links are bare and nothing in them tells who reads
them; they are marked, and their way out leads to nobody's consent.
"""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path

from tailorbird import authoring, letters
from tailorbird.delivery.dkim import signed
from tailorbird.delivery.journal import FileJournal
from tailorbird.delivery.message import Envelope, message
from tailorbird.errors import UsageError
from tailorbird.readings import mails
from tailorbird.schema import Instant, Outgoing, PersonId, Rendered
from tailorbird.settings import Settings, brand
from tailorbird.views.preflight import Trial
from tailorbird.world import World

MARK = "[Test] "


def send(
    world: World,
    name: str,
    to: str,
    person: PersonId,
    now: Instant,
    send_id: bytes,
    variant: str = "",
) -> Trial:
    """Send one campaign's mail as a person would get it now, to an address of the settings.

    Raises:
        UsageError: the settings do not name the address; there is no such campaign, variant or
            person.
        TemplateError: the mail cannot be made.
    """
    check_address(world.settings, to)
    edition = letters.check(world, *authoring.find_campaign(world, name))
    shown = mails.as_person(world, edition, person, variant, now)
    if shown is None:
        raise UsageError(f"nobody is person {person}", mend="name somebody who is known")
    rendered = Rendered(MARK + shown.subject, shown.html, shown.text)
    own = brand(world.settings, edition.campaign.brand)
    from_name = edition.campaign.from_name or own.name
    envelope = Envelope(send_id, to, own.address, own.domain, now, from_name=from_name)
    content = message(rendered, envelope)
    signers = letters.signers(world.settings, world.folder, own.address, now)
    carried = Outgoing(send_id, own.address, to, signed(content, signers, now))
    with tempfile.TemporaryDirectory() as beside, closing(_journal(beside)) as journal:
        (reply,) = world.carrier.send(iter([carried]), journal)
    said = " ".join(f"{reply.code or ''} {reply.text}".split())
    return Trial(name, to, rendered.subject, world.carrier.name, reply.kind, said)


def check_address(settings: Settings, to: str) -> None:
    """Return when test mails may go to an address.

    Raises:
        UsageError: the settings do not name it.
    """
    allowed = {address.strip().lower() for address in settings.delivery.test_addresses}
    if to.strip().lower() not in allowed:
        raise UsageError(
            "test mails go to no other address than delivery.test_addresses names",
            where="delivery.test_addresses",
            mend="add yours there; it is how nobody mails a stranger by a slip of the hand",
        )


def _journal(folder: str) -> FileJournal:
    return FileJournal(Path(folder) / "journal")
