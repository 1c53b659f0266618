"""The lists of groups that come with Tailorbird: one YAML file each."""

from __future__ import annotations

from importlib.resources import files

SUFFIX = ".yaml"


def groups_library() -> dict[str, str]:
    """Return the YAML text of every shipped list by its name."""
    shipped = sorted(files(__name__).iterdir(), key=lambda file: file.name)
    return {
        file.name.removesuffix(SUFFIX): file.read_text(encoding="utf-8")
        for file in shipped
        if file.name.endswith(SUFFIX)
    }
