"""`tailorbird templates export` prints a template in another provider's language."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tailorbird.cli.commands import app
from tailorbird.errors import TemplateError, UsageError


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
    (tmp_path / "mail.mjml").write_text("<mjml></mjml>")
    with pytest.raises(UsageError, match="MJML cannot be exported"):
        exported(tmp_path / "mail.mjml", "--to", "liquid")
