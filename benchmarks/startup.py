"""How long `tailorbird --help` takes, in CPU seconds, beside other command lines of Python.

The limit is the interpreter that does nothing. The last line printed is one JSON object.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
from pathlib import Path

BIN = Path(sys.executable).parent
GOAL_SECONDS = 0.15
PEERS = {"litestar --help": ("litestar", "--help"), "uvicorn --help": ("uvicorn", "--help")}


def cpu_seconds(command: list[str], runs: int) -> float:
    """Return the median CPU time of a command, user and system, of several runs."""
    taken = []
    for _ in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return round(statistics.median(taken), 4)


def main(arguments: list[str]) -> None:
    """Measure, and print the verdict."""
    runs = 5 if "--quick" in arguments else 25
    ours = cpu_seconds([str(BIN / "tailorbird"), "--help"], runs)
    peers = {
        name: cpu_seconds([str(BIN / program), *rest], runs)
        for name, (program, *rest) in PEERS.items()
    }
    limit = cpu_seconds([sys.executable, "-c", "pass"], runs)
    verdict = {
        "claim": f"tailorbird --help takes at most {GOAL_SECONDS} CPU seconds",
        "ours": ours,
        "peers": peers,
        "limit": limit,
        "ratio": round(ours / min(peers.values()), 2),
        "goal": GOAL_SECONDS,
        "holds": ours <= GOAL_SECONDS,
    }
    print(json.dumps(verdict))


if __name__ == "__main__":
    main(sys.argv[1:])
