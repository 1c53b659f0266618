"""Templates as campaigns use them, compiled once for every version."""

from __future__ import annotations

from functools import lru_cache

from tailorbird import content, journeys
from tailorbird.errors import UsageError
from tailorbird.world import World


def check(world: World, campaign: journeys.Campaign, version: int) -> None:
    """Compile the campaign's template, so that a mistake ends the campaign before it begins.

    Raises:
        TemplateError: with the place and the mend.
        UsageError: there is no such template.
    """
    template(world, campaign, version)


def check_template(world: World, name: str, mjml: str) -> None:
    """Compile a template with a plain subject.

    Raises:
        TemplateError: with the place and the mend.
    """
    blocks = {block.name: block.text for block in world.definitions.latest("block")}
    content.compile_email(content.written(name, {"any": "Hello"}, mjml), blocks)


def template(world: World, campaign: journeys.Campaign, version: int) -> content.EmailTemplate:
    """Return the campaign's template, compiled once for each version of it, blocks included."""
    found = world.definitions.get("template", campaign.template)
    if found is None:
        known = ", ".join(d.name for d in world.definitions.latest("template")) or "none yet"
        raise UsageError(
            f"no template {campaign.template!r}",
            where=f"campaigns/{campaign.name}.yaml",
            mend=f"templates here: {known}",
        )
    subjects = tuple((name, variant.subject) for name, variant in campaign.variants.items())
    blocks = tuple((block.name, block.text) for block in world.definitions.latest("block"))
    return _compiled(campaign.template, subjects, found.text, blocks)


@lru_cache(maxsize=32)
def _compiled(
    name: str,
    subjects: tuple[tuple[str, str], ...],
    mjml: str,
    blocks: tuple[tuple[str, str], ...],
) -> content.EmailTemplate:
    return content.compile_email(content.written(name, dict(subjects), mjml), dict(blocks))
