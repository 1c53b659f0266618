"""The API of forms: their addresses, what came of them, and new versions."""

from __future__ import annotations

from typing import Final

from litestar import post
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from tailorbird import authoring, forms
from tailorbird.collect.forms import Form
from tailorbird.views.forms import FormAnswer, FormReport, FormResults, FormRow
from tailorbird.views.sources import DefinitionText, KeptText
from tailorbird.web import form_pages
from tailorbird.web.asking import MISSING, WRITES, WRITING, At, Name, found, reads
from tailorbird.web.desk import Desk
from tailorbird.web.rest_definitions import BY_API, named

TAG: Final = "forms"


@reads("/forms", "All forms", TAG)
def list_forms(desk: At) -> tuple[FormRow, ...]:
    """Return every form by name, with its address."""
    return tuple(_row(desk, form, version) for form, version in forms.standing(desk.world))


@reads("/forms/{name:str}", "One form", TAG, responses=MISSING)
def get_form(desk: At, name: Name) -> FormReport:
    """Return a form, HTML that puts it into a page, and what came of all its versions."""
    kept = found(desk.world.definitions.get("form", name), f"form {name!r}")
    form, version = forms.find(desk.world, name)
    url = forms.page(desk.world, name)
    return FormReport(
        _row(desk, form, version),
        kept.text,
        form_pages.snippet(form, url),
        form_pages.frame(form, url),
        _results(form, forms.results(desk.world, name, desk.clock())),
    )


@post("/forms/check", summary="Check a form", tags=[TAG], status_code=200, responses=WRITING,
      **WRITES)  # fmt: skip
def check_form(desk: At, data: JSONBody[DefinitionText]) -> KeptText:
    """Return under which name and version a form would be kept; nothing is kept."""
    name = named(data.text, "form.yaml")
    authoring.check_definition(desk.world, "form", name, data.text)
    kept = desk.world.definitions.get("form", name)
    same = kept is not None and kept.text == data.text
    return KeptText("form", name, (kept.version if kept else 0) + (not same))


@post("/forms", summary="Keep a form", tags=[TAG], responses=WRITING, **WRITES)
def put_form(desk: At, data: JSONBody[DefinitionText]) -> KeptText:
    """Keep a form under the name that it says, as a new version."""
    kept = authoring.put(
        desk.world,
        "form",
        named(data.text, "form.yaml"),
        data.text,
        now=desk.clock(),
        reason=BY_API,
    )
    return KeptText(kept.kind, kept.name, kept.version)


def _row(desk: Desk, form: Form, version: int) -> FormRow:
    return FormRow(
        form.name,
        version,
        form.title,
        forms.page(desk.world, form.name),
        sum(field.kind != "hidden" for field in form.fields),
        form.double_opt_in,
    )


def _results(form: Form, told: forms.Results) -> FormResults:
    asked = {field.name: field.label or field.name for field in form.fields}
    return FormResults(
        told.submissions,
        told.people,
        told.confirmed,
        told.waiting,
        told.expired,
        tuple(
            FormAnswer(each.field, asked[each.field], each.answer, each.label, each.people)
            for each in told.choices
        ),
        told.nps,
    )


HANDLERS: Final[list[ControllerRouterHandler]] = [list_forms, get_form, check_form, put_form]
