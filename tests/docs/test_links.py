"""Every relative link and every named file of the documentation exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\[[^\]]+\]\(([^)#\s]+)(#[^)\s]*)?\)")


def broken(page: Path, text: str) -> list[str]:
    """Return the targets of relative links that do not exist."""
    targets = [match[0] for match in LINK.findall(text) if "://" not in match[0]]
    return [target for target in targets if not (page.parent / target).exists()]


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    assert broken(page, page.read_text(encoding="utf-8")) == []


def test_a_dead_link_is_noticed() -> None:
    assert broken(ROOT / "README.md", "see [this](docs/nowhere.md#part)") == ["docs/nowhere.md"]


def test_the_readme_stays_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 150


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/decisions/*.md")))
def test_a_decision_fits_on_one_screen(page: Path) -> None:
    assert re.fullmatch(r"\d{4}-[a-z0-9-]+", page.stem)
    assert len(page.read_text(encoding="utf-8").splitlines()) <= 40
