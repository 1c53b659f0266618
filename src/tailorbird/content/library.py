"""The blocks and templates that come with Tailorbird."""

from __future__ import annotations

from importlib import resources


def library() -> dict[str, str]:
    """Return the shipped blocks: name -> MJML with Liquid."""
    return _read("blocks")


def templates() -> dict[str, str]:
    """Return the shipped templates: name -> MJML with Liquid that calls the shipped blocks."""
    return _read("templates")


def _read(folder: str) -> dict[str, str]:
    files = resources.files("tailorbird.content").joinpath(folder).iterdir()
    return {
        file.name.removesuffix(".mjml"): file.read_text(encoding="utf-8")
        for file in sorted(files, key=lambda file: file.name)
        if file.name.endswith(".mjml")
    }
