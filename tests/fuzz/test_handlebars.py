"""A short run of the fuzzer of the Handlebars front end, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FUZZER = Path(__file__).with_name("handlebars.py")
RUNS = 3_000
SEEDS = (
    "{{#if (eq a 1)}}{{b.c}}{{else if list}}{{#each list as |x k|}}{{x}}{{k}}{{/each}}{{/if}}",
    "{{#> card}}{{#*inline 'x'}}{{../a}}{{/inline}}{{> x}}{{/card}}{{> (lookup . 'a') n=1}}",
    "{{{{raw}}}}{{a}}{{{{/raw}}}}\\{{a}}{{~!-- {{b}} --~}}{{format b.c 'number' digits=2}}",
    "<a href='{{a}}' style=\"x:{{a}}\">{{{a}}}</a>{{#a}}{{^b}}{{.}}{{/b}}{{/a}}",
)


@pytest.mark.slow
def test_whatever_is_written_renders_or_is_refused_with_its_place(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, source in enumerate(SEEDS):
        (corpus / str(number)).write_bytes(b"\0\1" + source.encode())
        (corpus / f"made-{number}").write_bytes(b"\1" + bytes(range(number, 200)))
    options = [f"-runs={RUNS}", "-seed=7", f"-artifact_prefix={tmp_path}/"]
    done = subprocess.run(
        [sys.executable, FUZZER, corpus, *options],
        capture_output=True, text=True, check=False, cwd=tmp_path,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert f"Done {RUNS} runs" in done.stderr
