"""CPU seconds for 1,000 mails of 60 KB handed to a provider over HTTP, by each of the carriers.

The provider is a bare sink in another process that answers as the provider documents; only the
sender's CPU time is counted, without making or signing the message. Beside it, in the same run and
into the same sink: the popular way, `email` to take the message apart, `json` and `httpx`. The
limit is `http.client` alone, posting the same bytes. The last line printed is one JSON object, also
kept in benchmarks/results/carriers.json.
"""

from __future__ import annotations

import email.policy
import http.client
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import httpx

from tailorbird.delivery.carriers.inbox import InboxCarrier
from tailorbird.delivery.carriers.kinds import Place
from tailorbird.delivery.carriers.registry import KINDS, kind
from tailorbird.delivery.journal import FileJournal
from tailorbird.delivery.message import Envelope, message
from tailorbird.schema import SECOND, Outgoing, Rendered

RESULT = Path(__file__).parent / "results" / "carriers.json"
GOAL_RATIO = 0.1
HTML_BYTES = 60_000
NOW = 1_760_000_000 * SECOND
OVER_HTTP = [name for name in KINDS if name not in ("file", "inbox", "smtp")]
SECRETS = {
    "access_key_id": "a", "api_key": "k", "domain": "mg.shop.example", "region": "eu-central-1",
    "secret_access_key": "s", "secret_key": "s", "server_token": "t",
}  # fmt: skip
SINK = """
import json, socket, sys, threading
def postmark(body):
    return [{"ErrorCode": 0, "Message": "OK", "MessageID": "m"}] * body.count(b'"send_id"')
def mailjet(body):
    one = {"Status": "success", "To": [{"Email": "a", "MessageID": 1}]}
    return {"Messages": [one] * body.count(b'"CustomID"')}
def other(body):
    taken = {"results": {"total_accepted_recipients": 1, "id": "1"}}
    return taken | {"id": "m", "messageId": "m", "MessageId": "m"}
answer = {"postmark": postmark, "mailjet": mailjet}.get(sys.argv[1], other)
status = {"sendgrid": b"202 Accepted", "brevo": b"201 Created"}.get(sys.argv[1], b"200 OK")
def serve(connection):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    held = b""
    while received := connection.recv(1 << 20):
        held += received
        head, end, body = held.partition(b"\\r\\n\\r\\n")
        if not end:
            continue
        length = int(head.lower().partition(b"content-length:")[2].split(b"\\r\\n")[0])
        if len(body) < length:
            continue
        held = body[length:]
        text = json.dumps(answer(body[:length])).encode()
        connection.sendall(b"HTTP/1.1 " + status + b"\\r\\nContent-Type: application/json\\r\\n"
            b"Date: Sun, 22 Nov 2026 13:00:00 GMT\\r\\nContent-Length: %d\\r\\n\\r\\n%s"
            % (len(text), text))
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""


@contextmanager
def sink(name: str) -> Iterator[int]:
    """Yield the port of a sink that answers as one provider."""
    process = subprocess.Popen(
        [sys.executable, "-c", SINK, name], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def mails(count: int) -> list[Outgoing]:
    """Return messages, each with its own text."""
    made = []
    for number in range(count):
        send_id = number.to_bytes(16, "big")
        to = f"p{number}@people.example"
        html = f"<p>Hello {number}</p>\n" + "<p>some words of a mail &amp; a line end</p>\n" * (
            HTML_BYTES // 43
        )
        envelope = Envelope(
            send_id, to, "hello@shop.example", "shop.example", NOW, to_name="Ann Müller",
            from_name="The Shop", unsubscribe_url="https://shop.example/u/token",
        )  # fmt: skip
        content = message(Rendered("Käse for you", html, "Some words.\n"), envelope)
        made.append(Outgoing(send_id, "b@shop.example", to, content))
    return made


def by_carrier(name: str, messages: list[Outgoing]) -> float:
    """Return the CPU seconds of one carrier for these messages."""
    made = kind(name)
    with tempfile.TemporaryDirectory() as folder, sink(name) as port:
        given = {"base_url": f"http://127.0.0.1:{port}", "connections": 2}
        known = made.settings.__struct_fields__
        table = given | {key: said for key, said in SECRETS.items() if key in known}
        inbox = InboxCarrier(Path(folder))
        journal = FileJournal(Path(folder) / "journal", sync=False)
        place = Place(name, Path(folder), "shop.example", lambda: NOW, inbox)
        carrier = made.opened(made.read(table, "here"), place)
        list(carrier.send(iter(messages[:20]), journal))
        begun = time.process_time()
        kinds = {reply.kind for reply in carrier.send(iter(messages), journal)}
        spent = time.process_time() - begun
        assert kinds == {"accepted"}, kinds
        for each in (carrier, journal, inbox):
            each.close()
    return spent


def popular(messages: list[Outgoing]) -> float:
    """Return the CPU seconds of `email`, `json` and `httpx`."""
    parser = BytesParser(policy=email.policy.default)

    def body(sent: Outgoing) -> dict[str, Any]:
        whole: Any = parser.parsebytes(sent.content)
        return {
            "from": str(whole["From"]),
            "to": [sent.envelope_to],
            "subject": str(whole["Subject"]),
            "html": whole.get_body(("html",)).get_content(),
            "text": whole.get_body(("plain",)).get_content(),
            "headers": {"List-Unsubscribe": str(whole["List-Unsubscribe"])},
        }

    with sink("resend") as port, httpx.Client() as client:
        url = f"http://127.0.0.1:{port}/emails"
        return timed(lambda sent: client.post(url, json=body(sent)).raise_for_status(), messages)


def bare(messages: list[Outgoing]) -> float:
    """Return the CPU seconds of `http.client` alone, posting the messages as they are."""
    with sink("resend") as port:
        connection = http.client.HTTPConnection("127.0.0.1", port)

        def post(sent: Outgoing) -> None:
            connection.request("POST", "/emails", sent.content)
            connection.getresponse().read()

        spent = timed(post, messages)
        connection.close()
    return spent


def timed(post: Callable[[Outgoing], object], messages: list[Outgoing]) -> float:
    """Return the CPU seconds that posting each took."""
    for sent in messages[:20]:
        post(sent)
    begun = time.process_time()
    for sent in messages:
        post(sent)
    return time.process_time() - begun


def main() -> None:
    """Measure, print, keep."""
    count = 300 if "--quick" in sys.argv else 2000
    messages = mails(count)
    per_thousand = 1000 / count
    ours = {name: round(by_carrier(name, messages) * per_thousand, 3) for name in OVER_HTTP}
    peers = {"email + json + httpx": round(popular(messages) * per_thousand, 3)}
    limit = round(bare(messages) * per_thousand, 3)
    ratio = round(max(ours.values()) / min(peers.values()), 3)
    claim = (
        "a carrier over HTTP takes at most a tenth of the CPU seconds of the popular way for "
        "1,000 mails of 60 KB"
    )
    result = {
        "claim": claim, "ours": ours, "peers": peers, "limit": limit, "ratio": ratio,
        "goal": GOAL_RATIO, "holds": ratio <= GOAL_RATIO,
    }  # fmt: skip
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
