"""The doors of what comes back are killed at any moment: what was taken is there, and counts once.

Bounces come by SMTP, in a mailbox and by a provider's hook; whoever was not answered tries again.
"""

from __future__ import annotations

import base64
import http.client
import json
import random
import smtplib
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.mailbox_hosts import PASSWORD, Host, certificate, imap

from tailorbird import returning
from tailorbird.app import Tailorbird
from tailorbird.delivery.verp import return_path
from tailorbird.schema import Body

KILLS = 4
PEOPLE = 60
DOORS = ("smtp", "hook", "mailbox")
DOMAIN = "shop.example"
SETTINGS = """
[sender]
domain = "shop.example"
[feedback]
postmark_secret = "user:password"
smtp_port = {port}
mailbox = "imap"
mailbox_host = "localhost"
mailbox_port = {mailbox}
mailbox_user = "bounces"
mailbox_password = "{password}"
mailbox_every_seconds = 1
mailbox_ca_file = "{pem}"
"""
SERVER = """
import socket, sys, tailorbird, uvicorn
from pathlib import Path
from tailorbird.web.serve import site
with tailorbird.open(Path(sys.argv[1])) as tb:
    config = uvicorn.Config(site(tb), log_level="critical", access_log=False)
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(sys.argv[2]))])
"""
"""As `tailorbird serve`, at a port that is open already."""
REPORT = """\
From: MAILER-DAEMON@mx.example\r
To: {back}\r
Subject: Undelivered Mail\r
Content-Type: multipart/report; report-type=delivery-status; boundary=x\r
\r
--x\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.example\r
\r
Final-Recipient: rfc822; {to}\r
Action: failed\r
Status: 5.1.1\r
Diagnostic-Code: smtp; 550 5.1.1 no such user\r
--x--\r
"""

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]


@dataclass
class Sender:
    """Somebody who brings bounces, each until it is taken."""

    left: list[tuple[str, str]]
    """What is sent to whom."""
    send: Callable[[int, str, str], bool]

    def run(self, port: int, stopped: threading.Event, told: threading.Event) -> None:
        """Bring them until all are taken, or the server is gone; `told` is set at each answer."""
        while self.left and not stopped.is_set():
            with suppress(OSError, http.client.HTTPException, smtplib.SMTPException):
                if self.send(port, *self.left[0]):
                    self.left.pop(0)
                    told.set()
            stopped.wait(0.01)


def by_smtp(port: int, back: str, mail: str) -> bool:
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as server:
        return not server.sendmail("", [back], mail)


def by_hook(port: int, _: str, said: str) -> bool:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        key = base64.b64encode(b"user:password").decode()
        head = {"authorization": f"Basic {key}", "content-type": "application/json"}
        connection.request("POST", "/hooks/esp/postmark", said, head)
        return connection.getresponse().status == 200


def prepare(folder: Path) -> dict[str, list[tuple[str, str, str]]]:
    """Send everybody a mail; return (return path, address, send id) by the door of its bounce."""
    agreed = {"consent": {"email_marketing": True, "wordingVersion": "1"}}
    with Tailorbird.open(folder, environment={}) as tb:
        batch = [
            {"type": "identify", "messageId": f"i{n}", "userId": f"p{n}", "context": agreed,
             "traits": {"email": f"p{n}@mail.example"}}
            for n in range(PEOPLE)
        ]  # fmt: skip
        tb.world.log.append([Body("api", tb.clock(), json.dumps({"batch": batch}).encode())])
        tb.ingest()
        tb.put("segment", "everybody", "name: everybody\nwhere: {trait: orders, at_least: 0}\n")
        tb.put("template", "spring", "<p>Spring</p>")
        tb.put("campaign", "spring", "name: spring\naudience: everybody\ntemplate: spring\n"
               "holdout: 0\nvariants: {only: {subject: Spring}}\n")  # fmt: skip
        tb.refresh()
        tb.decide("spring")
        assert tb.deliver().sent == PEOPLE
        tb.ingest()
        made: dict[str, list[tuple[str, str, str]]] = {door: [] for door in DOORS}
        for at, decision in enumerate(tb.world.ledger.decisions(campaign="spring")):
            profile = tb.world.people.profiles([decision.person])[decision.person]
            back = return_path(decision.id, DOMAIN, tb.world.token_key)
            made[DOORS[at % 3]].append((back, profile.email, decision.id.hex()))
        return made


