"""Signatures that an independent verifier accepts, and that any change of the mail breaks."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from functools import cache
from types import SimpleNamespace

import dkim
import msgspec
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from tailorbird.delivery.dkim import DkimSigner, relaxed_body
from tailorbird.delivery.message import Envelope, message, outgoing
from tailorbird.errors import SettingsError
from tailorbird.privacy.permit import Permit, permit
from tailorbird.schema import SECOND, ConsentState, Outgoing, Rendered

NOW = 1_700_000_000 * SECOND
ENVELOPE = Envelope(
    send_id=bytes(16),
    to="ann@example.com",
    to_name="Änn",
    from_address="hello@shop.example",
    from_name="The Shop",
    domain="shop.example",
    now=NOW,
    unsubscribe_url="https://shop.example/u/" + "t" * 43,
)


def permitted() -> Permit:
    state = ConsentState(1, granted={"email_marketing": 1})
    answer = permit(state, 1, "email_marketing", 1)
    assert isinstance(answer, Permit)
    return answer


RENDERED = Rendered("Käse & more", "<p>Hello  Ann </p>\n\t<b> x</b>\n\n\n", "Hello\n\nAnn \t \n")


class BadSignatureError(Exception):
    """What dkimpy expects a verifier of Ed25519 to raise."""


class VerifyKey:
    """The one class of PyNaCl that dkimpy verifies with, over `cryptography`."""

    def __init__(self, encoded: bytes, encoder: object) -> None:
        self.key = ed25519.Ed25519PublicKey.from_public_bytes(base64.b64decode(encoded))

    def verify(self, digest: bytes, signature: bytes) -> None:
        try:
            self.key.verify(signature, digest)
        except InvalidSignature as error:
            raise BadSignatureError from error


@pytest.fixture(autouse=True, scope="module")
def nacl() -> Iterator[None]:
    """Let dkimpy verify Ed25519 without a further library."""
    exceptions = SimpleNamespace(BadSignatureError=BadSignatureError, ValueError=ValueError)
    dkim.nacl = SimpleNamespace(
        signing=SimpleNamespace(VerifyKey=VerifyKey),
        encoding=SimpleNamespace(Base64Encoder=None),
        exceptions=exceptions,
    )
    yield
    del dkim.nacl


Key = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey


def pem(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@cache
def key(kind: str) -> rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey:
    if kind == "rsa":
        return rsa.generate_private_key(65537, 2048)
    return ed25519.Ed25519PrivateKey.generate()


def record(kind: str) -> bytes:
    """Return what the DNS says about the key."""
    public = key(kind).public_key()
    if isinstance(public, rsa.RSAPublicKey):
        raw = public.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    else:
        raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return b"v=DKIM1; k=" + kind.encode() + b"; p=" + base64.b64encode(raw)


def verified(content: bytes, kind: str, index: int = 0) -> bool:
    def lookup(name: bytes, timeout: int = 5) -> bytes:
        assert name.rstrip(b".") == f"{kind}._domainkey.shop.example".encode()
        return record(kind)

    verifier = dkim.DKIM(content)
    try:
        return bool(verifier.verify(idx=index, dnsfunc=lookup))
    except dkim.ValidationError:
        return False


def signed(kind: str, content: bytes | None = None) -> bytes:
    signer = DkimSigner("shop.example", kind, pem(key(kind)))
    return signer.sign(content or message(RENDERED, ENVELOPE), NOW)


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_an_independent_verifier_accepts_the_signature(kind: str) -> None:
    assert verified(signed(kind), kind)


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_signing_twice_gives_the_same_octets(kind: str) -> None:
    assert signed(kind) == signed(kind)


def test_a_mail_may_carry_both_signatures() -> None:
    signers = [DkimSigner("shop.example", kind, pem(key(kind))) for kind in ("rsa", "ed25519")]
    sent = outgoing(permitted(), RENDERED, ENVELOPE, bounce_key=b"k" * 32, signers=signers)
    assert isinstance(sent, Outgoing)
    assert verified(sent.content, "rsa", 0)
    assert verified(sent.content, "ed25519", 1)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"<p>Hello", b"<p>Hullo"),
        (b"Subject: ", b"Subject: x"),
        (b"https://shop.example/u/t", b"https://evil.example/u/t"),
        (b"One-Click", b"Two-Click"),
        (b"From: ", b"From: eve@evil.example\r\nFrom: "),
        (b"MIME-Version", b"Reply-To: eve@evil.example\r\nMIME-Version"),
        (b"MIME-Version", b"List-Unsubscribe: <https://evil.example>\r\nMIME-Version"),
        (b"Feedback-ID: ", b"Feedback-ID: x"),
    ],
)
def test_any_change_or_added_header_breaks_the_signature(before: bytes, after: bytes) -> None:
    content = signed("ed25519")
    changed = content.replace(before, after, 1)
    assert changed != content
    assert not verified(changed, "ed25519")


def test_white_space_that_relays_change_does_not_break_it() -> None:
    content = signed("ed25519")
    relayed = content.replace(b"Ann \t \r\n", b"Ann\r\n").replace(b"Subject: ", b"Subject:   ")
    assert relayed != content
    assert verified(b"Received: by relay\r\n" + relayed + b"\r\n\r\n", "ed25519")


@given(st.lists(st.sampled_from([b" ", b"\t", b"\r\n", b"a", b".", b"  \r\n"]), max_size=40))
@settings(max_examples=300)
def test_the_relaxed_body_is_the_one_of_the_rfc(pieces: list[bytes]) -> None:
    body = b"".join(pieces)
    lines = [re.sub(rb"[ \t]+$", b"", re.sub(rb"[ \t]+", b" ", x)) for x in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    assert relaxed_body(body) == b"".join(line + b"\r\n" for line in lines)


@given(st.text(max_size=80), st.text(max_size=200), st.text(max_size=80))
@settings(max_examples=40)
def test_whatever_is_written_verifies(subject: str, html: str, name: str) -> None:
    envelope = msgspec.structs.replace(ENVELOPE, to_name=name)
    content = message(Rendered(subject, html, "text"), envelope)
    assert verified(signed("ed25519", content), "ed25519")


def test_signature_lines_fit_and_cover_the_unsubscribe_headers() -> None:
    head = signed("rsa").partition(b"\r\nFrom: ")[0]
    assert max(map(len, head.split(b"\r\n"))) <= 78
    covered = re.sub(rb"\s", b"", head).decode()
    assert "list-unsubscribe:list-unsubscribe:list-unsubscribe-post:" in covered
    assert "h=from:from:to:to:cc:subject:subject:" in covered
    assert "c=relaxed/relaxed;d=shop.example;s=rsa;t=1700000000;" in covered


@pytest.mark.parametrize(
    "private_key",
    [b"", b"not a key", pem(ec.generate_private_key(ec.SECP256R1()))],
    ids=["empty", "rubbish", "another kind"],
)
def test_a_key_that_cannot_sign_is_named_with_the_setting(private_key: bytes) -> None:
    with pytest.raises(SettingsError, match=r"sender\.dkim_key_file"):
        DkimSigner("shop.example", "s1", private_key)


@pytest.mark.parametrize(("domain", "selector"), [("shop example", "s1"), ("shop.example", "s;1")])
def test_names_that_the_dns_cannot_hold_are_refused(domain: str, selector: str) -> None:
    with pytest.raises(SettingsError, match="DNS"):
        DkimSigner(domain, selector, pem(key("ed25519")))
