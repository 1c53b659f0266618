"""Fails when a test was skipped in every run and nobody wrote down why that is all right."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from xml.etree import ElementTree as ET


def skipped(reports: list[Path]) -> dict[str, str]:
    """Return the reason of every test that no report shows as run."""
    reasons: dict[str, str] = {}
    ran: set[str] = set()
    for report in reports:
        for case in ET.parse(report).iter("testcase"):
            name = f"{case.get('classname')}::{case.get('name')}"
            mark = case.find("skipped")
            if mark is None:
                ran.add(name)
            else:
                reasons[name] = mark.get("message") or "no reason given"
    return {name: reason for name, reason in reasons.items() if name not in ran}


def allowed(listing: str) -> list[re.Pattern[str]]:
    """Return the patterns of the list: `REGEX  # reason` a line, matched with `test: reason`."""
    patterns = []
    for line in listing.splitlines():
        pattern, mark, reason = line.partition("  # ")
        if line.strip() and not line.startswith("#"):
            if not (mark and reason.strip()):
                raise SystemExit(f"no reason is given for {line!r}; write `REGEX  # reason`")
            patterns.append(re.compile(pattern.strip()))
    return patterns


def main(listing: str, *reports: str) -> int:
    """Print the skips that the list does not allow and return how many there are."""
    patterns = allowed(Path(listing).read_text(encoding="utf-8"))
    found = {f"{name}: {why}" for name, why in skipped([Path(path) for path in reports]).items()}
    bad = sorted(line for line in found if not any(p.search(line) for p in patterns))
    print(f"{len(found)} tests skipped, {len(bad)} of them not allowed")
    print("\n".join(bad))
    return min(len(bad), 1)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
