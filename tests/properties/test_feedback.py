"""No mail and no webhook, however broken, is more than an outcome that says nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailorbird.delivery.feedback import read
from tailorbird.delivery.feedback.mime import DEEPEST, MOST_PARTS, parse
from tailorbird.delivery.feedback.providers import PROVIDERS, Posted, read_posted
from tailorbird.delivery.feedback.reports import MOST_RECIPIENTS

PIECES = st.sampled_from(
    [
        b"Content-Type: multipart/report; boundary=a\n", b"Content-Type: message/rfc822\n",
        b"Content-Type: message/delivery-status\n", b"--a\n", b"--a--\n", b"\n", b"\r", b"\r\n",
        b"From: MAILER-DAEMON@x.example\n", b"Subject: =?utf-8?b?////?= failure notice\n",
        b"Content-Transfer-Encoding: base64\n", b"Content-Transfer-Encoding: quoted-printable\n",
        b"Content-Type: text/html; charset=nonesuch\n",
        b"Content-Type: text/plain; charset=utf-7\n",
        b"Final-Recipient: rfc822; a@b.example\n", b"Action: failed\n", b"Status: 5.1.1\n",
        b"Diagnostic-Code: smtp; 550 5.1.1 unknown\n", b"Feedback-Type: abuse\n", b"=\n", b"=ZZ",
        b"Content-Type: message/feedback-report\n", b"To: b-x@y.example\n", b"\x00\xff\xfe",
        b"<a@b.example>: 550 user unknown\n", b"Date: Mon, 99 Foo 99999 99:99:99 +9999\n",
    ]
)  # fmt: skip
BROKEN = st.lists(PIECES | st.binary(max_size=40), max_size=60).map(b"".join)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, width=32)
    | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(
            [
                "event", "events", "event-data", "msys", "payload", "message", "to", "type", "data",
                "bounce", "Message", "mail", "headers", "tags", "RecordType", "timestamp", "email",
                "mandrill_events", "msg", "reject", "events_by_user", "status", "event_data",
                "recipient", "bouncedRecipients", "notificationType", "name", "value", "Type",
            ]
        )
        | st.text(max_size=4),
        inner,
        max_size=4,
    ),
    max_leaves=25,
)  # fmt: skip
WORDS = st.sampled_from(
    ["bounce", "Bounce", "failed", "bounced", "delivered", "soft_bounced", "hard_bounced", "open"]
)


@given(BROKEN)
@settings(max_examples=300, deadline=None)
def test_broken_mail_never_raises(raw: bytes) -> None:
    found = read(raw)
    assert 1 <= len(found) <= MOST_RECIPIENTS + 1
    assert all(len(each.recipient) < 400 for each in found)


@given(BROKEN)
@settings(max_examples=100, deadline=None)
def test_a_mail_is_taken_apart_only_so_far(raw: bytes) -> None:
    parts = list(parse(raw * 20).walk())
    assert len(parts) <= MOST_PARTS + 1


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
@given(JSON | WORDS.flatmap(lambda word: st.fixed_dictionaries({"event": st.just(word)})))
@settings(max_examples=40, deadline=None)
def test_odd_webhooks_never_raise(provider: str, said: Any) -> None:
    content = json.dumps(said).encode()
    for each in read_posted(provider, content):
        assert each is not None
    PROVIDERS[provider].verify(Posted({"authorization": "Basic !"}, content), "secret", 0)


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
@given(st.binary(max_size=60), st.text(max_size=20))
@settings(max_examples=25, deadline=None)
def test_what_is_no_json_is_neither_verified_nor_raised(
    provider: str, content: bytes, header: str
) -> None:
    headers = dict.fromkeys(("authorization", "signature", "svix-id", "svix-signature"), header)
    assert PROVIDERS[provider].verify(Posted(headers, content), "a secret", 10**15)
    assert read_posted(provider, content) is not None


@pytest.mark.parametrize(
    "unit",
    [
        b"user a ", b"mailbox ", b"a@b.example ", b"=?utf-8?q?", b"<", b"--a\n", b"1.2.", b"550 ",
        b"Content-Type: message/rfc822\n\n", b"your a b ip ", b"\n",
        b"Final-Recipient: x;a@b.c\n\n",
    ],
)  # fmt: skip
def test_a_large_hostile_mail_is_read_to_its_end(unit: bytes) -> None:
    head = (
        b"From: mailer-daemon@x\nSubject: failure\nContent-Type: multipart/report; boundary=a\n\n"
    )
    for raw in (unit * 200_000, head + unit * 200_000):
        assert len(read(raw[: 1 << 21])) <= MOST_RECIPIENTS


def test_parts_within_parts_end() -> None:
    raw = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(99)
    )
    part, depth = parse(raw), 0
    while part.parts:
        part, depth = part.parts[0], depth + 1
    assert depth <= DEEPEST
