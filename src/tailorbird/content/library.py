"""The blocks and templates that come with Tailorbird, and what each block says about itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources
from typing import Any, Final

import msgspec
import yaml

from tailorbird.errors import TemplateError

_DOC: Final = re.compile(r"\{%-?\s*doc\s*-?%\}(.*?)\{%-?\s*enddoc\s*-?%\}", re.S)


class Block(msgspec.Struct, frozen=True):
    """What a block says about itself, in the `doc` tag at its beginning.

    `needs` are the values without which it shows nothing, `takes` those that a call of it may give;
    `example` is such a call. The `tags` are the criteria by which authors find it.
    """

    name: str
    title: str
    purpose: str = ""
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    example: str = ""


def library() -> dict[str, str]:
    """Return the shipped blocks: name -> MJML with Liquid."""
    return _read("blocks")


def templates() -> dict[str, str]:
    """Return the shipped templates: name -> MJML with Liquid that calls the shipped blocks."""
    return _read("templates")


def recipes() -> dict[str, str]:
    """Return the templates of the shipped journeys: name -> MJML with Liquid."""
    return _read("recipes")


def described(blocks: Mapping[str, str], tags: frozenset[str] = frozenset()) -> list[Block]:
    """Return what blocks say about themselves, by name; with `tags`, those that have them all.

    Raises:
        TemplateError: what stands in a block's `doc` is no such description.
    """
    found = [_described(name, text) for name, text in sorted(blocks.items())]
    return [each for each in found if tags <= set(each.tags)]


def _described(name: str, text: str) -> Block:
    doc = _DOC.search(text)
    if doc is None:
        return Block(name, name)
    try:
        said: Any = yaml.safe_load(doc[1])
        if not isinstance(said, dict):
            return Block(name, name, purpose=" ".join(doc[1].split()))
        return msgspec.convert({"title": name, **said, "name": name}, Block)
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        line = text.count("\n", 0, doc.start(1)) + 1
        raise TemplateError(
            f"the description is not valid: {' '.join(str(error).split())}",
            where=f"{name}:{line}:1",
            mend="write title, purpose, needs, tags and example as YAML",
        ) from None


def _read(folder: str) -> dict[str, str]:
    files = resources.files("tailorbird.content").joinpath(folder).iterdir()
    return {
        file.name.removesuffix(".mjml"): file.read_text(encoding="utf-8")
        for file in sorted(files, key=lambda file: file.name)
        if file.name.endswith(".mjml")
    }
