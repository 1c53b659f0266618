"""How others send the same mails: Python's popular stack, aiosmtplib, nodemailer, smtp-source.

Each signs with the same RSA key, but for Postfix's smtp-source, which sends one fixed text.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import resource
import shutil
import smtplib
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

import dkim
import msgspec

from tailorbird.delivery.message import Envelope
from tailorbird.schema import SECOND, Rendered

NODE = Path(__file__).with_name("nodemailer")
HEADERS = [
    *(b"from", b"to", b"subject", b"date", b"message-id", b"list-unsubscribe"),
    *(b"list-unsubscribe-post", b"mime-version", b"content-type"),
]


class Post(msgspec.Struct, frozen=True):
    """A rendered mail with its envelope."""

    rendered: Rendered
    envelope: Envelope


def cpu_seconds(run: Callable[[], object]) -> float:
    """Return the CPU time of this process, all threads, while it runs."""
    before = time.process_time()
    run()
    return time.process_time() - before


def signed(post: Post, pem: bytes) -> bytes:
    """Return the mail as `email` writes it and dkimpy signs it."""
    envelope, rendered = post.envelope, post.rendered
    made = EmailMessage()
    made["From"] = f'"{envelope.from_name}" <{envelope.from_address}>'
    made["To"] = f'"{envelope.to_name}" <{envelope.to}>'
    made["Subject"] = rendered.subject
    made["Date"] = format_datetime(datetime.fromtimestamp(envelope.now // SECOND, UTC))
    made["Message-ID"] = f"<{envelope.send_id.hex()}@{envelope.domain}>"
    made["List-Unsubscribe"] = f"<{envelope.unsubscribe_url}>"
    made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    made.set_content(rendered.text)
    made.add_alternative(rendered.html, subtype="html")
    content = made.as_bytes(policy=SMTP)
    signature = dkim.sign(
        content,
        b"s1",
        envelope.domain.encode(),
        pem,
        canonicalize=(b"relaxed", b"relaxed"),
        include_headers=HEADERS,
    )
    assert isinstance(signature, bytes)
    return signature + content


def with_smtplib(port: int, posts: Sequence[Post], pem: bytes) -> float:
    """Return the CPU seconds of email, dkimpy and smtplib on one connection."""

    def run() -> None:
        with smtplib.SMTP("127.0.0.1", port, local_hostname="localhost") as server:
            for post in posts:
                content = signed(post, pem)
                server.sendmail(f"b@{post.envelope.domain}", [post.envelope.to], content)

    return cpu_seconds(run)


def with_aiosmtplib(port: int, posts: Sequence[Post], pem: bytes) -> float | str:
    """Return the CPU seconds of email, dkimpy and aiosmtplib on two connections."""
    try:
        aiosmtplib = importlib.import_module("aiosmtplib")
    except ImportError:
        return "not installed"

    async def lane(own: Sequence[Post]) -> None:
        client = aiosmtplib.SMTP(
            hostname="127.0.0.1",
            port=port,
            use_tls=False,
            start_tls=False,
            local_hostname="localhost",
        )
        await client.connect()
        for post in own:
            content = signed(post, pem)
            await client.sendmail(f"b@{post.envelope.domain}", [post.envelope.to], content)
        await client.quit()

    async def both() -> None:
        await asyncio.gather(lane(posts[::2]), lane(posts[1::2]))

    return cpu_seconds(lambda: asyncio.run(both()))


def with_nodemailer(port: int, posts: Sequence[Post], pem: bytes) -> float | str:
    """Return the CPU seconds of nodemailer with a pool of two connections."""
    node = shutil.which("node")
    if node is None or not (NODE / "node_modules" / "nodemailer").exists():
        return "not installed: run `npm install` in benchmarks/nodemailer"
    told = {
        "port": port,
        "key": pem.decode(),
        "mails": [msgspec.to_builtins(post.rendered) | _envelope(post) for post in posts],
    }
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(told, file)
        file.flush()
        done = subprocess.run(
            [node, NODE / "send.cjs", file.name],
            capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip
    return float(json.loads(done.stdout)["cpu_seconds"])


def _envelope(post: Post) -> dict[str, str]:
    envelope = post.envelope
    return {
        "id": f"<{envelope.send_id.hex()}@{envelope.domain}>",
        "from": f'"{envelope.from_name}" <{envelope.from_address}>',
        "to": f'"{envelope.to_name}" <{envelope.to}>',
        "bounce": f"b@{envelope.domain}",
        "domain": envelope.domain,
        "unsubscribe": envelope.unsubscribe_url,
    }


def with_smtp_source(port: int, number: int, size: int) -> float | str:
    """Return the CPU seconds of Postfix's generator: one text, nothing made and nothing signed."""
    source = shutil.which("smtp-source", path="/usr/sbin:/usr/bin")
    if source is None:
        return "not installed"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [source, "-s", "2", "-m", str(number), "-l", str(size), "-f", "a@shop.example",
         "-t", "b@example.com", "-M", "localhost", f"inet:127.0.0.1:{port}"],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
