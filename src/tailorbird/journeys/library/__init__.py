"""The journeys that come with Tailorbird, ready to be put in force: one YAML file each."""

from __future__ import annotations

from importlib.resources import files

SUFFIX = ".yaml"


def library() -> dict[str, str]:
    """Return the YAML text of every recipe by its name."""
    shipped = sorted(files(__name__).iterdir(), key=lambda file: file.name)
    return {
        file.name.removesuffix(SUFFIX): file.read_text(encoding="utf-8")
        for file in shipped
        if file.name.endswith(SUFFIX)
    }
