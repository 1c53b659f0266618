"""A segment means the same on the engines of a cluster."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.engines import PARTS, QUIET
from tests.postgres import running

from tailorbird import elsewhere
from tailorbird.app import Tailorbird
from tailorbird.cli import run
from tailorbird.errors import UsageError
from tailorbird.schema import DAY

pytestmark = QUIET


@pytest.mark.parametrize("name", PARTS)
def test_every_library_segment_has_the_same_people_on_another_engine(
    tb: Tailorbird, name: str
) -> None:
    tb.install_library()
    at = tb.clock()
    with running() as server:
        uri = server.owner if name == "postgres" else ""
        assert elsewhere.verify(tb.world, at, name, uri) == []
        assert elsewhere.verify(tb.world, at - 20 * DAY, name, uri) == []
        segment = tb.segment("lapsed-90-days")
        assert elsewhere.count(tb.world, segment, at, name, uri) == tb.segment_count(segment.name)


@pytest.mark.slow
def test_the_command_line_asks_another_engine(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["segments", "verify", "--engine", "clickhouse", "--folder", str(folder)]) == 0
    assert "agrees" in capsys.readouterr().out
    assert run(["segments", "verify", "--engine", "oracle", "--folder", str(folder)]) == 2
    assert "clickhouse, postgres, spark" in capsys.readouterr().err


def test_an_engine_that_is_not_there_says_what_to_install(
    tb: Tailorbird, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = {"clickhouse": "chdb", "postgres": "adbc_driver_postgresql", "spark": "pyspark"}
    for name, module in missing.items():
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(UsageError, match="install tailorbird\\["):
            elsewhere.verify(tb.world, tb.clock(), name, "postgresql://127.0.0.1:9/x")


def test_an_address_that_does_not_answer_shows_no_password(tb: Tailorbird) -> None:
    with pytest.raises(UsageError) as caught:
        elsewhere.verify(tb.world, tb.clock(), "postgres", "postgresql://a:hunter2@127.0.0.1:9/x")
    assert "hunter2" not in caught.value.sentence()
    with pytest.raises(UsageError, match="needs an address"):
        elsewhere.verify(tb.world, tb.clock(), "postgres", "")
