"""A message of ours gives back what it was made of, for providers that want its parts."""

from __future__ import annotations

from email import policy
from email.parser import BytesParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.delivery.carriers.parts import Mailbox, parts_of, without_signatures
from tailorbird.delivery.message import Envelope, message
from tailorbird.schema import SECOND, Rendered

NOW = 1_700_000_000 * SECOND
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200)


def made(rendered: Rendered, to_name: str = "", reply_to: str = "") -> bytes:
    envelope = Envelope(
        b"0123456789abcdef", "ann@people.example", "hello@shop.example", "shop.example", NOW,
        to_name=to_name, from_name="The Shop, Ltd.", reply_to=reply_to,
        unsubscribe_url="https://shop.example/u/" + "x" * 200, campaign="spring",
    )  # fmt: skip
    return message(rendered, envelope)


@pytest.mark.parametrize("amp", ["", "<!doctype html><html ⚡4email></html>\n"])
@pytest.mark.parametrize("text", ["", "Plain — text\n"])
def test_each_part_comes_back(text: str, amp: str) -> None:
    html = "<p>Käse</p>\n" + "<p>" + "long " * 400 + "</p>\n"
    parts = parts_of(made(Rendered("Grüße", html, text, amp), "Müller, Ann", "care@shop.example"))
    # The last line end may belong to the boundary after it.
    assert [parts.text.strip(), parts.amp.strip()] == [text.strip(), amp.strip()]
    assert parts.subject == "Grüße"
    assert parts.html.strip() in (html.strip(), html.strip().replace("ä", "&#228;"))
    assert parts.sender == Mailbox("hello@shop.example", "The Shop, Ltd.")
    assert parts.to == Mailbox("ann@people.example", "Müller, Ann")
    assert parts.reply_to == Mailbox("care@shop.example")
    assert parts.headers["List-Unsubscribe"] == f"<https://shop.example/u/{'x' * 200}>"
    assert parts.headers["Message-ID"].startswith("<30313233")
    assert not {"From", "To", "Subject", "Date", "Content-Type"} & parts.headers.keys()


@given(subject=TEXT, name=TEXT, html=TEXT, text=TEXT)
def test_it_reads_what_the_standard_parser_reads(
    subject: str, name: str, html: str, text: str
) -> None:
    content = made(Rendered(subject, f"<p>{html}</p>", text), name)
    parts = parts_of(content)
    whole = BytesParser(policy=policy.default).parsebytes(content)
    body = whole.get_body(("html",))
    assert body is not None
    assert parts.html == body.get_content().replace("\r\n", "\n")
    plain = whole.get_body(("plain",))
    assert parts.text == (plain.get_content().replace("\r\n", "\n") if plain else "")
    assert parts.subject == " ".join(subject.split(" ")).strip(" ")


@given(st.binary(max_size=400))
def test_what_we_did_not_write_breaks_nothing(content: bytes) -> None:
    try:
        parts_of(content)
    except ValueError:  # base64 that is none
        assert b"base64" in content.lower()


def test_our_signatures_are_left_out_and_nothing_else() -> None:
    signed = (
        b"DKIM-Signature: v=1; a=ed25519-sha256;\r\n b=abc\r\n"
        b"DKIM-Signature: v=1; a=rsa-sha256;\r\n\tb=def\r\n"
        b"From: a@b.example\r\n\r\nDKIM-Signature: not one\r\n"
    )
    assert without_signatures(signed) == (b"From: a@b.example\r\n\r\nDKIM-Signature: not one\r\n")
