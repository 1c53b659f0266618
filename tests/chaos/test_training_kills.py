"""A training was accepted, the server was killed; the next one does it and says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.serving import killed, until

from tailorbird.app import Tailorbird
from tailorbird.schema import DAY, Body

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]
HABITS = "name: habits\nfeatures: [orders, recency_days]\ncount: 2\n"
HEADERS = {"sec-fetch-site": "same-origin"}
KILLS = 2


def prepared(folder: Path) -> None:
    """Have 60 people ordered once, and 60 six times."""
    with Tailorbird.open(folder, environment={}) as tb:
        now, agreed = tb.clock(), {"training": True, "personalisation": True}
        for person in range(120):
            user = {"userId": f"u{person}"}
            about = {"type": "identify", "messageId": f"i{person}", "context": {"consent": agreed}}
            orders = [
                {"type": "track", "event": "Order Completed", "messageId": f"o{person}-{n}",
                 "properties": {"order_id": f"{person}-{n}", "total": 9}} | user
                for n in range(1 if person % 2 else 6)
            ]  # fmt: skip
            batch = {"batch": [about | user, *orders]}
            at = now - (2 if person % 2 == 0 else 60 + person) * DAY
            tb.world.log.append([Body("server:shop", at, json.dumps(batch).encode())])
        tb.ingest()
        tb.put("clusters", "habits", HABITS)


@contextmanager
def life(folder: Path) -> Iterator[str]:
    """Serve a folder until it is killed; yield the address of its clusters."""
    with killed(folder) as (url, _):
        where = f"{url}/api/v1/clusters/habits"
        until(lambda: _answers(where))
        yield where


def _answers(where: str) -> bool:
    try:
        return httpx.get(where, timeout=30).status_code == 200
    except httpx.TransportError:
        return False


def told(where: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{where}/training", timeout=30).json()
    return found


def test_what_was_accepted_is_done_by_the_server_that_comes_after(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    prepared(folder)
    with life(folder) as where:
        begun = httpx.post(f"{where}/train", headers=HEADERS, timeout=30)
        assert (begun.status_code, begun.json()["state"]) == (202, "running")
    for _ in range(KILLS - 1):
        with life(folder) as where:
            assert told(where)["asked_at"] == begun.json()["asked_at"]
    with life(folder) as where:
        until(lambda: told(where)["state"] != "running", seconds=120)
        ended = told(where)
        assert (ended["state"], ended["why"]) == ("done", "")
        assert ended["asked_at"] == begun.json()["asked_at"]
        assert httpx.get(where, timeout=30).json()["serves"]
