"""A call reads only what it names: its own commands, and no library that nobody asked for."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

from tailorbird.cli import run
from tailorbird.cli.commands import app
from tailorbird.cli.narrowing import narrowed


def names(words: list[str]) -> list[str]:
    """Return the commands and groups that are read for `words`, at the first and second level."""
    part = narrowed(app, words)
    inner = [group.typer_instance for group in part.registered_groups]
    commands = [*part.registered_commands]
    for group in inner:
        commands += group.registered_commands if group else []
    return [
        *(group.name or "" for group in part.registered_groups),
        *(command.name or getattr(command.callback, "__name__", "") for command in commands),
    ]


def test_a_command_is_read_without_its_neighbours() -> None:
    assert names(["segments", "count", "gold"]) == ["segments", "count"]
    assert names(["rebuild"]) == ["rebuild"]


@pytest.mark.parametrize("words", [[], ["--help"], ["sgments"]])
def test_where_no_command_is_named_all_are_read(words: list[str]) -> None:
    assert len(names(words)) > 100


def test_a_misspelt_command_is_told_its_neighbours(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["segments", "cont"]) == 2
    assert "'count'" in capsys.readouterr().err


def test_the_commands_themselves_stay_whole() -> None:
    before = names([])
    narrowed(app, ["segments", "count"])
    assert names([]) == before


ASKING = """
import sys
from tailorbird.cli.unasked import keep_pandas_out

keep_pandas_out()
own = {"__name__": "tailorbird.some"}
exec("import duckdb; duckdb.connect().execute('SELECT ?', [1])", own)
print("pandas" in sys.modules)
import pandas
print(pandas.DataFrame({"a": [1]}).shape)
exec("print(duckdb.connect().execute('SELECT ? IS NULL', [pandas.NaT]).fetchall())", own | vars())
"""


@pytest.mark.skipif(find_spec("pandas") is None, reason="pandas is not installed")
def test_pandas_comes_only_to_whoever_imports_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASKING], capture_output=True, text=True, check=False
    )
    assert done.stdout.split("\n")[:3] == ["False", "(1, 1)", "[(True,)]"], done.stderr
