"""`tailorbird templates render` prints what a template file makes of values, in each language."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tailorbird import content
from tailorbird.cli.commands import app
from tailorbird.errors import TemplateError, UsageError


def printed(*words: str | Path) -> str:
    result = CliRunner().invoke(app, ["templates", "render", *map(str, words)])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_liquid_file_is_rendered_with_its_values_and_blocks(tmp_path: Path) -> None:
    blocks = tmp_path / "blocks"
    blocks.mkdir()
    (blocks / "name.liquid").write_text("{{ name | upcase }}")
    (tmp_path / "hello.liquid").write_text("Hi {% render 'name' %}!")
    (tmp_path / "ann.json").write_text('{"name": "Ann"}')
    words: list[str | Path] = [
        tmp_path / "hello.liquid",
        "--data",
        tmp_path / "ann.json",
        "--blocks",
        blocks,
    ]
    assert printed(*words).strip() == "Hi ANN!"


def test_a_mail_is_rendered_as_html_with_the_shipped_blocks(tmp_path: Path) -> None:
    file = tmp_path / "mail.mjml"
    file.write_text("<mjml><mj-body>{% render 'footer' %}</mj-body></mjml>")
    assert "<!doctype html>" in printed(file).lower()


def test_a_syntax_that_nobody_knows_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(UsageError, match=r"page: no template syntax 'erb'; known: .*liquid"):
        content.compile("", syntax="erb", name="page")  # type: ignore[arg-type]


def test_an_error_gives_its_file_line_column_and_mend_one_by_one() -> None:
    with pytest.raises(TemplateError) as caught:
        content.compile("a\n b {{ c | upcas }}", name="x:1.liquid")
    error = caught.value
    assert (error.file, error.line, error.column) == ("x:1.liquid", 2, 11)
    assert error.mend == "did you mean 'upcase'?"
    assert (TemplateError("a", where="b").file, TemplateError("a", where="b").line) == ("b", None)
