"""CPU seconds for 1,000 personalised, DKIM-signed mails of 66 KB into an SMTP sink, by stage.

The mail of `mail/` is rendered for everybody with products and sealed links of their own, then
made a message, signed with RSA-2048 and sent with the journal flushed to the disk before each
final dot. Only the sender's CPU counts. What a mail costs before and behind that, in a data folder
(claim, gate, profile, consent, settlement), is printed apart, for peers have nothing of the kind;
its mails have no products and no signature. Into the same sink, in the same run: `email` + dkimpy
with smtplib and with aiosmtplib, nodemailer's pool, Postfix's smtp-source (which makes and signs
nothing). Rendering is timed apart, for the peers are given rendered mails. The limit is OpenSSL's
own speed of the signature. Peers that are not installed are named as such: `pip install
aiosmtplib`, `npm install` in `nodemailer/`. The last line printed is one JSON object, also kept in
results/send.json; how it grows is kept in results/send_growth.json.

    python benchmarks/send.py [--quick]
    python benchmarks/send.py --recipients 10000 100000 1000000     how it grows, and the memory
"""

from __future__ import annotations

import json
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Literal

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from render import blocks, mail, people
from send_house import whole_way
from send_peers import (
    Post,
    cpu_seconds,
    with_aiosmtplib,
    with_nodemailer,
    with_smtp_source,
    with_smtplib,
)
from send_sinks import bare_sink, postfix_sink

from tailorbird import content
from tailorbird.delivery.carriers.smtp import SmtpCarrier
from tailorbird.delivery.dkim import DkimSigner
from tailorbird.delivery.journal import FileJournal
from tailorbird.delivery.message import Envelope, outgoing
from tailorbird.privacy.permit import Permit, permit
from tailorbird.schema import SECOND, ConsentState, Outgoing
from tailorbird.tracking.tokens import Sealer

RESULT = Path(__file__).parent / "results" / "send.json"
GROWTH = RESULT.with_name("send_growth.json")
GOALS = {"per_second": 2000, "per_second_when_the_relay_signs": 8000, "python_stack": 40.0,
         "nodemailer": 3.0, "share_of_the_signature": 0.6}  # fmt: skip
NOW = 1_760_000_000 * SECOND
DOMAIN = "shop.example"
LETTERS_BEYOND_ASCII = 8
"""One person in so many has a name with such a letter."""
CONNECTIONS = 4
PRODUCTS = 18
RENDERINGS = 4
"""So few that they stay near the processor, where a mail is that has just been rendered."""
KEY = rsa.generate_private_key(65537, 2048)
Signing = Literal["nobody", "rsa", "both"]


