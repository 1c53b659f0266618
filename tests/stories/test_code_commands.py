"""`tailorbird plan`, `apply`, `pull`, `diff`, `rollback`: what they print, and how they end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.serving import serving

from tailorbird import cli
from tailorbird.app import Tailorbird

VIPS = "name: vips\nwhere: {trait: orders, at_least: 2}\n"
BROKEN = "name: vips\nwhere: {trait: orders, at_leest: 2}\n"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def git(tmp_path: Path) -> Path:
    """Return a folder of files with one segment."""
    (tmp_path / "git/segments").mkdir(parents=True)
    (tmp_path / "git/segments/vips.yaml").write_text(VIPS, encoding="utf-8")
    return tmp_path / "git"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run a command on a data folder and return its exit status, output and errors."""
    Tailorbird.open(tmp_path / "shop", environment={}).close()

    def command(*arguments: str | Path) -> tuple[int, str, str]:
        status = cli.run([*map(str, arguments), "-C", str(tmp_path / "shop")])
        said = capsys.readouterr()
        return status, said.out, said.err

    return command


def test_a_folder_is_planned_applied_and_taken_back(run: Run, git: Path, tmp_path: Path) -> None:
    status, out, _ = run("plan", git)
    assert status == 0
    assert "+++ b/segments/vips.yaml\n@@ -0,0 +1,2 @@\n+name: vips\n" in out
    assert "segment vips: new, 0 people" in out
    assert "1 to add, 0 to change, 0 to remove" in out
    assert "\x1b" not in out, "no colours where nobody sees them"
    assert run("diff", git)[0] == 1
    seen = tmp_path / "plan.json"
    seen.write_text(run("plan", git, "--json")[1], encoding="utf-8")
    done = ("apply", git, "--plan", seen, "--author", "ann", "--reason", "summer")
    status, out, _ = run(*done)
    assert (status, out.splitlines()) == (0, [
        "apply 1: 1 change by ann: summer; take it back with `tailorbird rollback --apply 1`",
        "  segment vips: version 0 -> 1",
    ])  # fmt: skip
    status, _, err = run(*done)
    assert (status, "moved on since this was planned" in err) == (1, True)
    assert run("plan", git)[1] == "nothing to do: the files are what stands\n"
    assert run("diff", git)[:2] == (0, "")
    assert run("pull", git)[:2] == (0, "nothing to do: the files are what stands\n")
    told = run("rollback", "--apply", "1", "--author", "bob", "--reason", "wrong")
    assert told[1].startswith("rollback 2: 1 change by bob: wrong")
    assert json.loads(run("history", "--json")[1])[0]["how"] == "rollback"
    assert "removed" in run("history", "segment", "vips")[1]


def test_every_fault_is_told_at_once(run: Run, git: Path) -> None:
    (git / "segments/vips.yaml").write_text(BROKEN, encoding="utf-8")
    (git / "campaigns").mkdir()
    (git / "campaigns/hello.yaml").write_text("name: hello\n\taudience: x\n", encoding="utf-8")
    status, out, _ = run("plan", git)
    assert status == 1
    assert "segments/vips.yaml:2:24: unknown key 'at_leest'; did you mean 'at_least'?" in out
    assert "campaigns/hello.yaml:2: not valid YAML" in out
    assert "write spaces: a tab cannot indent YAML" in out
    status, _, err = run("apply", git, "--yes", "--author", "ann", "--reason", "summer")
    assert (status, "nothing was kept" in err) == (1, True)


def test_who_cannot_be_asked_must_say_yes(run: Run, git: Path) -> None:
    status, _, err = run("apply", git, "--author", "ann", "--reason", "summer")
    assert (status, "nobody can be asked" in err) == (2, True)
    status, _, err = run("apply", git, "--yes")
    assert (status, "nobody says who changes this, and why" in err) == (2, True)


def test_the_console_s_changes_are_pulled(run: Run, git: Path, tmp_path: Path) -> None:
    run("apply", git, "--yes", "--author", "ann", "--reason", "summer")
    other = tmp_path / "vips.yaml"
    other.write_text(VIPS.replace("2", "3"), encoding="utf-8")
    run("segments", "add", other)
    assert "would take back version 2" in run("plan", git)[1]
    status, out, _ = run("pull", git)
    assert (status, out) == (0, "changed    segments/vips.yaml  written\n")
    assert (git / "segments/vips.yaml").read_text(encoding="utf-8") == VIPS.replace("2", "3")


def test_what_is_misspelt_is_told(run: Run) -> None:
    assert "did you mean 'segment'" in run("rollback", "segmnt", "x")[2]
    assert "say what to roll back" in run("rollback")[2]
    assert "nothing was applied as 9" in run("rollback", "--apply", "9")[2]


def test_a_running_server_is_asked_instead(
    git: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = tmp_path / "shop"
    Tailorbird.open(shop, environment={}).close()
    assert cli.run(["keys", "create", "ci", "--kind", "secret", "--json", "-C", str(shop)]) == 0
    monkeypatch.setenv("TB_KEY", json.loads(capsys.readouterr().out)["key"])

    def said(status: int, *arguments: str) -> str:
        assert cli.run([*arguments, "--server", url]) == status
        found = capsys.readouterr()
        return found.out + found.err

    other = tmp_path / "other"
    with serving(shop) as url:
        assert "segment vips: new, 0 people" in said(0, "plan", str(git))
        done = ("apply", str(git), "--yes", "--author", "ci", "--reason", "merged")
        assert "apply 1: 1 change by ci: merged" in said(0, *done)
        assert "nothing to do" in said(0, "plan", str(git))
        assert said(0, "pull", str(other)) == "new        segments/vips.yaml  written\n"
        assert (other / "segments/vips.yaml").read_text(encoding="utf-8") == VIPS
        (git / "segments/vips.yaml").write_text(BROKEN, encoding="utf-8")
        assert "segments/vips.yaml:2:24: unknown key 'at_leest'" in said(1, "plan", str(git))
        assert "segments/vips.yaml:2:24: unknown key 'at_leest'" in said(1, *done)
        monkeypatch.setenv("TB_KEY", "wrong")
        assert "tailorbird: " in said(2, *done)
    assert "no answer" in said(2, "plan", str(git))
