"""`tailorbird serve`: one process takes events in and shows them, and answers mails."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.serving import serving, until

from tailorbird.app import Tailorbird
from tailorbird.schema import Body

pytestmark = pytest.mark.timeout(180)


@dataclass(frozen=True, slots=True)
class Server:
    folder: Path
    url: str

    def get(self, path: str) -> Any:
        response = httpx.get(f"{self.url}{path}", timeout=30)
        assert response.status_code == 200, response.text
        return response.json()


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    with serving(folder) as url:
        yield Server(folder, url)


def test_an_event_that_was_answered_200_lands_on_its_person(server: Server) -> None:
    batch = {
        "batch": [
            {
                "type": "identify", "userId": "new-1", "messageId": "n1",
                "traits": {"email": "new@people.example", "first_name": "Nora"},
            },
            {
                "type": "track", "event": "Product Added", "userId": "new-1", "messageId": "n2",
                "properties": {"product_id": "P00001", "price": 4.5, "currency": "EUR"},
            },
        ]
    }  # fmt: skip
    assert httpx.post(f"{server.url}/v1/batch", json=batch, timeout=30).status_code == 200
    found: dict[str, Any] = {}

    def there() -> bool:
        page = server.get("/api/v1/people?q=new-1")
        found.update(page)
        # Her profile is there first, her events an instant later.
        timeline = "/api/v1/people/{}/timeline"
        return any(server.get(timeline.format(p["person"]))["entries"] for p in page["people"])

    until(there)
    person = found["people"][0]["person"]
    events = server.get(f"/api/v1/people/{person}/timeline")["entries"]
    assert [event["event"] for event in events] == ["add_to_cart"]


def test_a_click_on_a_real_mail_leads_on_and_is_counted(server: Server) -> None:
    inbox = server.get("/api/v1/inbox?limit=50")
    for row in inbox["messages"]:
        mail = server.get(f"/api/v1/inbox/{row['send_id']}")
        link = re.search(r'href="([^"]+/c/[^"]+)"', mail["html"])
        if link:
            break
    assert link
    before = server.get("/api/v1/status")["log_offset"]
    path = "/c/" + link[1].rpartition("/")[2]
    response = httpx.get(f"{server.url}{path}", timeout=30)
    assert response.status_code == 302
    assert response.headers["location"].startswith("https://shop.example")
    until(lambda: server.get("/api/v1/status")["facts_offset"] > before)


def test_what_was_in_the_log_at_a_kill_is_taken_in_at_the_start(folder: Path) -> None:
    with Tailorbird.open(folder, environment={}) as tb:
        event = b'{"type":"track","event":"Page Viewed","messageId":"late","userId":"u0000001"}'
        tb.world.log.append([Body("test", tb.clock(), event)])
        end = tb.world.log.end()
    with Tailorbird.open(folder, environment={}) as tb:
        assert tb.world.people.cursor() < end
        assert tb.ingest().events == 1
        assert tb.world.facts.offset() == end


def test_a_command_beside_the_server_says_who_holds_the_folder(server: Server) -> None:
    command = [sys.executable, "-m", "tailorbird", "segments", "list", "-C", str(server.folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "tailorbird serve" in done.stderr
    assert "Traceback" not in done.stderr
