"""The octets of a mail say exactly what was written, and no text can add a header or a part."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.policy import default
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.delivery.dkim import DkimSigner, signed
from tailorbird.delivery.headers import clean, mailbox_header, text_header
from tailorbird.delivery.lines import lines_of
from tailorbird.delivery.message import Envelope, message, outgoing
from tailorbird.errors import UsageError
from tailorbird.privacy.permit import Permit, permit
from tailorbird.schema import SECOND, ConsentState, Outgoing, Rendered, Settlement

SEND_ID = bytes(range(16))
ENVELOPE = Envelope(
    send_id=SEND_ID,
    to="ann@example.com",
    to_name="Ann",
    from_address="hello@shop.example",
    from_name="The Shop",
    domain="shop.example",
    now=1_700_000_000 * SECOND,
    unsubscribe_url="https://shop.example/u/abc",
    campaign="spring",
    variant="b",
)


def permitted() -> Permit:
    state = ConsentState(1, granted={"email_marketing": 1})
    answer = permit(state, 1, "email_marketing", 1)
    assert isinstance(answer, Permit)
    return answer


SIGNER = DkimSigner(
    "shop.example",
    "s1",
    Ed25519PrivateKey.from_private_bytes(bytes(32)).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    ),
)
lines = st.lists(
    st.sampled_from(
        ["a", ".", "\n", "\r", "\r\n", " ", "\t", "\0", "é", "x" * 999, "--=_", "<style>"]
    )
).map("".join)
RENDERED = Rendered("Hello Ann", "<p>Hello Ann</p>\n", "Hello Ann\n")
SINGLES = (
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Precedence",
    "Feedback-ID",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
)

ATTACKS = [
    *(
        "\r\nBcc: eve@evil.example",
        "\n\n<script>",
        "\0",
        "\r",
        "\x85",
        "\u2028Bcc: e@x",
        "\t",
        "  ",
    ),
    *("=?utf-8?q?=0D=0ABcc:_eve?=", "=?utf-8?b?DQpCY2M6IGV2ZQ==?=", "=?", "?=", '"\\', "<>"),
    *("é", "日本語", "🎉"),
]
attacks = st.sampled_from(ATTACKS)
hostile = st.lists(st.one_of(st.text(max_size=30), attacks), max_size=8).map("".join)


def parsed(content: bytes) -> Message:
    return message_from_bytes(content)


def header(content: bytes, name: str) -> str:
    """Return a header as a mail reader shows it."""
    value = parsed(content)[name]
    return str(make_header(decode_header(re.sub(r"\r?\n", "", str(value)))))


def raw_header(content: bytes, name: str) -> bytes:
    return str(parsed(content)[name]).encode("ascii")


def part(content: bytes, kind: str) -> str:
    for each in parsed(content).walk():
        if each.get_content_type() == kind:
            payload = each.get_payload(decode=True)
            assert isinstance(payload, bytes)
            return payload.decode("utf-8").replace("\r\n", "\n").rstrip("\n")
    raise AssertionError(kind)


def test_an_amp_part_stands_between_text_and_html() -> None:
    amp = "<!doctype html><html \u26a14email><body>Gr\u00fc\u00dfe</body></html>"
    content = message(msgspec.structs.replace(RENDERED, amp=amp), ENVELOPE)
    kinds = [each.get_content_type() for each in parsed(content).walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/x-amp-html", "text/html"]
    assert part(content, "text/x-amp-html") == amp
    assert part(content, "text/html") == RENDERED.html.rstrip("\n")
    assert "x-amp" not in message(RENDERED, ENVELOPE).decode("ascii")


def test_a_message_has_the_headers_that_mailbox_providers_ask_for() -> None:
    content = message(RENDERED, ENVELOPE)
    head = content.partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n")
    assert head == [
        'From: "The Shop" <hello@shop.example>',
        'To: "Ann" <ann@example.com>',
        "Subject: Hello Ann",
        "Date: Tue, 14 Nov 2023 22:13:20 +0000",
        "Message-ID: <000102030405060708090a0b0c0d0e0f@shop.example>",
        "List-Unsubscribe: <https://shop.example/u/abc>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "Precedence: bulk",
        "Feedback-ID: spring:b:mail:shop.example",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        "Content-Type: multipart/alternative;",
        ' boundary="=_000102030405060708090a0b0c0d0e0f"',
    ]
    assert [each.get_content_type() for each in parsed(content).walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


def test_the_same_mail_has_the_same_octets() -> None:
    assert message(RENDERED, ENVELOPE) == message(RENDERED, ENVELOPE)


def test_a_mail_without_text_is_html_alone_and_one_without_a_link_cannot_be_unsubscribed() -> None:
    envelope = msgspec.structs.replace(ENVELOPE, unsubscribe_url="", reply_to="care@shop.example")
    content = message(msgspec.structs.replace(RENDERED, text=""), envelope)
    assert parsed(content).get_content_type() == "text/html"
    assert part(content, "text/html") == RENDERED.html.rstrip("\n")
    assert parsed(content)["List-Unsubscribe"] is None
    assert parsed(content)["Reply-To"] == "care@shop.example"


@given(hostile)
def test_no_subject_can_add_a_header_or_change_the_body(subject: str) -> None:
    content = message(msgspec.structs.replace(RENDERED, subject=subject), ENVELOPE)
    assert_whole(content)
    assert header(content, "Subject") == clean(subject)
    assert part(content, "text/html") == RENDERED.html.rstrip("\n")


@given(hostile, hostile)
def test_no_name_can_add_a_header_or_an_address(to_name: str, from_name: str) -> None:
    envelope = msgspec.structs.replace(ENVELOPE, to_name=to_name, from_name=from_name)
    content = message(RENDERED, envelope)
    assert_whole(content)
    for name, wanted, address in (
        ("To", to_name, "ann@example.com"),
        ("From", from_name, "hello@shop.example"),
    ):
        shown = header(content, name)
        assert shown.endswith(address + ">" if clean(wanted) else address)
        phrase = shown.rpartition(" <")[0]
        if phrase.startswith('"') and b"=?" not in raw_header(content, name):
            phrase = re.sub(r"\\(.)", r"\1", phrase[1:-1])
        assert phrase == clean(wanted)


@given(hostile, hostile)
def test_no_campaign_or_variant_can_add_a_header(campaign: str, variant: str) -> None:
    envelope = msgspec.structs.replace(ENVELOPE, campaign=campaign, variant=variant)
    content = message(RENDERED, envelope)
    assert_whole(content)
    assert re.fullmatch(
        r"[\w.-]{0,60}:[\w.-]{0,60}:mail:shop\.example", header(content, "Feedback-ID"), re.ASCII
    )


def assert_whole(content: bytes) -> None:
    """Every header is there once, lines fit, everything is ASCII with CRLF."""
    found = parsed(content)
    assert sorted(found.keys()) == sorted(SINGLES)
    assert content.isascii()
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\0", content)
    assert max(map(len, content.split(b"\r\n"))) <= 998
    head = content.partition(b"\r\n\r\n")[0]
    assert all(len(line) <= 78 for line in head.split(b"\r\n") if b"=?" in line)
    strict = message_from_bytes(content, policy=default)
    assert [type(defect).__name__ for each in strict.walk() for defect in each.defects] == []


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=400))
def test_text_comes_back_as_it_was_written(text: str) -> None:
    content = message(msgspec.structs.replace(RENDERED, text=text + "x"), ENVELOPE)
    assert_whole(content)
    assert part(content, "text/plain") == text + "x"


@given(st.text(max_size=300))
def test_html_shows_what_was_written_whatever_was_written(text: str) -> None:
    html = f"<title>t</title><p>{text.replace('<', '').replace('&', '')}</p>"
    content = message(msgspec.structs.replace(RENDERED, html=html), ENVELOPE)
    assert_whole(content)
    lines = html.replace("\r\n", "\n").replace("\r", "\n")
    visible = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", "", lines)
    visible = re.sub(r"[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", visible)
    assert unescape(part(content, "text/html")) == visible


def test_other_alphabets_in_html_travel_as_plain_ascii() -> None:
    html = "<p title='Käse'>Grüße, 日本 🎉</p>"
    content = message(msgspec.structs.replace(RENDERED, html=html), ENVELOPE)
    assert b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 7bit" in content
    assert b"K&#228;se" in content
    assert unescape(part(content, "text/html")) == html


@pytest.mark.parametrize(
    "html",
    [
        "<style>p::before{content:'→'}</style><p>x</p>",
        "<STYLE media='x'>\n/* ü */</style>",
        '<script type=\'application/ld+json\'>{"a":"é"}</script>',
    ],
)
def test_where_html_knows_no_references_the_characters_stay(html: str) -> None:
    content = message(msgspec.structs.replace(RENDERED, html=html), ENVELOPE)
    assert b"quoted-printable" in content
    assert part(content, "text/html") == html


def test_a_line_too_long_for_a_mail_server_is_wrapped_and_comes_back_whole() -> None:
    html = "<p>" + "word " * 400 + "</p>"
    fits = "x" * 998
    for rendered in (Rendered("s", html, fits), Rendered("s", fits, html + "  ")):
        content = message(rendered, ENVELOPE)
        assert_whole(content)
        assert content.count(b"quoted-printable") == 1
        assert part(content, "text/html") == rendered.html
        assert part(content, "text/plain") == rendered.text


def test_a_text_that_holds_the_boundary_does_not_end_the_part() -> None:
    boundary = "--=_000102030405060708090a0b0c0d0e0f--"
    content = message(msgspec.structs.replace(RENDERED, text=f"a\n{boundary}\nb"), ENVELOPE)
    assert part(content, "text/plain") == f"a\n{boundary}\nb"
    assert part(content, "text/html") == RENDERED.html.rstrip("\n")


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "https://x.example/>\r\nBcc: e@x",
        "https://x.example/ä",
        "mailto:x@y.example",
        "https://x.example/" + "a" * 1000,
    ],
)
def test_only_a_web_address_becomes_the_unsubscribe_link(url: str) -> None:
    with pytest.raises(UsageError, match="unsubscribe link"):
        message(RENDERED, msgspec.structs.replace(ENVELOPE, unsubscribe_url=url))


def test_a_sender_or_a_domain_that_cannot_be_written_is_refused() -> None:
    for change in ({"from_address": "x"}, {"domain": "a b"}, {"reply_to": "a@b\r\nX: y"}):
        with pytest.raises(UsageError, match="no mail server"):
            message(RENDERED, msgspec.structs.replace(ENVELOPE, **change))


def test_long_subjects_and_names_are_folded() -> None:
    subject = "A subject of many words " * 12
    content = message(msgspec.structs.replace(RENDERED, subject=subject), ENVELOPE)
    assert max(map(len, content.partition(b"\r\n\r\n")[0].split(b"\r\n"))) <= 78
    assert header(content, "Subject") == subject.strip()
    assert mailbox_header("To", "", "a@b.example") == b"To: a@b.example\r\n"
    assert mailbox_header("To", "n" * 40, "a" * 40 + "@b.example").count(b"\r\n ") == 1
    assert text_header("Subject", "") == b"Subject: \r\n"


def test_an_envelope_carries_a_return_path_of_its_own() -> None:
    sent = outgoing(permitted(), RENDERED, ENVELOPE, bounce_key=b"k" * 32)
    assert isinstance(sent, Outgoing)
    assert (sent.send_id, sent.envelope_to) == (SEND_ID, "ann@example.com")
    assert re.fullmatch(r"b-[a-z2-7]{39}@shop\.example", sent.envelope_from)
    assert sent.content == message(RENDERED, ENVELOPE)


@given(lines, lines, st.booleans())
def test_what_is_told_of_the_lines_is_what_they_are(html: str, text: str, both: bool) -> None:
    rendered = Rendered("Hello", html, text if both else "")
    sent, unsigned = (
        outgoing(permitted(), rendered, ENVELOPE, bounce_key=b"k" * 32, signers=signers)
        for signers in ([SIGNER], [])
    )
    assert isinstance(sent, Outgoing)
    assert isinstance(unsigned, Outgoing)
    found = lines_of(sent.content)
    assert found.sound
    assert sent.dots == found.dots
    assert sent.content == signed(unsigned.content, [SIGNER], ENVELOPE.now)


def test_a_person_whose_address_no_server_takes_is_a_failure_not_an_error() -> None:
    envelope = msgspec.structs.replace(ENVELOPE, to="ann@@shop")
    failed = outgoing(permitted(), RENDERED, envelope, bounce_key=b"k" * 32)
    assert isinstance(failed, Settlement)
    assert (failed.send_id, failed.state) == (SEND_ID, "failed")


class _Words(HTMLParser):
    """Collects what a reader sees of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: list[str] = []

    def handle_data(self, data: str) -> None:
        self.seen.append(data)


def words(html: str) -> list[str]:
    reader = _Words()
    reader.feed(html)
    reader.close()
    return "".join(reader.seen).split()


@pytest.mark.shared
def test_real_marketing_mails_come_back_as_they_were(shared_data: Path) -> None:
    paths = sorted((shared_data / "templates" / "email").rglob("*.html"))
    assert len(paths) > 100
    for path in paths:
        html = path.read_text(encoding="utf-8", errors="replace").replace("\0", "")
        content = message(msgspec.structs.replace(RENDERED, html=html), ENVELOPE)
        assert_whole(content)
        assert words(part(content, "text/html")) == words(html), path.name
