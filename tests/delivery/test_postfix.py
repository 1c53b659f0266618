"""Against a real Postfix: every mail arrives once and whole, and refusals are understood."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path

import pytest

from tailorbird.delivery.carriers.smtp import SmtpCarrier
from tailorbird.delivery.journal import FileJournal
from tailorbird.delivery.message import Envelope, message
from tailorbird.delivery.protocol import DeliveryReport, deliver
from tailorbird.schema import SECOND, Claim, Decision, Outgoing, Rendered
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.ledger import SqliteLedger

pytestmark = [pytest.mark.postfix, pytest.mark.slow]

NOW = 1_700_000_000 * SECOND
MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file_prefixes = {folder}
maillog_file = {folder}/log/mail
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.example
mynetworks = 127.0.0.0/8
mydestination =
alias_maps =
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_recipient_access inline:{{
    {{ gone@y.example = 550 5.1.1 no such person }}
    {{ busy@y.example = 451 4.2.0 mailbox is busy }} }}, permit
message_size_limit = 200000
virtual_mailbox_domains = y.example
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{uid}
"""
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass
class Postfix:
    """A running Postfix of our own."""

    folder: Path
    port: int
    queue: str

    def arrived(self, number: int) -> list[bytes]:
        """Return what lies in the mailbox, once so many messages have come."""
        mailbox = self.folder / "mail" / "all" / "new"
        for _ in range(600):
            paths = list(mailbox.glob("*")) if mailbox.is_dir() else []
            if len(paths) >= number:
                break
            # Instead of a sleep: a question to the server, which takes its time to answer.
            subprocess.run(
                [self.queue, "-c", self.folder / "conf", "-j"], capture_output=True, check=False
            )
        return [path.read_bytes().replace(b"\n", b"\r\n") for path in paths]


@pytest.fixture(scope="module")
def postfix() -> Iterator[Postfix]:
    where = os.environ["PATH"] + ":/usr/sbin"
    binary, queue = shutil.which("postfix", path=where), shutil.which("postqueue", path=where)
    if binary is None or queue is None:
        pytest.skip("Postfix is not installed here (apt-get install postfix)")
    if os.geteuid() != 0:
        pytest.skip("Postfix starts only as root")
    folder = Path(tempfile.mkdtemp(prefix="postfix-"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    prepare(folder, port)
    with subprocess.Popen([binary, "-c", folder / "conf", "start-fg"]) as master:
        try:
            wait_for(binary, folder, port, master)
            yield Postfix(folder, port, queue)
        finally:
            subprocess.run([binary, "-c", folder / "conf", "stop"], check=False)
            master.wait()
            shutil.rmtree(folder)


def prepare(folder: Path, port: int) -> None:
    folder.chmod(0o755)
    owner = pwd.getpwnam("postfix")
    for name in ("conf", "spool", "data", "mail", "log"):
        (folder / name).mkdir()
    os.chown(folder / "data", owner.pw_uid, owner.pw_gid)
    nobody = pwd.getpwnam("nobody").pw_uid
    os.chown(folder / "mail", nobody, nobody)
    main = MAIN.format(folder=folder, uid=nobody)
    (folder / "conf" / "main.cf").write_text(main)
    (folder / "conf" / "master.cf").write_text(MASTER.format(port=port))


def wait_for(binary: str, folder: Path, port: int, master: subprocess.Popen[bytes]) -> None:
    for _ in range(2000):
        assert master.poll() is None, "Postfix did not start"
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
        except ConnectionRefusedError:
            subprocess.run(
                [binary, "-c", folder / "conf", "status"], capture_output=True, check=False
            )
            continue
        return
    raise AssertionError("Postfix does not listen")


def letter(claim: Claim) -> Outgoing:
    to = {7: "gone@y.example", 8: "busy@y.example"}.get(claim.person, f"p{claim.person}@y.example")
    return Outgoing(claim.send_id, "b-1@x.example", to, letter_to(claim.send_id, claim.person))


def letter_to(send_id: bytes, person: int) -> bytes:
    rendered = Rendered("Grüße", "<p>.</p>\n.\n..\n<p>Käse " + "x" * 2000 + "</p>", "ß\n.\n")
    envelope = Envelope(
        send_id=send_id,
        to=f"p{person}@y.example",
        to_name='Änn, "Q"',
        from_address="hello@x.example",
        domain="x.example",
        now=NOW,
        unsubscribe_url="https://x.example/u/t",
    )
    return message(rendered, envelope)


def test_every_mail_arrives_once_and_whole(postfix: Postfix, tmp_path: Path) -> None:
    database = Database(tmp_path / "tailorbird.sqlite")
    ledger = SqliteLedger(database)
    made = [Decision(n.to_bytes(16, "big"), "c", 1, "1", n, NOW, "send") for n in range(60)]
    ledger.record(made)
    journal = FileJournal(tmp_path / "journal")
    carrier = SmtpCarrier("127.0.0.1", postfix.port, tls="none", connections=3)
    report = deliver(ledger, carrier, journal, letter, worker="w", now=NOW, batch=25)
    carrier.close()
    assert report == DeliveryReport(sent=58, failed=1, deferred=1)
    settlement = ledger.settlement(made[7].id)
    assert settlement is not None
    assert settlement.reply.startswith("550 5.1.1")
    arrived = postfix.arrived(58)
    ids = [message_from_bytes(each)["Message-ID"] for each in arrived]
    assert sorted(ids) == sorted(
        f"<{each.id.hex()}@x.example>" for each in made if each.person not in {7, 8}
    )
    sent = {f"<{each.id.hex()}@x.example>": letter_to(each.id, each.person) for each in made}
    for content in arrived:
        assert content.endswith(sent[message_from_bytes(content)["Message-ID"]])
    journal.close()
    database.close()


def test_a_mail_that_is_too_large_is_refused_before_it_is_sent(
    postfix: Postfix, tmp_path: Path
) -> None:
    journal = FileJournal(tmp_path / "journal")
    carrier = SmtpCarrier("127.0.0.1", postfix.port, tls="none")
    large = Outgoing(b"1" * 16, "a@x.example", "p@y.example", b"x" * 70 + b"\r\n" * 200_000)
    (reply,) = carrier.send(iter([large]), journal)
    carrier.close()
    assert (reply.kind, reply.code) == ("rejected", 552)
    assert journal.last()[large.send_id] == reply
    journal.close()
