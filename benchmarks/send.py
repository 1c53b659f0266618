"""CPU seconds for 1,000 DKIM-signed mails of 60 KB: message, signature, SMTP into a bare sink.

Beside it, in the same run and into the same sink: the standard library's `email` and `smtplib`
with `dkimpy`. The limit is the RSA signature alone. Only the sender's CPU time is counted.
The last line printed is one JSON object, also kept in benchmarks/results/send.json.
"""

from __future__ import annotations

import json
import smtplib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

import dkim
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tailorbird.delivery.carriers.smtp import SmtpCarrier
from tailorbird.delivery.dkim import DkimSigner
from tailorbird.delivery.journal import FileJournal
from tailorbird.delivery.message import Envelope, message
from tailorbird.schema import SECOND, Outgoing, Rendered

RESULT = Path(__file__).parent / "results" / "send.json"
GOAL_RATIO = 0.025
HTML_BYTES = 60_000
NOW = 1_760_000_000 * SECOND
DOMAIN = "shop.example"
KEY = rsa.generate_private_key(65537, 2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.TraditionalOpenSSL,
    serialization.NoEncryption(),
)
HEADERS = [
    *(b"from", b"to", b"subject", b"date", b"message-id", b"list-unsubscribe"),
    *(b"list-unsubscribe-post", b"mime-version", b"content-type"),
]
SINK = """
import socket, threading
def serve(connection):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(b"220 sink\\r\\n")
    held, text = b"", False
    while received := connection.recv(1 << 20):
        held += received
        while True:
            if text:
                end = held.find(b"\\r\\n.\\r\\n")
                if end < 0:
                    break
                held, text = held[end + 5:], False
                connection.sendall(b"250 taken\\r\\n")
            else:
                line, end, rest = held.partition(b"\\r\\n")
                if not end:
                    break
                held, verb, answer = rest, line[:4].upper(), b"250 ok\\r\\n"
                if verb == b"EHLO":
                    answer = b"250-sink\\r\\n250 PIPELINING\\r\\n"
                elif verb == b"DATA":
                    text, answer = True, b"354 go on\\r\\n"
                elif verb == b"QUIT":
                    answer = b"221 bye\\r\\n"
                connection.sendall(answer)
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""


def rendered(number: int) -> Rendered:
    """Return a shop's mail for one person, about 60 KB of HTML."""
    row = (
        '<tr>\n  <td style="padding:8px 16px;font-family:Arial,sans-serif;color:#333333">'
        f'<a href="https://{DOMAIN}/c/{number:043d}">Item of the week</a> 12.99 &euro;</td>\n</tr>'
    )
    row += "\n"
    rows = row * (HTML_BYTES // len(row))
    head = f"<!doctype html>\n<html><body><h1>Hello Zoë {number}</h1><table>\n"
    text = "".join(f"Item {line} of the week, 12.99 EUR\n" for line in range(60))
    return Rendered(f"Zoë, {number} things for you", f"{head}{rows}</table></body></html>\n", text)


def envelope(number: int) -> Envelope:
    """Return who gets it."""
    return Envelope(
        send_id=number.to_bytes(16, "big"),
        to=f"person{number}@example.com",
        to_name="Zoë",
        from_name="The Shop",
        from_address=f"hello@{DOMAIN}",
        domain=DOMAIN,
        now=NOW,
        unsubscribe_url=f"https://{DOMAIN}/u/{number:043d}",
        campaign="spring",
    )


def ours(port: int, mails: list[Rendered], *, sign: bool) -> float:
    """Send with Tailorbird; return the CPU seconds."""
    signer = DkimSigner(DOMAIN, "s1", PEM)

    def outgoing() -> Iterator[Outgoing]:
        for number, mail in enumerate(mails):
            to = envelope(number)
            content = message(mail, to)
            content = signer.sign(content, NOW) if sign else content
            yield Outgoing(to.send_id, f"b-{number}@{DOMAIN}", to.to, content)

    with tempfile.TemporaryDirectory() as folder:
        journal = FileJournal(Path(folder) / "journal")
        carrier = SmtpCarrier("127.0.0.1", port, tls="none", connections=2)

        def run() -> None:
            replies = [reply.kind for reply in carrier.send(outgoing(), journal)]
            assert replies == ["accepted"] * len(mails)

        taken = cpu_seconds(run)
        carrier.close()
        journal.close()
    return taken


def standard_library(port: int, mails: list[Rendered]) -> float:
    """Send with email, dkimpy and smtplib on one connection; return the CPU seconds."""
    date = format_datetime(datetime.fromtimestamp(NOW // SECOND, UTC))

    def run() -> None:
        with smtplib.SMTP("127.0.0.1", port, local_hostname="localhost") as server:
            for number, mail in enumerate(mails):
                to = envelope(number)
                made = EmailMessage()
                made["From"] = f'"{to.from_name}" <{to.from_address}>'
                made["To"] = f'"{to.to_name}" <{to.to}>'
                made["Subject"] = mail.subject
                made["Date"] = date
                made["Message-ID"] = f"<{to.send_id.hex()}@{DOMAIN}>"
                made["List-Unsubscribe"] = f"<{to.unsubscribe_url}>"
                made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
                made.set_content(mail.text)
                made.add_alternative(mail.html, subtype="html")
                content = made.as_bytes(policy=SMTP)
                signature = dkim.sign(
                    content,
                    b"s1",
                    DOMAIN.encode(),
                    PEM,
                    canonicalize=(b"relaxed", b"relaxed"),
                    include_headers=HEADERS,
                )
                server.sendmail(f"b-{number}@{DOMAIN}", [to.to], signature + content)

    return cpu_seconds(run)


def signatures(number: int) -> float:
    """Return the CPU seconds of so many RSA signatures alone."""

    def run() -> None:
        for _ in range(number):
            KEY.sign(b"x" * 500, padding.PKCS1v15(), hashes.SHA256())

    return cpu_seconds(run)


def cpu_seconds(run: Callable[[], None]) -> float:
    """Return the CPU time of this process, all threads, while it runs."""
    before = time.process_time()
    run()
    return time.process_time() - before


def per_thousand(measure: Callable[[int], float], number: int, runs: int) -> float:
    """Return the best of several runs, for 1,000 mails."""
    return round(min(measure(number) for _ in range(runs)) / number * 1000, 3)


def main(arguments: list[str]) -> None:
    """Measure, print the verdict and keep it."""
    number, runs = (400, 3) if "--quick" in arguments else (2000, 5)
    mails = [rendered(each) for each in range(number)]
    with subprocess.Popen([sys.executable, "-c", SINK], stdout=subprocess.PIPE, text=True) as sink:
        assert sink.stdout is not None
        port = int(sink.stdout.readline())
        try:
            signed = per_thousand(lambda n: ours(port, mails[:n], sign=True), number, runs)
            unsigned = per_thousand(lambda n: ours(port, mails[:n], sign=False), number, runs)
            peer = per_thousand(lambda n: standard_library(port, mails[:n]), number // 10, runs)
        finally:
            sink.kill()
    verdict = {
        "claim": "1,000 DKIM-signed mails of 60 KB cost at most a fortieth of the CPU seconds of "
        "email + dkimpy + smtplib",
        "ours": signed,
        "ours_when_the_relay_signs": unsigned,
        "peers": {"email + dkimpy + smtplib": peer},
        "limit": per_thousand(signatures, number, runs),
        "ratio": round(signed / peer, 4),
        "goal": GOAL_RATIO,
        "holds": signed / peer <= GOAL_RATIO,
    }
    RESULT.write_text(json.dumps(verdict, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(verdict))


if __name__ == "__main__":
    main(sys.argv[1:])
