"""Public Handlebars suites, case by case; what we do otherwise is listed with its reason."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tailorbird import content
from tailorbird.errors import TemplateError

Case = Mapping[str, Any]

OPTIONS = {
    "compat": "looks names up in every context around; a template could read what it should not",
    "strict": "refuses missing names; the audience check finds them before anything is sent",
    "assumeObjects": "lets a missing name crash, for speed in a browser",
    "explicitPartialContext": "gives partials nothing by default, against the language's own rule",
    "ignoreStandalone": "switches off a rule of the language",
    "preventIndent": "switches off a rule of the language",
}
"""Options of the JavaScript `compile`, not of the language, and why we have none of them."""
PRIVATE = "private values that the calling program invents, by an option of the JavaScript API"
PROTOTYPES = "opens prototypes of JavaScript objects, of which plain data have none"


def attempt(source: str, blocks: Mapping[str, str], data: Any) -> str | TemplateError:
    try:
        template = content.compile(source, syntax="handlebars", blocks=blocks, unescaped=True)
        return template.render(data)
    except TemplateError as error:
        return error


def cases(shared_data: Path, name: str) -> Iterator[Case]:
    for line in (shared_data / "templates" / name).read_text().split("\n"):
        if not line:
            continue
        yield json.loads(line)


def excluded(case: Case) -> str:
    """Return why a case is about JavaScript and not about templates, or ''."""
    for option, wanted in (case.get("compile_options") or {}).items():
        if wanted and option in OPTIONS:
            return OPTIONS[option]
    options = case.get("runtime_options") or {}
    named = set(options.get("data") or {}) & {"hello", "root"}
    if named:
        return PRIVATE
    return PROTOTYPES if "allowedProtoMethods" in options and case.get("expected") else ""


@pytest.mark.shared
def test_every_handlebars_case_without_javascript_passes(shared_data: Path) -> None:
    found = list(cases(shared_data, "handlebars_cases.jsonl"))
    reasons = Counter(excluded(case) for case in found)
    failed = [case["id"] for case in found if not excluded(case) and not passes(case)]
    assert len(found) == 221
    assert failed == []
    assert reasons[""] >= 185


def passes(case: Case) -> bool:
    got = attempt(case["template"], case.get("partials") or {}, case["data"])
    if case.get("error") or case.get("error_matches"):
        return isinstance(got, TemplateError)
    return bool(got == case["expected"])


DELIMITERS = "Handlebars has no tag that changes the delimiters"
MODULES = "an optional module of mustache with a syntax that Handlebars does not have"
PARENTS = "Handlebars looks a name up in its own context only; `../` says another"


@pytest.mark.shared
def test_every_mustache_case_passes_where_handlebars_agrees(shared_data: Path) -> None:
    otherwise: Counter[str] = Counter()
    found = list(cases(shared_data, "mustache_cases.jsonl"))
    for case in found:
        got = attempt(case["template"], case.get("partials") or {}, case["data"])
        if got == case["expected"]:
            continue
        if case["file"] == "delimiters":
            otherwise[DELIMITERS] += 1
        elif case["file"].startswith("~"):
            otherwise[MODULES] += 1
        else:
            assert (case["file"], case["name"]) == ("sections", "Parent contexts")
            otherwise[PARENTS] += 1
    assert len(found) == 118
    assert otherwise == {DELIMITERS: 8, MODULES: 30, PARENTS: 1}


@pytest.mark.shared
def test_sendgrids_templates_render_with_their_data(shared_data: Path) -> None:
    folder = shared_data / "templates" / "email" / "sendgrid"
    for template, data in (
        ("newsletter-news_feed.html", "newsletter-news_feed_data.json"),
        (
            "transactional-actions-call_to_action.html",
            "transactional-actions-password_reset_data.json",
        ),
    ):
        values = json.loads((folder / f"dynamic-templates-{data}").read_text())
        source = (folder / f"dynamic-templates-{template}").read_text()
        page = content.compile(source, syntax="handlebars", unescaped=True).render(values)
        safe = content.compile(source, syntax="handlebars", unescaped=True, escape=True)
        assert "{{" not in page
        assert "{{" not in safe.render(values)
        for text in texts(values):
            assert text in page.replace("&#x3D;", "=")


def texts(values: Any) -> Iterator[str]:
    """Yield every text in some data."""
    if isinstance(values, dict):
        values = list(values.values())
    if isinstance(values, list):
        for value in values:
            yield from texts(value)
    else:
        yield str(values)


@pytest.mark.shared
def test_postmarks_templates_render(shared_data: Path) -> None:
    found = sorted((shared_data / "templates" / "email" / "postmark").iterdir())
    data: Any = {
        "name": "Ada <b>",
        "action_url": "https://shop.example/?a=1&b=2",
        "receipt_details": [{"description": "Tea", "amount": "£3"}],
        "invoice_details": [{"description": "Tea", "amount": "£3"}],
        "attachment_details": {"attachment_name": "list.pdf"},
    }
    for path in found:
        plain = path.suffix == ".txt"
        source = path.read_text()
        page = content.compile(source, syntax="handlebars", plain=plain).render(data)
        assert "{{" not in page.replace("{{ something }}", ""), path.name  # its own example
        if "{{name}}" in source:
            assert ("Ada <b>" if plain else "Ada &lt;b&gt;") in page, path.name
    assert len(found) == 50