@contextmanager
def serving(folder: Path) -> Iterator[int]:
    """Run a server of the folder, kill it at the end; give its port."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=128)) as opened:
        command = [sys.executable, "-c", SERVER, str(folder), str(opened.fileno())]
        server = subprocess.Popen(command, pass_fds=[opened.fileno()])
        port = int(opened.getsockname()[1])
    with server:
        try:
            yield port
        finally:
            server.kill()


def free_port(rng: random.Random) -> int:
    """Return a port below those that the system hands out by itself."""
    while True:
        port = rng.randrange(12_000, 32_000)
        with socket.socket() as tried, suppress(OSError):
            tried.bind(("127.0.0.1", port))
            return port


def test_doors_that_are_killed_take_every_bounce_and_count_it_once(tmp_path: Path) -> None:
    rng = random.Random(7)
    folder, pem, port = tmp_path / "data", certificate(tmp_path), free_port(rng)
    made = prepare(folder)
    host = Host(pem, imap)
    for number, (back, to, _) in enumerate(made["mailbox"], 1):
        host.mails[number] = REPORT.format(back=back, to=to).encode()
    (folder / "tailorbird.toml").write_text(
        SETTINGS.format(port=port, mailbox=host.port, password=PASSWORD, pem=pem)
    )
    mails = [(back, REPORT.format(back=back, to=to)) for back, to, _ in made["smtp"]]
    posts = [(back, posted(to, send_id)) for back, to, send_id in made["hook"]]
    smtp, hook = Sender(mails, by_smtp), Sender(posts, by_hook)
    try:
        for life in range(KILLS + 1):
            one_life(folder, port, (smtp, hook), None if life == KILLS else rng)
        check(folder, made)
    finally:
        host.stop()


def one_life(
    folder: Path, port: int, senders: tuple[Sender, Sender], rng: random.Random | None
) -> None:
    """Serve until all is taken, or, by a draw, only until a moment after something was."""
    stopped, told = threading.Event(), threading.Event()
    with serving(folder) as web:
        threads = [
            threading.Thread(target=sender.run, args=(at, stopped, told))
            for sender, at in zip(senders, (port, web), strict=True)
        ]
        for thread in threads:
            thread.start()
        if rng is not None:
            while any(thread.is_alive() for thread in threads) and not told.wait(0.1):
                pass
            stopped.wait(rng.uniform(0, 0.15))
            stopped.set()
        else:
            for thread in threads:
                thread.join()
    stopped.set()
    for thread in threads:
        thread.join()


def posted(to: str, send_id: str) -> str:
    """Return what Postmark says of a mail that bounced for good."""
    said = {
        "RecordType": "Bounce", "Type": "HardBounce", "ID": int(send_id[:10], 16), "Email": to,
        "MessageID": "00000000-0000-0000-0000-000000000000", "Metadata": {"send_id": send_id},
        "Details": "550 5.1.1 no such user", "BouncedAt": "2030-01-01T00:00:00Z",
    }  # fmt: skip
    return json.dumps(said)


def check(folder: Path, made: dict[str, list[tuple[str, str, str]]]) -> None:
    """Read what is left in the mailbox; compare what counts with what was brought."""
    with Tailorbird.open(folder, environment={}) as tb:
        while returning.visit(tb.world.log, tb.world.settings.feedback, tb.clock()):
            pass
        tb.ingest()
        asked = "SELECT send_id, COUNT(*) AS n FROM facts WHERE event = ? GROUP BY send_id"
        rows = tb.world.facts.read(asked, ("email_bounced",)).to_pylist()
        every = {send_id for brought in made.values() for _, _, send_id in brought}
        assert {row["send_id"]: row["n"] for row in rows} == dict.fromkeys(every, 1)
        assert tb.world.people.quarantine_counts() == {}
        states = tb.world.people.consent_states(list(range(1, PEOPLE + 1)))
        assert {state.suppressed for state in states.values()} == {"hard_bounce"}
