"""Templates as campaigns use them, checked before anybody is written to."""

from __future__ import annotations

from collections.abc import Mapping

from tailorbird import content, grouping, journeys, recommending
from tailorbird.content.languages import language
from tailorbird.content.liquid import Source
from tailorbird.content.shapes import Shape
from tailorbird.content.typecheck import misfits
from tailorbird.errors import DefinitionError, TemplateError, UsageError
from tailorbird.letters import editions
from tailorbird.letters.asking import check_sound, questions
from tailorbird.letters.images import check_images
from tailorbird.letters.journey_shapes import of_campaign
from tailorbird.letters.picks import check_rules
from tailorbird.letters.senders import check_sender
from tailorbird.letters.shapes import shapes
from tailorbird.world import World


def check(
    world: World,
    campaign: journeys.Campaign,
    version: int,
    beside: Mapping[str, Shape] | None = None,
) -> editions.Edition:
    """Return the campaign's edition, compiled, so that a mistake ends it before it begins.

    `beside` is what the journey gives its mails, of a send whose journey is not kept yet.

    Raises:
        TemplateError, DefinitionError: with the place and the mend; a name that nobody is given
            and a value of the wrong kind are mistakes, too.
        UsageError: there is no such template.
    """
    check_sender(campaign)
    edition = editions.current(world, campaign, version)
    check_sound(world, edition)
    check_rules(world, campaign, asks=edition.template.asks)
    _ = edition.gaps
    check_images(world, edition.template.variables())
    more = of_campaign(world, campaign.name, version) if beside is None else beside
    for misfit in misfits(edition.source, edition.blocks, {**shapes(world, edition), **more}):
        raise misfit.error()
    return edition


def check_readable(world: World, campaign: journeys.Campaign, version: int) -> None:
    """Return when a mail asks no broken segment, and its rules of recommendation can be read.

    Until that is mended, nobody gets it. What else is wrong with the mail is told where it is made.

    Raises:
        DefinitionError: one is broken, or they are.
    """
    sound = len(grouping.sound_segments(world)) == len(grouping.standing_segments(world))
    if sound and not recommending.refused(world):
        return
    try:
        edition = editions.current(world, campaign, version)
        questions(edition)
        asks = edition.template.asks
    except (DefinitionError, TemplateError, UsageError):
        return
    check_sound(world, edition)
    check_rules(world, campaign, asks=asks)


def check_template(world: World, name: str, text: str) -> None:
    """Compile a template with a plain subject.

    Raises:
        TemplateError: with the place and the mend.
    """
    _ = editions.of_text(world, name, text).template


def check_block(world: World, name: str, text: str) -> None:
    """Read a block with all that it calls; what becomes of it in a mail, the mail's check tells.

    Raises:
        TemplateError: with the place and the mend.
    """
    edition = editions.of_text(world, name, text)
    spoken = language(edition.source.syntax)
    spoken.body(spoken.tokens(Source(name, text), edition.blocks))


def template(world: World, campaign: journeys.Campaign, version: int) -> content.EmailTemplate:
    """Return the campaign's template, compiled once for each version of it, blocks included."""
    return editions.current(world, campaign, version).template
