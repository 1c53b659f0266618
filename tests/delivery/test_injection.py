"""No data in any place of a mail adds a header, an address, a part or a command."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Callable
from email.utils import getaddresses

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailorbird.delivery.addresses import commandable
from tailorbird.delivery.message import Envelope, outgoing
from tailorbird.errors import UsageError
from tailorbird.privacy.permit import Permit, permit
from tailorbird.schema import SECOND, ConsentState, Outgoing, Rendered, Settlement

KEY = b"k" * 32
RENDERED = Rendered("Hello", "<p>Hello</p>", "Hello")
ENVELOPE = Envelope(
    send_id=bytes(range(16)),
    to="ann@example.com",
    to_name="Ann",
    from_address="hello@shop.example",
    from_name="The Shop",
    reply_to="care@shop.example",
    domain="shop.example",
    now=1_700_000_000 * SECOND,
    unsubscribe_url="https://shop.example/u/abc",
    unsubscribe_by_mail=True,
    campaign="spring",
    variant="b",
)
CASES = {
    "crlf header": "\r\nBcc: eve@evil.example",
    "lf header": "\nBcc: eve@evil.example",
    "cr header": "\rBcc: eve@evil.example",
    "lf cr header": "\n\rBcc: eve@evil.example",
    "double crlf body": "\r\n\r\n<script>alert(1)</script>",
    "double lf body": "\n\n<script>alert(1)</script>",
    "double cr body": "\r\r<script>",
    "crlf space folding": "\r\n Bcc: eve@evil.example",
    "crlf tab folding": "\r\n\tBcc: eve@evil.example",
    "cr space lf": "\r \nBcc: eve@evil.example",
    "many crlf": "\r\n" * 50 + "Bcc: eve@evil.example",
    "crlf at the end": "Ann\r\n",
    "crlf at the start": "\r\nAnn",
    "lone lf": "\n",
    "nul": "Ann\0Bcc: eve@evil.example",
    "nul then crlf": "\0\r\nBcc: eve@evil.example",
    "vertical tab": "Ann\x0bBcc: eve@evil.example",
    "form feed": "Ann\x0cBcc: eve@evil.example",
    "file separator": "Ann\x1cBcc: eve@evil.example",
    "group separator": "Ann\x1dBcc: eve@evil.example",
    "record separator": "Ann\x1eBcc: eve@evil.example",
    "unit separator": "Ann\x1fBcc: eve@evil.example",
    "next line": "Ann\x85Bcc: eve@evil.example",
    "line separator": "Ann\u2028Bcc: eve@evil.example",
    "paragraph separator": "Ann\u2029Bcc: eve@evil.example",
    "escape": "Ann\x1b[2J",
    "delete": "Ann\x7f",
    "backspaces": "Ann\x08\x08\x08Eve",
    "percent encoded": "%0d%0aBcc: eve@evil.example",
    "escaped": "\\r\\nBcc: eve@evil.example",
    "overlong utf-8 crlf": b"\xc0\x8d\xc0\x8aBcc: e@x".decode("utf-8", "surrogateescape"),
    "letters whose low byte is crlf": "\u010d\u010aBcc: eve@evil.example",
    "wide crlf": "\u560d\u560aBcc: eve@evil.example",
    "encoded word, quoted crlf": "=?utf-8?q?=0D=0ABcc:_eve@evil.example?=",
    "encoded word, base64 crlf": "=?utf-8?b?DQpCY2M6IGV2ZUBldmlsLmV4YW1wbGU=?=",
    "encoded word, nul": "=?utf-8?q?=00?=",
    "encoded word in latin": "=?iso-8859-1?q?=0ABcc:_eve?=",
    "encoded word in utf-7": "=?utf-7?q?+AA0ACg-Bcc:_eve?=",
    "encoded word, unknown charset": "=?x-evil?q?a?=",
    "encoded word split": "=?utf-8?q?=0D?= =?utf-8?q?=0ABcc:_eve?=",
    "encoded word folding": "=?utf-8?q?" + "a" * 80 + "?=",
    "encoded word with a language": "=?utf-8*en?q?=0D=0ABcc:_eve?=",
    "half an encoded word": "=?utf-8?q?",
    "end of an encoded word": "?= Bcc: eve@evil.example",
    "continued parameter": "a*0*=utf-8''%0D%0A",
    "quote ends the name": 'Ann" <eve@evil.example>, "',
    "backslash eats the quote": "Ann\\",
    "backslash and quote": 'Ann\\" <eve@evil.example>, "',
    "angle address": "Ann <eve@evil.example>",
    "angles reversed": "><eve@evil.example",
    "list of addresses": "eve@evil.example, mallory@evil.example",
    "semicolon list": "eve@evil.example; mallory@evil.example",
    "group": "Friends: eve@evil.example, mallory@evil.example;",
    "empty group": "undisclosed-recipients:;",
    "comment": "Ann (eve@evil.example)",
    "open comment": "Ann (",
    "nested comments": "((((((((((eve@evil.example))))))))))",
    "route": "<@evil.example:eve@evil.example>",
    "turned around": "\u202emoc.elpmaxe@eve\u202c",
    "isolated and turned": "\u2067moc.elpmaxe\u2069",
    "zero width": "A\u200bn\u200bn",
    "byte order mark": "\ufeffAnn",
    "lone high surrogate": "Ann\ud800",
    "lone low surrogate": "\udfffAnn",
    "surrogates as crlf": "\udc0d\udc0aBcc: eve@evil.example",
    "private use": "\ue000\U0010ffff",
    "not a character": "\ufffe\uffff",
    "overlong word": "x" * 5000,
    "overlong text": "word " * 5000,
    "overlong text in another alphabet": "слово " * 3000,
    "overlong with crlf": "x" * 990 + "\r\nBcc: eve@evil.example",
    "spaces only": " " * 500,
    "many marks on a letter": "a" + "\u0301" * 500,
    "boundary": "--=_000102030405060708090a0b0c0d0e0f--",
    "dot line": "\r\n.\r\nMAIL FROM:<eve@evil.example>",
    "smuggled dot": "\n.\n",
    "bare cr dot": "\r.\r",
    "content type": "\r\nContent-Type: multipart/mixed; boundary=x",
    "mime header": "\nContent-Transfer-Encoding: base64",
    "second from": "\r\nFrom: eve@evil.example",
    "resent": "\r\nResent-To: eve@evil.example",
    "template left over": "{{ person.first_name }}",
    "format string": "%s%n{0.__class__}",
}
FIELDS = (
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "reply-to",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "precedence",
    "feedback-id",
    "auto-submitted",
    "mime-version",
    "content-type",
)


def permitted() -> Permit:
    answer = permit(ConsentState(1, granted={"email_marketing": 1}), 1, "email_marketing", 1)
    assert isinstance(answer, Permit)
    return answer


PERMIT = permitted()


def made(rendered: Rendered, envelope: Envelope) -> Outgoing | Settlement:
    return outgoing(PERMIT, rendered, envelope, bounce_key=KEY)


PLACES: dict[str, Callable[[str], Outgoing | Settlement]] = {
    name: lambda text, name=name: made(  # type: ignore[misc] # the default binds the loop's name
        RENDERED, msgspec.structs.replace(ENVELOPE, **{name: text})
    )
    for name in ("to", "to_name", "from_name", "from_address", "reply_to", "domain", "campaign")
}
PLACES |= {
    "variant": lambda text: made(RENDERED, msgspec.structs.replace(ENVELOPE, variant=text)),
    "unsubscribe_url": lambda text: made(
        RENDERED, msgspec.structs.replace(ENVELOPE, unsubscribe_url=f"https://shop.example/{text}")
    ),
    "subject": lambda text: made(msgspec.structs.replace(RENDERED, subject=text), ENVELOPE),
    "text": lambda text: made(msgspec.structs.replace(RENDERED, text=text or "x"), ENVELOPE),
    "html": lambda text: made(msgspec.structs.replace(RENDERED, html=text), ENVELOPE),
    "amp": lambda text: made(msgspec.structs.replace(RENDERED, amp=text), ENVELOPE),
    "local part": lambda text: made(
        RENDERED, msgspec.structs.replace(ENVELOPE, to=f'"{text}"@example.com')
    ),
}


def assert_whole(sent: Outgoing) -> None:
    """Two readers find our fields and parts and no other, and each address alone."""
    content = sent.content
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\0", content)
    assert max(map(len, content.split(b"\r\n"))) <= 998
    head = content.partition(b"\r\n\r\n")[0]
    own = [line.partition(b":")[0].lower().decode() for line in re.split(rb"\r\n(?![ \t])", head)]
    assert own == list(FIELDS)
    assert len(head) < 16_000
    for policy in (email.policy.default, email.policy.compat32, email.policy.SMTPUTF8):
        found = email.message_from_bytes(content, policy=policy)
        assert [name.lower() for name in found] == list(FIELDS)
        kinds = [part.get_content_type() for part in found.walk()]
        assert kinds[0] == "multipart/alternative"
        assert set(kinds[1:]) <= {"text/plain", "text/x-amp-html", "text/html"}
        assert len(kinds) <= 4
    plain = email.message_from_bytes(content, policy=email.policy.compat32)
    for name in ("from", "to", "reply-to"):
        unfolded = re.sub(r"\r?\n", "", str(plain[name]))
        assert len(getaddresses([unfolded])) == 1
    assert commandable(sent.envelope_to)
    assert commandable(sent.envelope_from)


def test_there_are_more_cases_than_the_known_ones() -> None:
    assert len(CASES) >= 49
    assert len(set(CASES.values())) == len(CASES)


@pytest.mark.parametrize("case", CASES)
def test_a_known_attack_changes_nothing_wherever_it_stands(case: str) -> None:
    for place, put in PLACES.items():
        for text in (CASES[case], f"Ann{CASES[case]}", f"{CASES[case]}Ann"):
            try:
                sent = put(text)
            except UsageError:
                # Refused: only the operator gives these, never a person's data.
                assert place in ("from_address", "reply_to", "domain", "unsubscribe_url"), place
                continue
            if isinstance(sent, Settlement):
                assert sent.state == "failed"
                assert place in ("to", "local part"), place
            else:
                assert_whole(sent)


@pytest.mark.parametrize("case", CASES)
def test_what_a_reader_decodes_has_no_line_ends_either(case: str) -> None:
    """A program that decodes a header and writes it anew must not be led astray."""
    for place in ("subject", "to_name", "from_name"):
        sent = PLACES[place](CASES[case])
        assert isinstance(sent, Outgoing)
        found = email.message_from_bytes(sent.content, policy=email.policy.default)
        for name in ("subject", "to", "from"):
            assert not re.search(r"[\r\n\0\u2028\u2029\x85]", str(found[name]))
        again = email.message_from_bytes(found.as_bytes(), policy=email.policy.compat32)
        assert "bcc" not in [name.lower() for name in again]


anything = st.lists(
    st.one_of(st.text(max_size=20), st.sampled_from(list(CASES.values()))), max_size=4
).map("".join)


@given(anything, anything, anything, anything, anything)
@settings(max_examples=60)
def test_nothing_that_is_thrown_together_changes_a_mail(
    subject: str, to_name: str, from_name: str, campaign: str, text: str
) -> None:
    rendered = Rendered(subject, f"<p>{text}</p>", text + "x")
    envelope = msgspec.structs.replace(
        ENVELOPE, to_name=to_name, from_name=from_name, campaign=campaign, variant=text
    )
    sent = made(rendered, envelope)
    assert isinstance(sent, Outgoing)
    assert_whole(sent)
