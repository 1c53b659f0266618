"""Compares our Liquid with Ruby's on drawn cases: `python -m tests.fuzz.liquid_against_ruby`.

    python -m tests.fuzz.liquid_against_ruby [--cases N] [--seed N] [--show N]

One Ruby process answers all cases. Needs the Debian packages `ruby` and `ruby-liquid`. Ends with
status 1 when a difference is left that `explained` does not know.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.fuzz.liquid_grammar import Case, Grammar

from tailorbird import content
from tailorbird.errors import TemplateError

RUBY = Path(__file__).with_name("liquid_in_ruby.rb")
BATCH = 500
_LINE = re.compile(r"Liquid error \((?:[\w-]+ )?line \d+\):")


def ours(case: Case) -> str:
    """Return what we print, errors where Ruby prints them; a refusal as `REFUSED: why`."""
    try:
        template = content.compile(case.template, blocks=case.blocks, name="main", errors="print")
        printed = template.render(case.data)
    except TemplateError as error:
        return f"REFUSED: {error}"
    return otherwise(case, printed) or _LINE.sub("Liquid error:", printed)


def otherwise(case: Case, printed: str) -> str:
    """Return how a mail prints a case where no error ends it: other code is written for mails."""
    try:
        template = content.compile(case.template, blocks=case.blocks, name="main")
        pages = {template.render(case.data) for _ in range(3)}  # the later ones from memory
    except TemplateError:
        return ""
    return "" if pages == {printed} else f"OTHERWISE IN A MAIL: {sorted(pages)}"


def theirs(ruby: subprocess.Popen[str], cases: list[Case]) -> Iterator[str]:
    """Yield what Ruby prints for each case."""
    assert ruby.stdin
    assert ruby.stdout
    for case in cases:
        ruby.stdin.write(json.dumps(dataclasses.asdict(case)) + "\n")
        ruby.stdin.flush()
        answer: dict[str, Any] = json.loads(ruby.stdout.readline())
        if "text" in answer:
            yield str(answer["text"])
        else:
            yield f"REFUSED: {answer}"


def explained(case: Case, got: str, wanted: str) -> str:
    """Return why two answers may differ, or ''."""
    if got.startswith("REFUSED") and wanted.startswith("REFUSED"):
        return "both refuse"
    if "malformed utf-8" in wanted:
        return "bytes that are no text: Ruby prints them, we say so"
    if "capture" in case.template + "".join(case.blocks.values()) and fails(case):
        return "an error was captured with its line, which only our side gives"
    return ""


def fails(case: Case) -> bool:
    """Return whether an error happens while a case is rendered."""
    try:
        content.compile(case.template, blocks=case.blocks).render(case.data)
    except TemplateError:
        return True
    return False


_TOKEN = re.compile(r"(\{%.*?%\}|\{\{.*?\}\})", re.S)


def shrunk(ruby: subprocess.Popen[str], case: Case) -> tuple[Case, str, str]:
    """Return the smallest case found that still differs, and both answers."""

    def differs(smaller: Case) -> tuple[str, str] | None:
        got, (wanted,) = ours(smaller), theirs(ruby, [smaller])
        refused = got.startswith("REFUSED") or wanted.startswith("REFUSED")
        return (
            None if refused or got == wanted or explained(smaller, got, wanted) else (got, wanted)
        )

    for name in ("", *case.blocks):
        tokens = _TOKEN.split(case.blocks[name] if name else case.template)
        size = max(1, len(tokens) // 2)
        while size:
            at = 0
            while at < len(tokens):
                text = "".join(tokens[:at] + tokens[at + size :])
                smaller = (
                    dataclasses.replace(case, blocks={**case.blocks, name: text})
                    if name
                    else dataclasses.replace(case, template=text)
                )
                if differs(smaller):
                    case, tokens = smaller, tokens[:at] + tokens[at + size :]
                else:
                    at += 1
            size //= 2
    return case, *(differs(case) or (ours(case), next(theirs(ruby, [case]))))


def compare(count: int, seed: int, show: int) -> int:
    """Compare so many cases, print what differs, and return how many differences are left."""
    draw = random.Random(seed)
    reasons: Counter[str] = Counter()
    left: list[tuple[Case, str, str]] = []
    environment = {**os.environ, "TZ": "UTC", "LC_ALL": "C.UTF-8"}
    with subprocess.Popen(
        ["ruby", "-W0", RUBY],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as ruby:
        for start in range(0, count, BATCH):
            cases = [Grammar(draw).case() for _ in range(min(BATCH, count - start))]
            for case, wanted in zip(cases, theirs(ruby, cases), strict=True):
                got = ours(case)
                why = "equal" if got == wanted else explained(case, got, wanted)
                reasons[why or "DIFFERENT"] += 1
                if not why:
                    left.append((case, got, wanted))
        left = sorted(left, key=lambda each: len(str(each[0])))
        smallest = [shrunk(ruby, case) for case, _, _ in left[:show]]
        assert ruby.stdin
        ruby.stdin.close()
    for why, times in reasons.most_common():
        sys.stdout.write(f"{times:8,} {why}\n")
    for case, got, wanted in smallest:
        report(case, got, wanted)
    return len(left)


def report(case: Case, got: str, wanted: str) -> None:
    """Print one difference."""
    told = (
        "-" * 80,
        case.template,
        case.blocks,
        case.data,
        f"ours   {got!r}",
        f"theirs {wanted!r}",
    )
    sys.stdout.write("\n".join(map(str, told)) + "\n")


def main() -> None:
    """Run, and end with 1 when a difference is left."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--show", type=int, default=10)
    options = parser.parse_args()
    sys.exit(bool(compare(options.cases, options.seed, options.show)))


if __name__ == "__main__":
    main()
