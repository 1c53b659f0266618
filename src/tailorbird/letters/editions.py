"""Editions: all that a campaign's mails are made of at one time, named by a digest of it.

Template, blocks, slots, texts and campaign go in by their versions, the shop and the sender as they
are. A decision keeps the digest, so its mail can be made again byte for byte, whatever was edited
since.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import metadata
from typing import Any, Final

import msgspec

from tailorbird import content, journeys, yaml_text
from tailorbird.content.fallbacks import Chain, read_chains
from tailorbird.errors import UsageError
from tailorbird.letters import campaigns
from tailorbird.letters.texts import PAGE, parse_texts
from tailorbird.schema import Definition, DefinitionKind, Instant
from tailorbird.settings import Shop, brand
from tailorbird.world import World

DIGEST_BYTES: Final = 16


class Manifest(msgspec.Struct, frozen=True):
    """What an edition is made of: versions by name, and the settings that mails print."""

    campaign: tuple[str, int]
    template: tuple[str, int]
    blocks: dict[str, int]
    slots: dict[str, int]
    texts: dict[str, int]
    shop: Shop
    sender: dict[str, str]
    base_url: str
    demo: bool
    made_by: str
    """The version of Tailorbird; another may render otherwise."""


@dataclass(frozen=True, slots=True)
class Edition:
    """A campaign with its template, ready to render."""

    manifest: Manifest
    campaign: journeys.Campaign
    source: content.EmailSource
    blocks: Mapping[str, str]
    """Those that the template calls, with the ones that choose among them."""
    slots: tuple[content.Slot, ...]
    chains: tuple[Chain, ...]
    texts: Mapping[str, Mapping[str, str]]
    locales: frozenset[str]
    """In which it is written, beside the shop's own."""
    digest: str
    by_locale: dict[str, dict[str, Any]] = field(default_factory=dict, compare=False)
    """What is the same for everybody in a locale, kept once it was made."""

    @property
    def template(self) -> content.EmailTemplate:
        """Return the compiled mail.

        Raises:
            TemplateError: with the place and the mend.
        """
        return _compiled(self.source.name, self._key(), tuple(sorted(self.blocks.items())))

    @property
    def gaps(self) -> content.Gaps:
        """Return what finds the values that a person's mail would print and does not have."""
        return _gaps(self.source.name, self._key(), tuple(sorted(self.blocks.items())))

    def reads(self, root: str) -> list[str]:
        """Return the names under a root that the mail reads: `traits` gives `tier`, `orders`."""
        paths = [path.split(".") for path in self.template.variables()]
        found = {path[1] for path in paths if path[0] == root and len(path) > 1}
        return sorted(found)

    def roots(self) -> set[str]:
        """Return the names at the top of what the mail reads."""
        return {path.partition(".")[0].removesuffix("[]") for path in self.template.variables()}

    def _key(self) -> bytes:
        return msgspec.json.encode(self.source, order="sorted")


def current(world: World, campaign: journeys.Campaign, version: int) -> Edition:
    """Return a campaign's edition as it stands now; nothing is kept.

    Raises:
        DefinitionError, UsageError: something that it needs is broken, or not there.
    """
    template = world.definitions.get("template", campaign.template)
    if template is None:
        known = ", ".join(d.name for d in world.definitions.latest("template")) or "none yet"
        raise UsageError(
            f"no template {campaign.template!r}",
            where=f"campaigns/{campaign.name}.yaml",
            mend=f"templates here: {known}",
        )
    kinds: tuple[DefinitionKind, ...] = ("block", "slot", "texts")
    found = {kind: {each.name: each for each in world.definitions.latest(kind)} for kind in kinds}
    return _edition(world, campaign, version, template, found)


def of_text(world: World, name: str, body: str) -> Edition:
    """Return the edition of a template's text, with its name as its subject."""
    campaign = _plain(name)
    kinds: tuple[DefinitionKind, ...] = ("block", "slot", "texts")
    found = {kind: {each.name: each for each in world.definitions.latest(kind)} for kind in kinds}
    return _edition(world, campaign, 0, Definition("template", name, 0, body), found)


def of_template(world: World, name: str) -> Edition:
    """Return the edition of a template as the first campaign that uses it has it, else plain.

    Raises:
        UsageError: there is no such template.
    """
    for campaign, found in campaigns.latest(world):
        if campaign.template == name:
            return current(world, campaign, found.version)
    return current(world, _plain(name), 0)


def _plain(name: str) -> journeys.Campaign:
    """Return what a template without a campaign is shown for: its name is the subject."""
    return journeys.Campaign(
        name="preview",
        audience="everybody",
        template=name,
        variants={"preview": journeys.Variant(subject=name)},
    )


def keep(world: World, edition: Edition, now: Instant) -> None:
    """Keep what an edition is made of, so that its digest leads back to it."""
    text = msgspec.json.encode(edition.manifest, order="sorted").decode()
    author = "tailorbird"
    world.definitions.put("edition", edition.digest, text, author=author, reason="", now=now)


def kept(world: World, digest: str) -> Edition:
    """Return the edition that a decision was made with.

    Raises:
        UsageError: it is not there, or one of its parts is not.
    """
    found = world.definitions.get("edition", digest)
    if found is None:
        raise UsageError(f"no edition {digest!r}", mend="restore the data folder's record")
    manifest = msgspec.json.decode(found.text, type=Manifest)
    name, version = manifest.campaign
    campaign = campaigns.find(world, name, version)
    if campaign is None:
        raise _lost("campaign", name, version)
    parts: dict[DefinitionKind, dict[str, Definition]] = {
        "block": {name: _part(world, "block", name, v) for name, v in manifest.blocks.items()},
        "slot": {name: _part(world, "slot", name, v) for name, v in manifest.slots.items()},
        "texts": {name: _part(world, "texts", name, v) for name, v in manifest.texts.items()},
    }
    return _edition(
        world,
        *campaign,
        _part(world, "template", *manifest.template),
        parts,
        manifest,
    )


