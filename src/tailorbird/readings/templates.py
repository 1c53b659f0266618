"""Templates while they are written: what they are made of, and a draft as one person."""

from __future__ import annotations

from tailorbird import letters
from tailorbird.content.lint import Finding, lint
from tailorbird.errors import TailorbirdError
from tailorbird.letters.drafts import of_draft
from tailorbird.letters.editions import Edition
from tailorbird.readings import mails
from tailorbird.schema import Instant, PersonId
from tailorbird.views import Preview
from tailorbird.views.templates import TemplateFinding, TemplateParts, TemplateReport, TemplateTrial
from tailorbird.world import World


def report(world: World, name: str) -> TemplateReport | None:
    """Return a template as it is in force, None where there is none."""
    found = world.definitions.get("template", name)
    if found is None:
        return None
    users = mails.users(world, name)
    campaigns = tuple(each.name for each in users)
    variants = tuple(users[0].variants) if users else ()
    parts, trouble = None, ""
    try:
        parts = _parts(letters.editions.of_text(world, name, found.text))
    except TailorbirdError as error:
        trouble = error.sentence()
    return TemplateReport(name, found.version, found.text, campaigns, variants, parts, trouble)


def trial(world: World, name: str, text: str) -> TemplateTrial:
    """Return what a text would be kept as; nothing is kept.

    Raises:
        TemplateError: with the place and the mend.
    """
    kept = world.definitions.get("template", name)
    version = (kept.version if kept else 0) + (kept is None or kept.text != text)
    return TemplateTrial(name, version, _parts(letters.editions.of_text(world, name, text)))


def findings(world: World, name: str, text: str) -> tuple[TemplateFinding, ...]:
    """Return what the lint says of a text, in the order of its lines; nothing is kept.

    Raises:
        TemplateError: it does not compile.
    """
    edition = letters.editions.of_text(world, name, text)
    return tuple(_finding(each, name) for each in lint(edition.source, edition.blocks))


def preview(
    world: World, name: str, text: str, person: PersonId, variant: str, now: Instant
) -> Preview | None:
    """Return a draft as a person would have got it; with the subjects of the campaign that uses it.

    Raises:
        TemplateError: the draft, or the person's values, must be mended.
        UsageError: there is no such variant.
    """
    edition = of_draft(world, name, text)
    return mails.as_person(world, edition, person, variant, now)


def _parts(edition: Edition) -> TemplateParts:
    manifest = edition.manifest
    return TemplateParts(
        syntax=edition.source.syntax,
        blocks=tuple(sorted(manifest.blocks)),
        slots=tuple(sorted(manifest.slots)),
        variables=tuple(sorted(edition.template.variables())),
        locales=tuple(sorted(edition.locales)),
    )


def _finding(found: Finding, name: str) -> TemplateFinding:
    file = found.where.rsplit(":", 2)[0]
    block = "" if file == name else file
    return TemplateFinding(found.code, found.severity, block, found.line, found.what, found.mend)
