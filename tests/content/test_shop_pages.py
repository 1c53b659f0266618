"""Whole pages of real shop themes look as in Ruby's Liquid, with the shop's own tags set aside.

The tags and filters that only Shopify's servers have are taken from the sources, or passed over, on
both sides alike; everything else of up to 95 kB of shop data must come out byte by byte.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tailorbird import content

RUBY = Path(__file__).parents[1] / "fuzz" / "liquid_in_ruby.rb"
_HIDDEN = re.compile(r"\{%-?\s*(schema|javascript)\s*-?%\}.*?\{%-?\s*end\1\s*-?%\}", re.S)
_OPENING = re.compile(r"\{%-?\s*(?:style|form|paginate|render block)\b.*?%\}", re.S)
_CLOSING = re.compile(r"\{%-?\s*end(?:style|form|paginate)\s*-?%\}")
_FILTERS = re.compile(r"\|\s*(?:json|money\w*|pluralize)\b(?:\s*:[^|}%]*)?")
_NOW = re.compile(r"""["'](?:now|today)["']""")
_LINE = re.compile(r"Liquid error \((?:[\w-]+ )?line \d+\):")

pytestmark = [pytest.mark.shared, pytest.mark.slow]


def plain(source: str) -> str:
    """Return a template without the tags and filters that only Shopify has, and without a clock."""
    source = _NOW.sub("'2024-02-29'", _FILTERS.sub("", source))
    return _CLOSING.sub("</x>", _OPENING.sub("<x>", _HIDDEN.sub("", source)))


def storefront(folder: Path) -> Iterator[tuple[str, str, Any]]:
    with zipfile.ZipFile(folder / "storefront_pages.zip") as pages:
        for name in sorted(pages.namelist()):
            if name.endswith("template.liquid"):
                data = yaml.safe_load(
                    pages.read(name.replace("template.liquid", "environment.yml"))
                )
                yield name, pages.read(name).decode(), data


def themes(folder: Path) -> Iterator[tuple[str, str, Any]]:
    with zipfile.ZipFile(folder / "liquid_bench_themes.zip") as files:
        data = yaml.safe_load(files.read("shopify/vision.database.yml"))
        data |= {"product": data["products"][0], "collection": data["collections"][0]}
        data |= {"article": data["blogs"][0]["articles"][0], "blog": data["blogs"][0]}
        for name in sorted(files.namelist()):
            if name.endswith(".liquid"):
                yield name, files.read(name).decode(), data


def in_ruby(pages: list[tuple[str, str, Any]]) -> list[str]:
    asked = [
        json.dumps(
            {"template": plain(source), "blocks": {}, "data": data, "mode": "lax"}, default=str
        )
        for _, source, data in pages
    ]
    done = subprocess.run(
        ["ruby", "-W0", RUBY], input="\n".join(asked) + "\n", capture_output=True, text=True,
        check=True, env={**os.environ, "TZ": "UTC", "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return [str(answer.get("text", answer)) for answer in answers]


@pytest.mark.parametrize(("suite", "pages"), [(storefront, 22), (themes, 34)])
def test_pages_of_shops_look_as_in_ruby(suite: Any, pages: int, shared_data: Path) -> None:
    if shutil.which("ruby") is None or subprocess.run(["ruby", "-rliquid", "-e", ""]).returncode:
        pytest.skip("needs the Debian packages ruby and ruby-liquid")
    found = list(suite(shared_data / "templates"))
    assert len(found) == pages
    different = []
    for (name, source, data), wanted in zip(found, in_ruby(found), strict=True):
        values = json.loads(json.dumps(data, default=str))
        template = content.compile(plain(source), name=name, errors="print")
        if _LINE.sub("Liquid error:", template.render(values)) != wanted:
            different.append(name)
    assert different == []
