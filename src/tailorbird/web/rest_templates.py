"""The API of templates while they are written: checked, shown as one person, kept in versions."""

from __future__ import annotations

from typing import Final

from litestar import Response, post, put
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from tailorbird import authoring
from tailorbird.readings import library, templates
from tailorbird.views.library import BlockRow, TextsRow
from tailorbird.views.sources import KeptText
from tailorbird.views.templates import (
    DraftPreview,
    NewTemplate,
    TemplateDraft,
    TemplateFinding,
    TemplateReport,
    TemplateText,
    TemplateTrial,
)
from tailorbird.web.asking import (
    GUARDED,
    INVALID,
    MISSING,
    WRITES,
    WRITING,
    WRONG,
    At,
    Id,
    Name,
    Now,
    found,
    instant_of,
    reads,
)
from tailorbird.web.rest_definitions import BY_API, handlers
from tailorbird.web.rest_mail import Scheme, framed

TAG: Final = "mail"
LARGEST_BYTES: Final = 1 << 20
READING: Final = INVALID | WRONG | GUARDED


@reads("/templates/{name:str}", "One template", TAG, responses=MISSING)
def get_template(desk: At, name: Name) -> TemplateReport:
    """Return a template's text, the campaigns that use it, and what it is made of."""
    return found(templates.report(desk.world, name), f"template {name!r}")


@post("/templates/check", summary="Check a template", tags=[TAG], status_code=200,
      responses=READING, request_max_body_size=LARGEST_BYTES, sync_to_thread=True)  # fmt: skip
def check_template(desk: At, data: JSONBody[TemplateText]) -> TemplateTrial:
    """Return what a text would be kept as, and what it is made of; nothing is kept."""
    return templates.trial(desk.world, data.name, data.text)


@post("/templates/lint", summary="Lint a template", tags=[TAG], status_code=200,
      responses=READING, request_max_body_size=LARGEST_BYTES, sync_to_thread=True)  # fmt: skip
def lint_template(desk: At, data: JSONBody[TemplateText]) -> tuple[TemplateFinding, ...]:
    """Return what is wrong with a text for everybody's eyes, for mail readers and for the law."""
    return templates.findings(desk.world, data.name, data.text)


@reads("/blocks", "All blocks", TAG)
def list_blocks(desk: At) -> tuple[BlockRow, ...]:
    """Return every block that templates may call, by what it says of itself."""
    return library.blocks(desk.world)


@reads("/texts", "All texts", TAG)
def list_texts(desk: At) -> tuple[TextsRow, ...]:
    """Return the texts of every locale, and what each lacks."""
    return library.texts(desk.world)


@post("/templates/preview", summary="Preview a draft", tags=[TAG], status_code=200,
      responses=READING | MISSING, request_max_body_size=LARGEST_BYTES,
      sync_to_thread=True)  # fmt: skip
def preview_draft(desk: At, now: Now, data: JSONBody[TemplateDraft]) -> DraftPreview:
    """Return a text as a person would get it, now or at a past instant; nothing is kept."""
    at = instant_of(data.as_of, now)
    shown = found(
        templates.preview(desk.world, data.name, data.text, data.person, data.variant, at),
        f"person {data.person}",
    )
    where = f"/templates/drafts/{desk.drafts.keep(shown.html)}"
    return DraftPreview(shown, where, len(shown.html.encode()))


@reads("/templates/drafts/{draft:str}", "The HTML part of a draft", TAG, responses=MISSING)
def show_draft(desk: At, draft: Id, scheme: Scheme = "") -> Response[str]:
    """Return a draft's HTML part under the same policy as a stored message."""
    return framed(found(desk.drafts.get(draft), "such draft any more"), scheme)


@put("/templates/{name:str}", summary="Keep a template", tags=[TAG], status_code=200,
     responses=WRITING, request_max_body_size=LARGEST_BYTES, **WRITES)  # fmt: skip
def put_template(desk: At, name: Name, data: JSONBody[NewTemplate]) -> KeptText:
    """Keep a template as a new version, once it is right; the same text makes none."""
    reason = data.reason or BY_API
    kept = authoring.put(
        desk.world, "template", name, data.text,
        now=desk.clock(), author=data.author, reason=reason,
    )  # fmt: skip
    return KeptText(kept.kind, kept.name, kept.version)


HANDLERS: Final[list[ControllerRouterHandler]] = [
    get_template,
    check_template,
    lint_template,
    list_blocks,
    list_texts,
    preview_draft,
    show_draft,
    put_template,
    *handlers("template", "templates", "a template"),
]
