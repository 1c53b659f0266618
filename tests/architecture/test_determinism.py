"""Rooms read no clock, no randomness and no environment: the same log gives the same answers."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "tailorbird"
CLOCKED = {"app.py", "beside.py", "cli", "demo", "joining.py", "web"}
"""What may look at the world: the doors, and the wiring that hands the world to the rooms."""

FORBIDDEN = (
    "time.time",
    "time.time_ns",
    "time.localtime",
    "time.gmtime",
    "time.sleep",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "random",
    "secrets",
    "uuid.uuid1",
    "uuid.uuid4",
    "os.environ",
    "os.getenv",
    "os.urandom",
    "numpy.random",
)
HARMLESS = (
    "numpy.random.Generator",
    "numpy.random.PCG64",
    "numpy.random.Philox",
    "numpy.random.SeedSequence",
    "numpy.random.default_rng",
    "secrets.compare_digest",
)
UNSEEDED = (
    "numpy.random.PCG64",
    "numpy.random.Philox",
    "numpy.random.SeedSequence",
    "numpy.random.default_rng",
)
PERMITTED = {
    ("privacy", "os.urandom"): "keys and nonces that could be repeated would be no secret",
    ("privacy", "secrets"): "as above",
    ("stores", "os.urandom"): "a data folder's own secrets are drawn once, when it is made",
    ("stores", "secrets"): "as above",
}
SQL_CLOCKS = re.compile(r"\b(?:now|random|uuid|gen_random_uuid|today)\s*\(|\bcurrent_\w+", re.I)


def impurities(source: str) -> Iterator[tuple[int, str]]:
    """Yield (line, dotted name) wherever the source looks at the world."""
    tree = ast.parse(source)
    origins = imported(tree)
    inner = {node.value for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        dotted = "" if node in inner else spelled(node, origins)
        if dotted and within(dotted, FORBIDDEN) and not within(dotted, HARMLESS):
            yield getattr(node, "lineno", 0), dotted
        if isinstance(node, ast.Call) and not (node.args or node.keywords):
            dotted = spelled(node.func, origins)
            if dotted in UNSEEDED:
                yield node.lineno, f"{dotted}() without a seed"


def imported(tree: ast.AST) -> dict[str, str]:
    """Return what each imported name stands for."""
    origins: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                whole = name.name if name.asname else name.name.partition(".")[0]
                origins[name.asname or whole] = whole
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for name in node.names:
                origins[name.asname or name.name] = f"{node.module}.{name.name}"
    return origins


def spelled(node: ast.AST, origins: dict[str, str]) -> str:
    """Return the dotted origin of a name or attribute, or ''."""
    if isinstance(node, ast.Name):
        return origins.get(node.id, "")
    if isinstance(node, ast.Attribute):
        owner = spelled(node.value, origins)
        return f"{owner}.{node.attr}" if owner else ""
    return ""


def within(dotted: str, names: tuple[str, ...]) -> bool:
    """Return whether the dotted name is one of these or lies under one."""
    return any(dotted == name or dotted.startswith(f"{name}.") for name in names)


def excused(room: str, dotted: str) -> bool:
    """Return whether this room may use this name."""
    return any(room == place and within(dotted, (name,)) for place, name in PERMITTED)


def rooms() -> list[Path]:
    """Return the modules that must be pure."""
    return sorted(
        path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] not in CLOCKED
    )


def test_rooms_read_no_clock_no_randomness_no_environment() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{line}: {dotted}"
        for path in rooms()
        for line, dotted in impurities(path.read_text(encoding="utf-8"))
        if not excused(path.relative_to(PACKAGE).parts[0], dotted)
    ]
    assert found == []


def test_statements_read_no_clock_and_no_randomness() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}: {match.group()}"
        for path in sorted(PACKAGE.rglob("*.sql"))
        for match in SQL_CLOCKS.finditer(without_comments(path.read_text(encoding="utf-8")))
    ]
    assert found == []


def without_comments(sql: str) -> str:
    """Return a statement file without its comments."""
    return re.sub(r"--[^\n]*", "", sql)


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.time()",
        "from time import time as clock\nclock()",
        "import datetime\ndatetime.datetime.now()",
        "from datetime import datetime, UTC\ndatetime.now(UTC)",
        "import datetime as dt\ndt.date.today()",
        "import random\nrandom.random()",
        "from random import Random\nRandom(1)",
        "from uuid import uuid4\nuuid4()",
        "import os\nos.environ['HOME']",
        "from os import environ\nenviron.get('HOME')",
        "import numpy as np\nnp.random.normal()",
        "import numpy as np\nnp.random.default_rng()",
    ],
)
def test_a_look_at_the_world_is_noticed(source: str) -> None:
    assert list(impurities(source))


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.monotonic()",
        "from datetime import datetime, UTC\ndatetime.fromtimestamp(0, UTC)",
        "import numpy as np\nnp.random.default_rng(7)",
        "def draw(rng: 'np.random.Generator') -> float:\n    return rng.random()",
        "import hmac\nhmac.compare_digest(b'', b'')",
    ],
)
def test_what_comes_as_an_argument_is_fine(source: str) -> None:
    assert list(impurities(source)) == []


@pytest.mark.parametrize("sql", ["SELECT now()", "select RANDOM ()", "SELECT current_timestamp"])
def test_a_clock_in_sql_is_noticed(sql: str) -> None:
    assert SQL_CLOCKS.search(without_comments(sql))


def test_a_word_in_a_comment_of_sql_is_no_clock() -> None:
    assert not SQL_CLOCKS.search(without_comments("SELECT 1 -- not now()\n"))
