"""`tailorbird templates export` prints a template in another provider's language."""

from __future__ import annotations

import html
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tailorbird import content
from tailorbird.cli.commands import app
from tailorbird.content.export import Syntax
from tailorbird.content.library import library, templates
from tailorbird.errors import TemplateError


def exported(*words: str | Path) -> str:
    result = CliRunner().invoke(app, ["templates", "export", *map(str, words)])
    if result.exception is not None:
        raise result.exception
    return result.output


def test_a_template_with_its_blocks_is_printed_in_another_language(tmp_path: Path) -> None:
    blocks = tmp_path / "blocks"
    blocks.mkdir()
    (blocks / "name.hbs").write_text("{{uppercase name}}")
    file = tmp_path / "hello.hbs"
    file.write_text("Hi {{> name}}!")
    written = exported(file, "--to", "liquid", "--blocks", blocks)
    assert written.strip() == "Hi {{ name | upcase | escape }}!"
    written = exported(file, "--to", "ampscript", "--blocks", blocks, "--no-escape")
    assert written.strip().endswith("]%%Hi %%=Uppercase(@name)=%%!")


def test_what_does_not_fit_names_its_place_and_ends_without_output(tmp_path: Path) -> None:
    file = tmp_path / "hello.liquid"
    file.write_text("Hi\n{% cycle 'a', 'b' %}")
    with pytest.raises(TemplateError, match=r"^hello\.liquid:2:1: cycle has no match"):
        exported(file, "--to", "ampscript")


@pytest.mark.parametrize("to", ["liquid", "handlebars"])
def test_a_mail_in_mjml_is_written_out_as_the_html_that_it_becomes(
    to: Syntax, tmp_path: Path, values: Callable[..., dict[str, Any]]
) -> None:
    mjml = templates()["win_back"]
    (tmp_path / "win_back.mjml").write_text(mjml)
    written = exported(tmp_path / "win_back.mjml", "--to", to)
    source = content.EmailSource(name="win_back", subjects={}, mjml=mjml)
    ours = content.compile_email(source, library())
    template = content.compile(written, syntax=to)
    for data in (values(), values(person={"first_name": "Ann <3"}), values(recommendations=[])):
        page = ours.html(data, lambda url, index: url, "", 0)
        assert html.unescape(template.render(data)).split() == html.unescape(page).split()