def pem(key: rsa.RSAPrivateKey | Ed25519PrivateKey) -> bytes:
    """Return a key as its file has it."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


PEM = pem(KEY)
SIGNERS: dict[Signing, list[DkimSigner]] = {
    "nobody": [],
    "rsa": [DkimSigner(DOMAIN, "s1", PEM)],
    "both": [
        DkimSigner(DOMAIN, "s1", PEM),
        DkimSigner(DOMAIN, "s2", pem(Ed25519PrivateKey.generate())),
    ],
}


def warm(number: int) -> list[Post]:
    """Return so many mails to different people, of a few renderings.

    A mail is made right after it was rendered, while it is near the processor; thousands that wait
    in a list are not, and all would be timed for fetching them.
    """
    press = Press()
    rendered = [post.rendered for post in press.posts(RENDERINGS)]
    return [
        Post(
            rendered[at % RENDERINGS],
            press.envelope(at.to_bytes(16, "big"), at, f"Ada {at}"),
        )
        for at in range(number)
    ]


def permitted() -> Permit:
    """Return the leave to write."""
    answer = permit(ConsentState(1, granted={"email_marketing": 1}), 1, "email_marketing", 1)
    assert isinstance(answer, Permit)
    return answer


class Press:
    """Renders the mail for one person after the other."""

    def __init__(self) -> None:
        self.template = content.compile_email(mail(), blocks())
        self.sealer = Sealer(b"k" * 32)

    def posts(self, number: int, first: int = 0) -> Iterator[Post]:
        """Yield the rendered mail and the envelope of so many people."""
        for at in range(first, first + number):
            (values,) = people(1, at)
            name = f"Zoë {at}" if at % LETTERS_BEYOND_ASCII == 0 else f"Ada {at}"
            values["person"]["first_name"] = name
            values["recommendations"] = values["recommendations"][:PRODUCTS]
            send_id = at.to_bytes(16, "big")
            rendered = self.template.render("a", values, self.link(send_id), self.pixel(send_id), 0)
            yield Post(rendered, self.envelope(send_id, at, name))

    def link(self, send_id: bytes) -> Callable[[str, int], str]:
        """Return what seals a link of one send."""
        seal = self.sealer.seal
        base = f"https://go.{DOMAIN}/c/"
        return lambda url, index: base + seal("click", send_id, link=index, url=url)

    def pixel(self, send_id: bytes) -> str:
        """Return the address of its pixel."""
        return f"https://go.{DOMAIN}/o/{self.sealer.seal('open', send_id)}.gif"

    def envelope(self, send_id: bytes, at: int, name: str) -> Envelope:
        """Return who gets it."""
        return Envelope(
            send_id=send_id,
            to=f"person{at}@example.com",
            to_name=name,
            from_name="The Shop",
            from_address=f"hello@{DOMAIN}",
            domain=DOMAIN,
            now=NOW,
            unsubscribe_url=f"https://go.{DOMAIN}/u/{self.sealer.seal('unsubscribe', send_id)}",
            unsubscribe_by_mail=True,
            campaign="spring",
        )


def made(posts: Iterable[Post], signing: Signing) -> Iterator[Outgoing]:
    """Yield the messages, signed."""
    leave, signers = permitted(), SIGNERS[signing]
    for post in posts:
        sent = outgoing(leave, post.rendered, post.envelope, bounce_key=b"b" * 32, signers=signers)
        assert isinstance(sent, Outgoing)
        yield sent


def send(port: int, messages: Iterator[Outgoing]) -> int:
    """Send them with Tailorbird; return how many were taken."""
    with tempfile.TemporaryDirectory() as folder:
        journal = FileJournal(Path(folder) / "journal")
        carrier = SmtpCarrier("127.0.0.1", port, tls="none", connections=CONNECTIONS)
        try:
            return sum(reply.kind == "accepted" for reply in carrier.send(messages, journal))
        finally:
            carrier.close()
            journal.close()


def best(measure: Callable[[], float | str], number: int, runs: int) -> float | str:
    """Return the least of several runs, as CPU seconds for 1,000 mails."""
    found = [measure() for _ in range(runs)]
    seconds = [each for each in found if isinstance(each, float)]
    return round(min(seconds) / number * 1000, 4) if seconds else found[0]


def openssl() -> float | None:
    """Return the CPU seconds of 1,000 signatures by `openssl speed`."""
    program = shutil.which("openssl")
    if program is None:
        return None
    done = subprocess.run(
        [program, "speed", "-seconds", "1", "rsa2048"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    found = re.search(r"rsa\s+2048 bits\s+([\d.]+)s", done.stdout)
    return float(found[1]) * 1000 if found else None


def stages(port: int, posts: Sequence[Post], runs: int) -> dict[str, float | str]:
    """Return the CPU seconds of each stage for 1,000 mails."""
    number = len(posts)
    plain, signed = list(made(posts[:RENDERINGS], "nobody")), list(made(posts[:RENDERINGS], "rsa"))

    def sign() -> None:
        for each in islice(cycle(plain), number):
            SIGNERS["rsa"][0].sign(each.content, NOW)

    def rsa_alone() -> None:
        for _ in range(number):
            KEY.sign(b"x" * 500, padding.PKCS1v15(), hashes.SHA256())

    runners: dict[str, Callable[[], object]] = {
        "render": lambda: sum(1 for _ in Press().posts(number)),
        "message": lambda: sum(1 for _ in made(posts, "nobody")),
        "dkim": sign,
        "rsa in it": rsa_alone,
        "smtp and journal": lambda: send(port, islice(cycle(signed), number)),
    }
    return {
        name: best(lambda run=run: cpu_seconds(run), number, runs)  # type: ignore[misc]
        for name, run in runners.items()
    }


def ours(port: int, posts: Sequence[Post], signing: Signing) -> float:
    """Return the CPU seconds of making, signing and sending these mails."""
    taken: list[int] = []
    seconds = cpu_seconds(lambda: taken.append(send(port, made(posts, signing))))
    assert taken == [len(posts)]
    return seconds


def measured(number: int, runs: int) -> dict[str, Any]:
    """Return all that is measured."""
    posts = warm(number)
    few = posts[: max(40, number // 8)]
    with ExitStack() as sinks:
        port = sinks.enter_context(bare_sink())
        found: dict[str, Any] = {
            "bytes": len(next(made(posts, "rsa")).content),
            "ours": best(lambda: ours(port, posts, "rsa"), number, runs),
            "ours_double_signed": best(lambda: ours(port, posts, "both"), number, runs),
            "ours_when_the_relay_signs": best(lambda: ours(port, posts, "nobody"), number, runs),
            "stages": stages(port, posts, runs),
            "peers": {
                "email + dkimpy + smtplib": best(
                    lambda: with_smtplib(port, few, PEM), len(few), runs
                ),
                "email + dkimpy + aiosmtplib": best(
                    lambda: with_aiosmtplib(port, few, PEM), len(few), runs
                ),
                "nodemailer, pooled": best(
                    lambda: with_nodemailer(port, posts, PEM), number, max(1, runs - 1)
                ),
                "smtp-source (makes and signs nothing)": best(
                    lambda: with_smtp_source(port, number, 66_000), number, runs
                ),
            },
        }
        with postfix_sink() as other:
            if other:
                found["ours_into_smtp_sink"] = best(lambda: ours(other, posts, "rsa"), number, runs)
        found["whole_way_through_a_folder"] = whole_way(port, number)
    return found | {"limit": openssl()}


def verdict(found: dict[str, Any]) -> dict[str, Any]:
    """Return what was measured beside what was promised."""
    rate = 1000 / found["ours"]
    unsigned = 1000 / found["ours_when_the_relay_signs"]
    share = found["stages"]["rsa in it"] / found["ours"]
    ratios = {
        name: round(seconds / found["ours"], 1)
        for name, seconds in found["peers"].items()
        if isinstance(seconds, float)
    }
    python = ratios["email + dkimpy + smtplib"]
    node = ratios.get("nodemailer, pooled")
    promises = {
        "per_second": (round(rate), GOALS["per_second"]),
        "per_second_when_the_relay_signs": (
            round(unsigned), GOALS["per_second_when_the_relay_signs"]
        ),
        "python_stack": (python, GOALS["python_stack"]),
        "nodemailer": (node, GOALS["nodemailer"]),
        "share_of_the_signature": (round(share, 2), GOALS["share_of_the_signature"]),
    }  # fmt: skip
    kept = {name: is_ is None or is_ >= goal for name, (is_, goal) in promises.items()}
    limit = found["limit"] or found["stages"]["rsa in it"]
    return {
        "claim": "A core makes, signs and sends 2,000 mails of 66 KB a second, 40 times as many as "
        "the popular Python stack and 3 times as many as nodemailer",
        **found,
        "times_the_limit": round(found["ours"] / limit, 2),
        "ratios": ratios,
        "ratio": python,
        "goal": GOALS["python_stack"],
        "promises": {name: {"is": is_, "goal": goal, "holds": kept[name]}
                     for name, (is_, goal) in promises.items()},
        "holds": all(kept.values()),
    }  # fmt: skip


def grown(recipients: Sequence[int]) -> list[dict[str, float]]:
    """Return the CPU seconds for 1,000 mails and the memory, for ever more recipients.

    Each is rendered, made, signed and sent as it comes; nothing is kept.
    """
    told: list[dict[str, float]] = []
    with bare_sink() as port:
        for number in recipients:
            start = time.process_time()
            taken = send(port, made(Press().posts(number), "rsa"))
            seconds = time.process_time() - start
            assert taken == number
            told.append(
                {
                    "recipients": number,
                    "cpu_seconds_for_1000": round(seconds / number * 1000, 4),
                    "most_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                }
            )
            print(json.dumps(told[-1]), flush=True)
    return told


def main(arguments: list[str]) -> None:
    """Measure, print the verdict and keep it."""
    if "--recipients" in arguments:
        sizes = grown([int(each) for each in arguments[arguments.index("--recipients") + 1 :]])
        GROWTH.write_text(json.dumps(sizes, indent=2) + "\n", encoding="utf-8")
        return
    told = verdict(measured(*((240, 2) if "--quick" in arguments else (1200, 4))))
    RESULT.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    for name, seconds in told["stages"].items():
        print(f"{name:18} {seconds * 1000:8.1f} us a mail")
    for name, seconds in told["whole_way_through_a_folder"].items():
        if name == "octets":
            continue
        print(f"in a folder: {name:18} {seconds * 1000:8.1f} us a mail")
    print(f"{told['times_the_limit']} times what `openssl speed rsa2048` takes to sign alone")
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1:])
