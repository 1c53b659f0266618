"""A real Postfix of our own on loopback, for as long as a block runs."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

WHERE = os.environ["PATH"] + ":/usr/sbin"
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
discard unix - - n - - discard
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


def missing() -> str:
    """Return why no Postfix can run here, '' where one can."""
    if shutil.which("postfix", path=WHERE) is None:
        return "Postfix is not installed here (apt-get install postfix)"
    return "Postfix starts only as root" if os.geteuid() != 0 else ""


@contextmanager
def running(*, discards: bool = False) -> Iterator[Postfix]:
    """Yield a running Postfix; one that discards takes mails, queues them, and drops them then."""
    binary, queue = shutil.which("postfix", path=WHERE), shutil.which("postqueue", path=WHERE)
    assert binary is not None
    assert queue is not None
    folder = Path(tempfile.mkdtemp(prefix="postfix-"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    prepare(folder, port, discards=discards)
    with subprocess.Popen([binary, "-c", folder / "conf", "start-fg"]) as master:
        try:
            wait_for(binary, folder, port, master)
            yield Postfix(folder, port, queue)
        finally:
            subprocess.run([binary, "-c", folder / "conf", "stop"], check=False)
            master.wait()
            shutil.rmtree(folder)


def prepare(folder: Path, port: int, *, discards: bool) -> None:
    """Write its configuration."""
    folder.chmod(0o755)
    owner = pwd.getpwnam("postfix")
    for name in ("conf", "spool", "data", "mail", "log"):
        (folder / name).mkdir()
    os.chown(folder / "data", owner.pw_uid, owner.pw_gid)
    nobody = pwd.getpwnam("nobody").pw_uid
    os.chown(folder / "mail", nobody, nobody)
    main = MAIN.format(folder=folder, uid=nobody)
    if discards:
        main += "virtual_transport = discard\n"
    (folder / "conf" / "main.cf").write_text(main)
    (folder / "conf" / "master.cf").write_text(MASTER.format(port=port))


def wait_for(binary: str, folder: Path, port: int, master: subprocess.Popen[bytes]) -> None:
    """Return once it listens."""
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
