"""`tailorbird forms`: keep a form, link to it, put it into a page, read what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Folder, Person, opened
from tailorbird.cli.output import emit, read_text, table

if TYPE_CHECKING:
    from tailorbird.forms import Results

app = typer.Typer(help="Forms and surveys.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The form's name.")]


@app.command()
def put(
    file: Annotated[Path, typer.Argument(help="A form in YAML.")],
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Check a form file and keep it as a new version."""
    with opened(folder) as tb:
        kept = tb.put("form", file.stem, read_text(file))
        from tailorbird.forms import page

        url = page(tb.world, kept.name)
    found = {"form": kept.name, "version": kept.version, "url": url}
    emit(found, [f"form {kept.name}, version {kept.version}: {url}"], as_json=as_json)


@app.command("list")
def list_forms(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """List every form with its address."""
    from tailorbird.forms import page, standing

    with opened(folder) as tb:
        rows = [
            (form.name, version, form.title, page(tb.world, form.name))
            for form, version in standing(tb.world)
        ]
    headings = ("form", "version", "title", "url")
    found = [dict(zip(headings, row, strict=True)) for row in rows]
    emit(found, table(headings, rows) if rows else ["no form yet"], as_json=as_json)


@app.command()
def show(name: Name, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Show what a form asks, and what each answer fills."""
    from tailorbird.forms import find

    with opened(folder) as tb:
        form, version = find(tb.world, name)
    rows = [
        (
            field.name,
            field.kind,
            "optional" if field.optional else "required",
            field.fills or "-",
            field.notes or "-",
        )
        for field in form.fields
    ]
    head = f"{form.name}, version {version}: {form.title}"
    if form.double_opt_in:
        head += " (double opt-in)"
    lines = [head, "", *table(("field", "kind", "asked", "trait", "property"), rows)]
    emit({"version": version, "form": form}, lines, as_json=as_json)


@app.command()
def link(
    name: Name,
    person: Person,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Print a form's signed address for one person; it shows her what is stored of her."""
    from tailorbird import forms

    with opened(folder) as tb:
        form, _ = forms.find(tb.world, name)
        url = forms.link(tb.world, form.name, tb.person(person), tb.clock())
    emit({"url": url}, [url], as_json=as_json)


@app.command()
def embed(
    name: Name,
    frame: Annotated[bool, typer.Option(help="A frame around the hosted page instead.")] = False,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Print HTML that puts a form into any page; it needs no script."""
    from tailorbird import forms
    from tailorbird.web.form_pages import frame as framed
    from tailorbird.web.form_pages import snippet

    with opened(folder) as tb:
        form, _ = forms.find(tb.world, name)
        url = forms.page(tb.world, form.name)
    html = framed(form, url) if frame else snippet(form, url)
    emit({"html": html}, [html], as_json=as_json)


@app.command("results")
def show_results(name: Name, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Count what came of a form: submissions, confirmations, answers, net promoter score."""
    from tailorbird import forms

    with opened(folder) as tb:
        tb.ingest()
        found = forms.results(tb.world, name, tb.clock())
    emit(found, _lines(found), as_json=as_json)


def _lines(found: Results) -> list[str]:
    lines = [
        f"{found.form}, version {found.version}: {found.submissions:,} submissions "
        f"by {found.people:,} people"
    ]
    if found.confirmed or found.waiting or found.expired:
        lines.append(
            f"{found.confirmed:,} confirmed, {found.waiting:,} waiting, {found.expired:,} expired"
        )
    if found.nps is not None:
        nps = found.nps
        lines.append(
            f"net promoter score {nps.score:+.1f} (95 %: {nps.low:+.1f} to {nps.high:+.1f}) of "
            f"{nps.people:,}: {nps.promoters:,} promoters, {nps.passives:,} passives, "
            f"{nps.detractors:,} detractors"
        )
    if found.choices:
        rows = [(choice.field, choice.label, choice.people) for choice in found.choices]
        lines += ["", *table(("question", "answer", "people"), rows)]
    return lines
