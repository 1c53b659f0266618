"""Feeds the message maker with hostile text: `python tests/fuzz/message.py [CORPUS] [-runs=N]`.

The options are libFuzzer's. An input is split into names, subject, texts and addresses. Whatever
they hold, two readers must find the headers and the parts that we wrote, each address alone, and
nothing that a command could be cut by.
"""

from __future__ import annotations

import email
import email.policy
import re
import sys
from email.utils import getaddresses

import atheris
import msgspec

with atheris.instrument_imports(include=["tailorbird.delivery"]):
    from tailorbird.delivery.addresses import commandable, wire_address
    from tailorbird.delivery.message import Envelope, outgoing

from tailorbird.privacy.permit import Permit, permit
from tailorbird.schema import ConsentState, Outgoing, Rendered

PLAIN = Envelope(
    send_id=bytes(16),
    to="ann@example.com",
    from_address="hello@shop.example",
    domain="shop.example",
    now=1_700_000_000_000_000,
    unsubscribe_url="https://shop.example/u/abc",
    unsubscribe_by_mail=True,
)
FIELDS = [
    *("from", "to", "subject", "date", "message-id", "list-unsubscribe", "list-unsubscribe-post"),
    *("precedence", "feedback-id", "auto-submitted", "mime-version", "content-type"),
]
PERMIT = permit(ConsentState(1, granted={"email_marketing": 1}), 1, "email_marketing", 1)
assert isinstance(PERMIT, Permit)


def one(given: bytes) -> None:
    """Make a mail of one input and read it again."""
    provider = atheris.FuzzedDataProvider(given)
    said = [provider.ConsumeUnicode(provider.ConsumeIntInRange(0, 200)) for _ in range(8)]
    subject, to_name, from_name, campaign, text, html, amp, local = said
    to = f'"{local}"@example.com' if provider.ConsumeBool() else f"{local}@example.com"
    for address in (to, local, f"ann@{local}"):
        wired = wire_address(address)
        assert wired is None or (commandable(wired) and wire_address(wired) == wired), repr(address)
    envelope = msgspec.structs.replace(
        PLAIN,
        to=to if wire_address(to) else PLAIN.to,
        to_name=to_name,
        from_name=from_name,
        campaign=campaign,
    )
    assert isinstance(PERMIT, Permit)
    made = outgoing(PERMIT, Rendered(subject, html, text, amp), envelope, bounce_key=b"k" * 32)
    assert isinstance(made, Outgoing), repr(said)
    judge(made.content)


def judge(content: bytes) -> None:
    """Read a mail as its receivers do."""
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\0", content)
    assert max(map(len, content.split(b"\r\n"))) <= 998
    for policy in (email.policy.compat32, email.policy.default):
        found = email.message_from_bytes(content, policy=policy)
        alone = ["content-transfer-encoding"] if not found.is_multipart() else []
        assert [name.lower() for name in found] == FIELDS + alone
        kinds = [part.get_content_type() for part in found.walk()]
        assert set(kinds) <= {
            *("multipart/alternative", "text/plain", "text/x-amp-html", "text/html")
        }
        assert len(kinds) <= 4
    plain = email.message_from_bytes(content, policy=email.policy.compat32)
    for name in ("from", "to"):
        assert len(getaddresses([re.sub(r"\r?\n", "", str(plain[name]))])) == 1


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