def read_slot(found: Definition) -> content.Slot:
    """Return a slot's definition read."""
    return _slot(found.text, found.name, found.version)


def chains_of(campaign: journeys.Campaign) -> tuple[Chain, ...]:
    """Return the fallbacks of a campaign.

    Raises:
        DefinitionError: one of them is broken.
    """
    document = yaml_text.Document(f"campaigns/{campaign.name}.yaml", campaign.fallbacks)
    return read_chains(document, campaign.fallbacks, (), hides=False)


def _part(world: World, kind: DefinitionKind, name: str, version: int) -> Definition:
    found = world.definitions.get(kind, name, version)
    if found is None:
        raise _lost(kind, name, version)
    return found


def _lost(kind: DefinitionKind, name: str, version: int) -> UsageError:
    what = f"no {kind} {name!r}, version {version}"
    return UsageError(what, mend="restore the data folder's record")


def _edition(
    world: World,
    campaign: journeys.Campaign,
    version: int,
    template: Definition,
    found: Mapping[DefinitionKind, Mapping[str, Definition]],
    manifest: Manifest | None = None,
) -> Edition:
    """Put an edition together; with a `manifest`, as it says, else as the settings are now."""
    blocks = {name: each.text for name, each in found["block"].items()}
    slots = {name: read_slot(each) for name, each in found["slot"].items()}
    shop = manifest.shop if manifest else world.settings.shop
    choosing = content.Choosing(
        {name: slot.blocks() for name, slot in slots.items()},
        {name: _roots(slot) for name, slot in slots.items()},
        shop.locale,
    )
    called = content.called(blocks, template.text, choosing)
    texts = {name: parse_texts(each.text, each.name) for name, each in found["texts"].items()}
    parts = {
        "blocks": {n: each.version for n, each in found["block"].items() if n in called},
        "slots": {n: each.version for n, each in found["slot"].items() if n in called},
        "texts": {n: each.version for n, each in found["texts"].items()},
    }
    manifest = manifest or _manifest(world, campaign, version, template, parts)
    return Edition(
        manifest,
        campaign,
        content.written(
            campaign.template, {n: v.subject for n, v in campaign.variants.items()}, template.text
        ),
        content.dispatched(blocks, template.text, choosing),
        tuple(slots[name] for name in sorted(called & slots.keys())),
        chains_of(campaign),
        texts,
        frozenset(_locales(called, blocks, texts)),
        _digest(manifest, template, found, parts),
    )


def _manifest(
    world: World,
    campaign: journeys.Campaign,
    version: int,
    template: Definition,
    parts: dict[str, Any],
) -> Manifest:
    settings = world.settings
    own = brand(settings, campaign.brand)
    sender = {"name": own.name, "postal_address": own.postal_address}
    if campaign.brand:
        sender |= {"address": own.address, "domain": own.domain, "reply_to": own.reply_to}
    return Manifest(
        campaign=(campaign.name, version),
        template=(template.name, template.version),
        shop=settings.shop,
        sender=sender,
        base_url=own.base_url,
        demo=settings.demo,
        made_by=made_by(),
        **parts,
    )


def _digest(
    manifest: Manifest,
    template: Definition,
    found: Mapping[DefinitionKind, Mapping[str, Definition]],
    parts: Mapping[str, Mapping[str, int]],
) -> str:
    """Return the digest of the manifest and of every text that it names."""
    kinds: dict[str, DefinitionKind] = {"blocks": "block", "slots": "slot", "texts": "texts"}
    texts = [template.text]
    for key, kind in kinds.items():
        texts += [found[kind][name].text for name in sorted(parts[key])]
    whole = msgspec.json.encode([manifest, texts], order="sorted")
    return hashlib.blake2b(whole, digest_size=DIGEST_BYTES, person=b"tb-edition").hexdigest()


def _roots(slot: content.Slot) -> tuple[str, ...]:
    return tuple(sorted({chain.path.partition(".")[0] for chain in slot.values}))


def _locales(
    called: set[str], blocks: Mapping[str, str], texts: Mapping[str, Mapping[str, str]]
) -> set[str]:
    ends = {name.rpartition(".")[2] for name in called & blocks.keys() if "." in name}
    written = {locale for locale, named in texts.items() if any(_of_mails(n) for n in named)}
    return {each for each in ends if content.is_locale(each)} | written


def _of_mails(text: str) -> bool:
    return not text.startswith(PAGE)


@cache
def made_by() -> str:
    """Return the version of Tailorbird."""
    return metadata.version("tailorbird")


@lru_cache(maxsize=256)
def _slot(text: str, name: str, version: int) -> content.Slot:
    return content.parse_slot(text, f"slots/{name}.yaml", version=version)


@lru_cache(maxsize=32)
def _compiled(
    name: str, source: bytes, blocks: tuple[tuple[str, str], ...]
) -> content.EmailTemplate:
    decoded = msgspec.json.decode(source, type=content.EmailSource)
    return content.compile_email(decoded, dict(blocks))


@lru_cache(maxsize=32)
def _gaps(name: str, source: bytes, blocks: tuple[tuple[str, str], ...]) -> content.Gaps:
    decoded = msgspec.json.decode(source, type=content.EmailSource)
    return content.Gaps(decoded, dict(blocks))
