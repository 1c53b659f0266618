"""Sets this checkout up and runs its chores. Needs Python 3.11 and nothing else.

Everything is installed into `.venv` from a lock file with hashes, and only when the lock changed.
Where packages come from is whatever pip is set up to use on this machine.
"""

from __future__ import annotations

import ast
import contextlib
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

OLDEST_PYTHON = (3, 11)
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
LOCK = ROOT / "requirements" / "dev.txt"
UV_LOCK = ROOT / "requirements" / "uv.txt"
ENGINES_LOCK = ROOT / "requirements" / "engines.txt"
WEB = ROOT / "web"
SDK = ROOT / "sdk" / "js"
PAGES = ROOT / "src" / "tailorbird" / "web" / "static" / "index.html"

COMMANDS = {
    "demo": "run the demo: dev.py demo [--headless] [--check] [--people N] [--data FILE]",
    "test": "run the checks and every test that is quick; what needs a missing program is skipped",
    "check": "run ruff, mypy, import-linter and deptry",
    "all": "run the checks and every test, the slow ones and the chaos too",
    "setup": "install what is missing, nothing else",
    "engines": "install ClickHouse and Spark, a gigabyte, for the slow tests that ask them",
    "wheel": "build dist/*.whl, install it into an empty environment and run it there",
    "docs": "write docs/reference again from the code",
    "lock": "resolve requirements/*.txt again",
}
CHECKS = {
    "lint": ("ruff", "check", "."),
    "format": ("ruff", "format", "--check", "."),
    "types": ("mypy",),
    "imports": ("lint-imports", "--no-logo"),
    "dependencies": ("deptry", "--no-ansi", "src"),
}
PYTEST = ("pytest", "-n", "2")
QUICK = ("-m", "not chaos and not slow")
LARGE = {"clickhouse", "spark"}
"""Extras of half a gigabyte each."""
RESOLVE = ("pip", "compile", "--generate-hashes", "--no-header", "--no-annotate")

# Settings of pip that would send an installation somewhere else than into `.venv`.
MISPLACING = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_PYTHON", "PIP_DRY_RUN")
# What uv calls the settings of pip that say where packages are, and what joins several values.
UV_NAMES = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "no-index": ("UV_NO_INDEX", " "),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "cert": ("SSL_CERT_FILE", " "),
    "proxy": ("ALL_PROXY", " "),
}


class SetUpError(Exception):
    """A chore that cannot go on. The message says what to do."""


def main(arguments: list[str]) -> int:
    """Run one chore and return its exit status."""
    command, rest = (arguments[0], arguments[1:]) if arguments else ("help", [])
    if command not in COMMANDS:
        print("python3 dev.py CHORE\n")
        print("\n".join(f"  {name:<6} {does}" for name, does in COMMANDS.items()))
        return 0 if command in ("help", "-h", "--help") else 2
    started = time.monotonic()
    try:
        set_up()
        status = run_chore(command, rest)
    except SetUpError as error:
        print(f"dev.py: {error}", file=sys.stderr)
        return 1
    if command in ("test", "all", "check"):
        print(f"{'whole ' + command:<14}{time.monotonic() - started:7.1f} s", flush=True)
    return status


def run_chore(command: str, rest: list[str]) -> int:
    """Return the exit status of one chore in an environment that is set up."""
    if command == "demo":
        return call(("tailorbird", "demo", *rest))
    if command == "check":
        return run_checks()
    if command == "docs":
        return call(("python", "docs/generate.py", *rest))
    if command == "lock":
        return resolve()
    if command in ("engines", "all"):
        with stage("engines"):
            install("--require-hashes", "--requirements", str(ENGINES_LOCK))
    if command == "wheel":
        return build_wheel()
    if command in ("test", "all"):
        checked = run_checks()
        quick = QUICK if command == "test" else ()
        return call((*PYTEST, *quick, *rest)) or checked
    return 0


