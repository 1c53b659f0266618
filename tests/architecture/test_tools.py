"""The scripts that set the checkout up and judge a run of CI."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def script(path: str) -> ModuleType:
    """Return a script of the checkout as a module."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def dev() -> ModuleType:
    return script("dev.py")


@pytest.fixture
def skips() -> ModuleType:
    return script(".ci/skips.py")


def test_uv_looks_where_pip_is_told_to_look(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, _ in dev.UV_NAMES.values():
        monkeypatch.delenv(name, raising=False)
    listing = (
        ":env:.index-url='https://mirror.example/simple'\n"
        "global.index-url='https://old.example/simple'\n"
        "global.find-links='wheels more'\n"
        "global.timeout='60'\n"
    )
    assert dev.translated(listing) == {
        "UV_DEFAULT_INDEX": "https://mirror.example/simple",
        "UV_FIND_LINKS": "wheels,more",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }


def test_a_setting_of_uv_itself_wins(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_FIND_LINKS", "mine")
    assert dev.uv_environment() == {}


def test_pip_installs_nowhere_but_here(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_TARGET", "elsewhere")
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple")
    assert "PIP_TARGET" not in dev.environment()
    assert dev.environment()["PIP_INDEX_URL"] == "https://mirror.example/simple"


def test_no_pip_at_all_says_what_to_install(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    venv = tmp_path / ".venv"
    venv.mkdir()
    monkeypatch.setattr(dev, "VENV", venv)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(dev.SetUpError, match="apt install python3-venv"):
        dev.get_uv()
    assert not venv.exists()


def test_a_changed_page_of_the_web_app_changes_the_stamp(dev: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "node_modules").mkdir()
    page = tmp_path / "src" / "page.tsx"
    page.write_text("one", encoding="utf-8")
    (tmp_path / "node_modules" / "made.js").write_text("x", encoding="utf-8")
    assert dev.web_sources(tmp_path) == [page]
    before = dev.digest(page)
    page.write_text("two", encoding="utf-8")
    assert dev.digest(page) != before


def test_an_unknown_chore_lists_the_chores(
    dev: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dev.main(["tset"]) == 2
    assert "  test   run the checks" in capsys.readouterr().out


def report(path: Path, *cases: str) -> str:
    """Write a report of pytest and return its path."""
    path.write_text(f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>", "utf-8")
    return str(path)


RAN = '<testcase classname="tests.web" name="test_page"/>'
SKIPPED = (
    '<testcase classname="tests.web" name="test_page">'
    '<skipped type="pytest.skip" message="no Chromium"/></testcase>'
)


@pytest.mark.parametrize(
    ("listing", "status"),
    [("", 1), ("no Chromium  # a machine without screens\n", 0), ("no Postfix  # other\n", 1)],
)
def test_a_skip_must_be_written_down(
    skips: ModuleType, tmp_path: Path, listing: str, status: int
) -> None:
    listed = tmp_path / "allowed.txt"
    listed.write_text(listing, encoding="utf-8")
    assert skips.main(str(listed), report(tmp_path / "a.xml", SKIPPED)) == status


def test_a_test_that_ran_once_was_not_skipped(skips: ModuleType, tmp_path: Path) -> None:
    listed = tmp_path / "allowed.txt"
    listed.write_text("", encoding="utf-8")
    reports = report(tmp_path / "a.xml", SKIPPED), report(tmp_path / "b.xml", RAN)
    assert skips.main(str(listed), *reports) == 0


def test_a_skip_is_allowed_only_with_a_reason(skips: ModuleType) -> None:
    with pytest.raises(SystemExit, match="no reason"):
        skips.allowed("tests.web\n")
