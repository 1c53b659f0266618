"""Templates while they are written: their text, what they are made of, what they would read."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tailorbird.schema import PersonId
from tailorbird.views.mail import Preview

Text = Annotated[str, Meta(max_length=400_000)]


class TemplateParts(msgspec.Struct, frozen=True):
    """What a mail is made of: the blocks and the slots that it calls, the values that it reads."""

    syntax: Literal["liquid", "handlebars"]
    blocks: tuple[str, ...]
    slots: tuple[str, ...]
    variables: tuple[str, ...]
    locales: tuple[str, ...]


class TemplateReport(msgspec.Struct, frozen=True):
    """A template as its author wrote it. `parts` is None where `trouble` says what is wrong."""

    name: str
    version: int
    text: str
    campaigns: tuple[str, ...]
    variants: tuple[str, ...]
    parts: TemplateParts | None
    trouble: str = ""


class TemplateTrial(msgspec.Struct, frozen=True):
    """A template as it would be kept: it is right."""

    name: str
    version: int
    parts: TemplateParts


class TemplateFinding(msgspec.Struct, frozen=True):
    """One thing that the lint says of a text, and how to mend it.

    `line` is that of the text, or of the block that it calls where `block` names one.
    """

    code: str
    severity: Literal["error", "warning"]
    block: str
    line: int
    what: str
    mend: str


class TemplateText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mail's body in MJML with Liquid or Handlebars."""

    name: Annotated[str, Meta(min_length=1, max_length=64, pattern="^[a-z0-9][a-z0-9_-]*$")]
    text: Text


class NewTemplate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A template to be kept, and why; `author` is who says so."""

    text: Text
    reason: Annotated[str, Meta(max_length=1000)] = ""
    author: Annotated[str, Meta(max_length=200)] = ""


class TemplateDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A template's text while it is written, and the person to show it as."""

    name: str
    text: Text
    person: Annotated[PersonId, Meta(ge=1)]
    variant: str = ""
    as_of: datetime | None = None


class DraftPreview(msgspec.Struct, frozen=True):
    """A draft as a person would get it. `shown_at` is where its HTML part is for a while."""

    preview: Preview
    shown_at: str
    bytes: int
    """Of the HTML part in UTF-8; Gmail clips what is longer than 102 kB."""
