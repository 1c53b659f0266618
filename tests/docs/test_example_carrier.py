"""The carrier of `docs/how-to/add-a-carrier.md` keeps every promise that the shipped ones keep."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "add-a-carrier.md"
FILES = re.compile(r"<!-- file: (\S+) -->\n```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PLUGIN = """
import sys

import pigeon
from tests.providers import DIALECTS
from pigeon_dialect import PIGEON
from tailorbird.delivery.carriers import registry

sys.modules["tailorbird.delivery.carriers.pigeon"] = pigeon
registry.KINDS["pigeon"] = "pigeon"
DIALECTS["pigeon"] = PIGEON
"""


def test_the_carrier_of_the_page_passes_the_suite(tmp_path: Path) -> None:
    files = dict(FILES.findall(PAGE.read_text(encoding="utf-8")))
    assert set(files) == {"pigeon.py", "pigeon_dialect.py"}
    for name, code in {**files, "pigeon_plugin.py": PLUGIN}.items():
        (tmp_path / name).write_text(code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "pigeon_plugin", "-n", "0", "-k", "pigeon",
         "tests/contracts/test_carriers.py"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    ran = re.search(r"(\d+) passed", done.stdout)
    assert ran is not None
    assert int(ran[1]) >= 15
