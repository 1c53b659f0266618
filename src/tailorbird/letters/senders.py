"""Who mails come from: brands, the keys that sign for them, and what the DNS must know."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from tailorbird import delivery
from tailorbird.delivery.carriers.registry import signatures_hold
from tailorbird.delivery.dkim_keys import DkimKeys, KeyPair, read
from tailorbird.delivery.dns_records import Sending
from tailorbird.errors import DefinitionError
from tailorbird.journeys.campaign import Campaign
from tailorbird.schema import Instant
from tailorbird.settings import Brand, Settings, brand


def signers(
    settings: Settings, folder: Path, address: str, now: Instant
) -> list[delivery.DkimSigner]:
    """Return what signs the mails from an address: keys of its domain, else of one above it.

    Without any, the key that `sender.dkim_key_file` names; without that, nothing signs. Nor does
    anything where every carrier writes the mail anew and signs it itself.

    Raises:
        SettingsError: a key file cannot be read.
    """
    if not signatures_hold(settings):
        return []
    keys = DkimKeys(folder)
    for domain in _upwards(address.rpartition("@")[2]):
        pair = keys.active(domain, now)
        if pair is not None:
            return keys.signers(pair)
    return _own_signer(settings, folder)


def sending(settings: Settings, folder: Path, now: Instant) -> list[Sending]:
    """Return every domain that mails are sent from, the chief one first.

    Raises:
        SettingsError: a key file cannot be read.
    """
    found: dict[str, Sending] = {}
    for each in (brand(settings, name) for name in ("", *sorted(settings.brands))):
        domain = _wired(each.address.rpartition("@")[2])
        found.setdefault(domain, _sending(settings, folder, each, domain, now))
    return list(found.values())


def reads_mail(settings: Settings) -> bool:
    """Return whether somebody reads what is written to the domain of return paths."""
    return bool(settings.feedback.mailbox or settings.feedback.smtp_port)


def check_sender(campaign: Campaign) -> None:
    """Look at what a campaign says of its sender.

    Raises:
        DefinitionError: answers would go to what is no address.
    """
    if campaign.reply_to and delivery.wire_address(campaign.reply_to) is None:
        raise DefinitionError(
            f"{campaign.reply_to!r} is no address",
            where=f"campaigns/{campaign.name}.yaml: reply_to",
            mend="write it as in care@shop.example",
        )


def _sending(settings: Settings, folder: Path, own: Brand, domain: str, now: Instant) -> Sending:
    name = settings.delivery.carrier
    table = settings.carriers.get(name, {})
    return Sending(
        domain=domain,
        return_domain=_wired(own.domain),
        link_host=urlsplit(own.base_url).hostname or "",
        carrier=str(table.get("kind", name)),
        smtp_host=str(table.get("host", settings.delivery.smtp_host)),
        keys=tuple(
            (signer.selector, signer.domain, signer.record())
            for signer in _present_and_coming(settings, folder, domain, now)
        ),
        bimi_logo_url=settings.sender.bimi_logo_url,
    )


def _present_and_coming(
    settings: Settings, folder: Path, domain: str, now: Instant
) -> list[delivery.DkimSigner]:
    keys = DkimKeys(folder)
    for host in _upwards(domain):
        active = keys.active(host, now)
        wanted: list[KeyPair] = [
            pair for pair in keys.pairs(host) if pair == active or pair.active_from > now
        ]
        if wanted:
            return [signer for pair in wanted for signer in keys.signers(pair)]
    return _own_signer(settings, folder)


def _own_signer(settings: Settings, folder: Path) -> list[delivery.DkimSigner]:
    sender = settings.sender
    if not sender.dkim_key_file:
        return []
    key = read(Path(sender.dkim_key_file))
    return [delivery.DkimSigner(sender.domain, sender.dkim_selector or "tailorbird", key)]


def _upwards(domain: str) -> list[str]:
    """Return a domain and those above it, but no top-level one: DMARC takes their keys as well."""
    labels = _wired(domain).split(".")
    return [".".join(labels[at:]) for at in range(len(labels) - 1)]


def _wired(domain: str) -> str:
    wired = delivery.wire_address(f"x@{domain}")
    return wired.removeprefix("x@") if wired else domain
