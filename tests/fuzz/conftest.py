"""Runs a fuzzer for a short while, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

Fuzz = Callable[..., None]


@pytest.fixture
def fuzz(tmp_path: Path) -> Fuzz:
    """Return what runs a fuzzer of this folder on seeds, so many times; it must find nothing."""

    def run(fuzzer: str, runs: int, seeds: Mapping[str, bytes], *options: str) -> None:
        corpus = tmp_path / "corpus"
        corpus.mkdir()
        for name, content in seeds.items():
            (corpus / name).write_bytes(content)
        given = [f"-runs={runs}", "-seed=7", f"-artifact_prefix={tmp_path}/", *options]
        done = subprocess.run(
            [sys.executable, Path(__file__).with_name(fuzzer), corpus, *given],
            capture_output=True, text=True, check=False, cwd=tmp_path,
            env={**os.environ, "PYTHONHASHSEED": "0"},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        assert f"Done {runs} runs" in done.stderr

    return run