def run_checks() -> int:
    """Run every check, print what the failing ones say, and return 1 when any failed."""
    failed = 0
    for name, command in CHECKS.items():
        with stage(name):
            done = subprocess.run(
                (BIN / command[0], *command[1:]),
                cwd=ROOT,
                env=environment(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode:
            failed = 1
            print(done.stdout.decode(errors="replace"), f"{name} failed", flush=True)
    return failed


def resolve() -> int:
    """Write both lock files again; their hashes make any mirror as good as another."""
    held_back = ("--constraint", "requirements/constraints.txt")
    small = (part for name in small_extras() for part in ("--extra", name))
    large = (part for name in LARGE for part in ("--extra", name))
    status = 0
    for asked, lock in (
        (("pyproject.toml", *small, "--group", "dev"), LOCK),
        (("requirements/uv.in", "--universal"), UV_LOCK),
        (("pyproject.toml", *large, "--constraint", str(LOCK)), ENGINES_LOCK),
    ):
        status |= uv(*RESOLVE, *asked, *held_back, "--output-file", str(lock))
    return status


def small_extras() -> list[str]:
    """Return the extras that every checkout has."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return sorted(set(project["optional-dependencies"]) - LARGE)


def build_wheel() -> int:
    """Build the wheel, and return 0 when it holds the pages and runs without this checkout."""
    dist = ROOT / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    with stage("build"):
        uv("build", "--wheel", "--out-dir", str(dist), str(ROOT))
    (wheel,) = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        if "tailorbird/web/static/index.html" not in archive.namelist():
            raise SetUpError(f"{wheel.name} lacks the web pages")
    with tempfile.TemporaryDirectory() as empty, stage("install"):
        uv("venv", f"{empty}/venv")
        python = Path(empty, "venv", "bin", "python")
        uv("pip", "install", "--constraint", str(LOCK), str(wheel), python=python)
        return run([str(python.with_name("tailorbird")), "--version"], cwd=Path(empty))


# -- setting up ---------------------------------------------------------------------------------


def set_up() -> None:
    """Make `.venv` hold exactly what the lock says, and this project."""
    with open(__file__, encoding="utf-8") as whole:
        fcntl.flock(whole, fcntl.LOCK_EX)  # two chores started together must not both install
        if not python_runs():
            with stage("python"):
                make_environment()
            keep("place", str(VENV))
        if not (BIN / "uv").exists():
            with stage("uv"):
                get_uv()
        if not kept("packages", digest(LOCK)):
            with stage("packages"):
                (VENV / ".project.stamp").unlink(missing_ok=True)  # syncing takes it away
                sync()
            keep("packages", digest(LOCK))
        if not (kept("project", project_stamp()) and (PAGES.exists() or not WEB.exists())):
            with stage("project"):
                install("--no-deps", "--editable", str(ROOT))
            keep("project", project_stamp())


def make_environment() -> None:
    """Make an empty `.venv`, with pip where this Python brings one along."""
    bare = [] if importlib.util.find_spec("ensurepip") else ["--without-pip"]
    run([sys.executable, "-m", "venv", "--clear", *bare, str(VENV)])


def get_uv() -> None:
    """Put uv into `.venv`, by whichever pip there is."""
    wanted = ("install", "--quiet", "--no-input", "--require-hashes", "-r", str(UV_LOCK))
    if importlib.util.find_spec("ensurepip"):
        run([str(BIN / "python"), "-m", "pip", *wanted])
    elif ready := shutil.which("uv"):
        (BIN / "uv").symlink_to(ready)
    elif importlib.util.find_spec("pip"):
        run([sys.executable, "-m", "pip", "--python", str(BIN / "python"), *wanted])
    else:
        shutil.rmtree(VENV)
        raise SetUpError(
            "this Python has neither ensurepip nor pip, and there is no uv on the PATH; "
            "on Debian: apt install python3-venv"
        )


def sync() -> None:
    """Install the lock and take away what it does not name."""
    locked = ("--require-hashes", "--compile-bytecode", str(LOCK))
    if uv("pip", "sync", *locked, check=False):
        print("uv could not; trying pip", flush=True)
        pip("install", "--no-deps", "--require-hashes", "-r", str(LOCK))


def install(*arguments: str) -> None:
    """Install something small into `.venv`."""
    if uv("pip", "install", *arguments, check=False):
        print("uv could not; trying pip", flush=True)
        pip("install", *arguments)


def uv(*arguments: str, check: bool = True, python: Path = BIN / "python") -> int:
    """Run uv on `.venv`, or on another environment, and return its exit status."""
    command = [str(BIN / "uv"), *arguments, "--python", str(python), "--quiet"]
    return run(command, check=check, more=uv_environment())


def pip(*arguments: str) -> None:
    """Run the pip of `.venv`."""
    run([str(BIN / "python"), "-m", "pip", *arguments, "--quiet", "--no-input"])


def uv_environment() -> dict[str, str]:
    """Return pip's settings of where packages are, under the names that uv reads."""
    if any(name in os.environ for name, _ in UV_NAMES.values() if name.startswith("UV_")):
        return {}
    tool = [sys.executable, "-m", "pip", "config", "list"]
    done = subprocess.run(tool, env=environment(), capture_output=True, text=True, check=False)
    return translated(done.stdout)


def translated(listing: str) -> dict[str, str]:
    """Return uv's variables for the output of `pip config list`; later lines weigh more."""
    found: dict[str, str] = {}
    for line in sorted(listing.splitlines(), key=lambda line: line.startswith(":env:")):
        key, _, value = line.partition("=")
        name, joint = UV_NAMES.get(key.rpartition(".")[2], ("", ""))
        if name and name not in os.environ:
            found[name] = joint.join(str(ast.literal_eval(value)).split())
    if found:  # pip takes the best match of all its places, uv by itself only of the first
        found.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    return found


# -- stamps -------------------------------------------------------------------------------------


def python_runs() -> bool:
    """Return whether `.venv` holds a Python that runs and was made for this very place."""
    moved = (VENV / ".place.stamp").exists() and not kept("place", str(VENV))
    return (BIN / "python").exists() and not moved


def project_stamp() -> str:
    """Return a digest of what the installed project and its web pages are made from."""
    return digest(
        ROOT / "pyproject.toml", ROOT / "hatch_build.py", *web_sources(WEB), *web_sources(SDK)
    )


def web_sources(folder: Path) -> list[Path]:
    """Return the files of the web app or of the tag, without what their own tools make."""
    made = {"node_modules", "dist"}
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - made)
        found += [Path(place, name) for name in sorted(names)]
    return found


def digest(*paths: Path) -> str:
    """Return a digest of the names and contents of files; missing ones count as empty."""
    whole = hashlib.sha256(str(VENV).encode())
    for path in paths:
        whole.update(str(path).encode() + b"\0")
        whole.update(path.read_bytes() if path.exists() else b"")
    return whole.hexdigest()


def kept(name: str, stamp: str) -> bool:
    """Return whether this stamp is the one of the last time."""
    path = VENV / f".{name}.stamp"
    return path.exists() and path.read_text(encoding="utf-8") == stamp


def keep(name: str, stamp: str) -> None:
    """Remember a stamp until `.venv` is made anew."""
    (VENV / f".{name}.stamp").write_text(stamp, encoding="utf-8")


# -- running ------------------------------------------------------------------------------------


@contextlib.contextmanager
def stage(name: str) -> Iterator[None]:
    """Print the name of what is going on, then the seconds that it took."""
    print(f"{name:<14}", end="", flush=True)
    started = time.monotonic()
    try:
        yield
    finally:
        print(f"{time.monotonic() - started:7.1f} s", flush=True)


def environment() -> dict[str, str]:
    """Return this process's environment without what would leak into or out of `.venv`."""
    leaks = {*MISPLACING, "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV"}
    clean = {name: value for name, value in os.environ.items() if name not in leaks}
    clean["PATH"] = f"{BIN}{os.pathsep}{clean.get('PATH', os.defpath)}"
    return clean


def run(
    command: list[str],
    *,
    check: bool = True,
    more: dict[str, str] | None = None,
    cwd: Path = ROOT,
) -> int:
    """Run a command of the set-up, show its output when it fails, and return its exit status."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment() | (more or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        print("\n" + done.stdout.decode(errors="replace"), flush=True)
        if check:
            raise SetUpError(f"`{Path(command[0]).name} {' '.join(command[1:3])} ...` failed")
    return done.returncode


def call(command: tuple[str, ...]) -> int:
    """Run a command of `.venv` in the foreground and return its exit status."""
    program = (str(BIN / command[0]), *command[1:])
    try:
        return subprocess.run(program, cwd=ROOT, env=environment(), check=False).returncode
    except KeyboardInterrupt:
        return 130


def newer_python() -> str:
    """Return a Python on the PATH that is new enough, or ''."""
    for minor in range(20, OLDEST_PYTHON[1] - 1, -1):
        if found := shutil.which(f"python3.{minor}"):
            return found
    return ""


if __name__ == "__main__":
    if sys.version_info[:2] < OLDEST_PYTHON:
        if better := newer_python():
            os.execv(better, [better, *sys.argv])
        sys.exit("dev.py: Python 3.11 or newer is needed; on Debian: apt install python3.11")
    sys.exit(main(sys.argv[1:]))
