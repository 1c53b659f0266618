"""Runs a fuzzer for a short while, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

Fuzz = Callable[..., None]
MEGABYTES = 2048
"""The most that a fuzzer may take."""


def unburdened(*command: str | Path) -> list[str | Path]:
    """Return a command whose peak of memory is its own.

    Linux hands the peak of a process to the program that it becomes, so that a child of a large
    parent is born with the parent's; libFuzzer would take it for the fuzzer's. A small shell that
    forks stands between.
    """
    return ["sh", "-c", '"$@"; exit $?', "sh", *command]


@pytest.fixture
def fuzz(tmp_path: Path) -> Fuzz:
    """Return what runs a fuzzer of this folder on seeds, so many times; it must find nothing."""

    def run(fuzzer: str, runs: int, seeds: Mapping[str, bytes], *options: str) -> None:
        corpus = tmp_path / "corpus"
        corpus.mkdir()
        for name, content in seeds.items():
            (corpus / name).write_bytes(content)
        given = [f"-runs={runs}", "-seed=7", f"-artifact_prefix={tmp_path}/"]
        limit = f"-rss_limit_mb={MEGABYTES}"
        program = Path(__file__).with_name(fuzzer)
        done = subprocess.run(
            unburdened(sys.executable, program, corpus, limit, *given, *options),
            capture_output=True, text=True, check=False, cwd=tmp_path,
            env={**os.environ, "PYTHONHASHSEED": "0"},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        assert f"Done {runs} runs" in done.stderr

    return run
