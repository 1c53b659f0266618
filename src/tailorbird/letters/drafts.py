"""A template's text that is not kept yet, as the first campaign that uses the template has it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from tailorbird import content, journeys
from tailorbird.errors import DefinitionError
from tailorbird.letters import editions
from tailorbird.letters.editions import Edition
from tailorbird.world import World


def of_draft(world: World, name: str, text: str) -> Edition:
    """Return the edition of a draft: with the subjects and fallbacks of its campaign, if any.

    Raises:
        TemplateError: it does not compile.
    """
    edition = editions.of_text(world, name, text)
    campaign = _user(world, name)
    if campaign is None:
        return edition
    subjects = {each: found.subject for each, found in campaign.variants.items()}
    source = content.written(name, subjects, text)
    chains = editions.chains_of(campaign)
    return replace(edition, campaign=campaign, source=source, chains=chains)


def _user(world: World, template: str) -> journeys.Campaign | None:
    for each in world.definitions.latest("campaign"):
        with suppress(DefinitionError):
            campaign = journeys.parse(each.text, f"campaigns/{each.name}.yaml")
            if campaign.template == template:
                return campaign
    return None
