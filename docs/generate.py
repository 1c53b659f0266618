"""Writes docs/reference from the code: `python3 dev.py docs`; `--check` only says what is old."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from tailorbird import settings
from tailorbird.as_code import schemas
from tailorbird.cli.commands import app
from tailorbird.traits.registry import TRAITS
from tailorbird.web.api import routes

REFERENCE = Path(__file__).resolve().parent / "reference"
MADE = "<!-- made by `python3 dev.py docs`; edit the code instead -->"


def pages() -> dict[str, str]:
    """Return the text of every page, by file name."""
    return {
        "api.md": api_page(),
        "cli.md": commands_page(),
        "settings.md": settings_page(),
        "traits.md": traits_page(),
        **{f"schemas/{name}.schema.json": schemas.schema_text(name) for name in schemas.names()},
    }


def commands_page() -> str:
    """Return the reference of the command line."""
    root = typer.main.get_command(app)
    lines = ["# Commands", "", MADE, "", *paragraphs(root.help), ""]
    for path, command in walk(root, ["tailorbird"]):
        lines += [f"## {' '.join(path)}", "", *paragraphs(command.help), ""]
        lines += ["```text", usage(path, command), "```", ""]
        rows = [row(parameter) for parameter in command.params if shown(parameter)]
        if rows:
            lines += ["| argument | default | meaning |", "|---|---|---|", *rows, ""]
    return "\n".join(lines).rstrip() + "\n"


def walk(command: Any, path: list[str]) -> Iterator[tuple[list[str], Any]]:
    """Yield every command that can be run, with its words."""
    below = getattr(command, "commands", {})
    if not below:
        yield path, command
    for name in sorted(below):
        if not below[name].hidden:
            yield from walk(below[name], [*path, name])


def paragraphs(text: str | None) -> list[str]:
    """Return help text as lines of Markdown."""
    return [line.strip() for line in (text or "").strip().splitlines()]


def usage(path: list[str], command: Any) -> str:
    """Return one line that shows how a command is written."""
    words = list(path)
    for parameter in command.params:
        if is_argument(parameter):
            name = argument(parameter)
            words.append(name if parameter.required else f"[{name}]")
    return " ".join([*words, "[OPTIONS]"])


def row(parameter: Any) -> str:
    """Return one parameter as a row of a table."""
    name = argument(parameter) if is_argument(parameter) else ", ".join(parameter.opts)
    if parameter.secondary_opts:
        name += " / " + ", ".join(parameter.secondary_opts)
    default = "required" if parameter.required else shown_default(parameter.default)
    return f"| `{name}` | {default} | {(parameter.help or '').replace('|', chr(92) + '|')} |"


def is_argument(parameter: Any) -> bool:
    """Return whether a parameter goes by its place and not by a name."""
    return not parameter.opts[0].startswith("-")


def argument(parameter: Any) -> str:
    """Return the name of an argument as help prints it."""
    name = str(parameter.metavar or parameter.name.upper())
    return f"{name}..." if parameter.nargs == -1 else name


def shown(parameter: Any) -> bool:
    """Return whether help shows this parameter."""
    return not parameter.hidden and parameter.name != "help"


def shown_default(value: object) -> str:
    """Return a default as a cell; nothing where it says nothing."""
    if value is None or value is False or value in ("", (), []) or callable(value):
        return ""
    return f"`{value}`"


def settings_page() -> str:
    """Return the reference of the settings."""
    _, listing = settings.load(REFERENCE / "no such folder", {})
    rows = [f"| `{entry.name}` | `{entry.value}` |" for entry in listing]
    return "\n".join(
        [
            "# Settings",
            "",
            MADE,
            "",
            f"They stand in `{settings.FILE_NAME}` of the data folder, a table a first word.",
            f"An environment variable wins: `{settings.PREFIX}DELIVERY__CARRIER=smtp` sets",
            "`delivery.carrier`. `tailorbird config show` says where each value came from.",
            "",
            "| setting | default |",
            "|---|---|",
            *rows,
            "",
        ]
    )


def traits_page() -> str:
    """Return the reference of the computed traits."""
    rows = [
        f"| `{trait.name}` | {trait.type} | {trait.unit} | {trait.description} |"
        for trait in TRAITS.values()
    ]
    return "\n".join(
        [
            "# Traits",
            "",
            MADE,
            "",
            "Computed from the facts by one definition each, for segments, models and templates.",
            "Any other name is a declared trait: what an `identify` last said.",
            "",
            "| trait | type | unit | meaning |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def api_page() -> str:
    """Return the reference of the HTTP API, from its OpenAPI description."""
    described = routes().openapi_schema.to_schema()
    lines = ["# HTTP API", "", MADE, "", described["info"]["description"], ""]
    lines += ["The same in full is served at `/api/v1/openapi.json` (OpenAPI 3.1).", ""]
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            lines += [f"## {method.upper()} {path}", "", f"{operation['summary']}.", ""]
            lines += paragraphs(operation.get("description"))
            given = operation.get("parameters", [])
            rows = [
                f"| `{each['name']}` | {each['in']} | {each.get('description') or ''} |"
                for each in given
            ]
            if rows:
                lines += ["", "| parameter | in | meaning |", "|---|---|---|", *rows]
            answers = ", ".join(f"`{status}`" for status in sorted(operation["responses"]))
            lines += ["", f"Answers: {answers}.", ""]
    return "\n".join(lines).rstrip() + "\n"


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` return 1 when one of them is old."""
    check = "--check" in arguments
    old = [name for name, text in pages().items() if written(name) != text]
    for name in old:
        print(
            f"docs/reference/{name} is old; run: python3 dev.py docs" if check else f"wrote {name}"
        )
        if not check:
            (REFERENCE / name).parent.mkdir(parents=True, exist_ok=True)
            (REFERENCE / name).write_text(pages()[name], encoding="utf-8")
    return 1 if check and old else 0


def written(name: str) -> str:
    """Return a page as it lies there, '' when it does not."""
    path = REFERENCE / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
