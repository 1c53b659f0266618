"""How many bytes the browser tag costs a page, gzipped, beside what the makers of others ship.

The peers are installed from npm by name, into a folder that is gone afterwards, and each is the
file that its own snippet makes a page load; one that cannot be had is named as such. The limit is a
script that does nothing but post one page view. The last line printed is one JSON object.

    python benchmarks/tag_size.py [--quick]
"""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tailorbird.web.tag import BUILT

GOAL_BYTES = 3_000
RESULT = Path(__file__).parent / "results" / "tag_size.json"
PEERS = {
    "@segment/analytics-next": "dist/umd/standalone.js",
    "rudder-sdk-js": "dist/npm/index.js",
    "@rudderstack/analytics-js": "dist/npm/modern/umd/index.js",
    "@snowplow/browser-tracker": "dist/index.umd.min.js",
    "@jitsu/js": "dist/web/p.js.txt",
    "@customerio/cdp-analytics-browser": "dist/umd/standalone.js",
    "mixpanel-browser": "dist/mixpanel.min.js",
    "posthog-js": "dist/array.js",
}
QUICK = ("@segment/analytics-next", "rudder-sdk-js", "@snowplow/browser-tracker", "posthog-js")
INSTALL_SECONDS = 40
LEAST = (
    b'navigator.sendBeacon(new URL("v1/p",document.currentScript.src),JSON.stringify('
    b"{anonymousId:localStorage.id||(localStorage.id=Math.random()),"
    b"properties:{url:location.href,referrer:document.referrer}}))"
)


def packed(content: bytes) -> int:
    """Return how many bytes go over the wire."""
    return len(gzip.compress(content, 9))


def peer(npm: str, package: str, folder: Path) -> dict[str, Any]:
    """Return a peer's version and gzipped size, or why there is none."""
    home = folder / package.replace("/", "-")
    home.mkdir()
    command = [npm, "install", "--prefix", str(home), "--ignore-scripts", "--no-audit", package]
    try:
        subprocess.run(command, capture_output=True, timeout=INSTALL_SECONDS, check=True)
        installed = home / "node_modules" / package
        version = json.loads((installed / "package.json").read_text(encoding="utf-8"))["version"]
        return {"version": version, "bytes": packed((installed / PEERS[package]).read_bytes())}
    except (OSError, subprocess.SubprocessError) as error:
        return {"missing": type(error).__name__}


def main(arguments: list[str]) -> None:
    """Measure, print the verdict and keep it."""
    npm = shutil.which("npm")
    asked = QUICK if "--quick" in arguments else tuple(PEERS)
    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(4) as pool:
        if npm:
            sizes = pool.map(lambda name: peer(npm, name, Path(folder)), asked)
            found = dict(zip(asked, sizes, strict=True))
    peers = {
        f"{name} {each['version']}": each["bytes"]
        for name, each in found.items()
        if "bytes" in each
    }
    ours = packed((BUILT / "tag.js").read_bytes())
    verdict = {
        "claim": f"the browser tag is at most {GOAL_BYTES:,} bytes, gzipped",
        "ours": ours,
        "ours_with_the_banner": ours + packed((BUILT / "banner.js").read_bytes()),
        "ours_for_the_classic_snippet": packed((BUILT / "classic.js").read_bytes()),
        "peers": peers,
        "missing": sorted(set(asked) - {name.rpartition(" ")[0] for name in peers}),
        "limit": packed(LEAST),
        "ratio": round(ours / min(peers.values()), 3) if peers else None,
        "goal": GOAL_BYTES,
        "holds": ours <= GOAL_BYTES,
    }
    RESULT.write_text(json.dumps(verdict, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(verdict))


if __name__ == "__main__":
    main(sys.argv[1:])
