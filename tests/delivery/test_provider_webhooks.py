"""Every sample of 13 providers says what it should, and only the provider itself is believed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tailorbird.delivery.feedback import Outcome
from tailorbird.delivery.feedback.outcomes import GONE
from tailorbird.delivery.feedback.providers import PROVIDERS, Posted, read_posted
from tailorbird.schema import DAY, SECOND, Instant

NOW: Final[Instant] = 1_772_625_600 * SECOND
AT: Final = str(NOW // SECOND)
URL: Final = "https://mail.shop.example/hooks/esp/mandrill"
SECRET: Final = "user:a long secret"
SVIX: Final = "whsec_" + base64.b64encode(b"a key of the endpoint").decode()
BODY: Final = b'{"event": "delivered"}'
FORM: Final = urlencode({"mandrill_events": '[{"event": "send"}]'}).encode()
KINDS: Final = {
    "queued": {"accepted"}, "sent": {"accepted"}, "delivered": {"delivered"},
    "deferred": {"deferred"}, "bounced": {"soft_bounce", "hard_bounce", "dropped"},
    "rejected": {"dropped"}, "failed": {"dropped", "soft_bounce"},
    "autoresponded": {"auto_reply", "challenge"}, "opened": {"opened"}, "clicked": {"clicked"},
    "complained": {"complaint"}, "unsubscribed": {"unsubscribe"}, "unknown": {"other"},
}  # fmt: skip
"""Our words for those of the samples: they have one for bounces, two for what was not tried."""
LOST: Final = "MailgunLegacyTestCase.test_metadata_key_conflicts"
"""Its form had fields twice, and the sample keeps one of each."""
ZONED: Final = frozenset({"postmark"})
"""Whose samples expect the local time without its zone; the instant is what counts."""


# -- what they say ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def samples(shared_data: Path) -> list[dict[str, Any]]:
    lines = (shared_data / "protocol" / "esp_webhooks.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def meant(sample: dict[str, Any]) -> Outcome:
    """Return the outcome of a sample's recipient."""
    content = json.dumps(sample["payload"]).encode()
    delivery = str(sample["expected"].get("event_id") or "msg_1")
    found = read_posted(sample["esp"], content, delivery)
    assert all(isinstance(each, Outcome) for each in found), found
    outcomes = [each for each in found if isinstance(each, Outcome)]
    wanted = sample["expected"].get("recipient")
    return next((each for each in outcomes if each.recipient == wanted), outcomes[0])


@pytest.mark.shared
def test_every_sample_gives_the_expected_outcome(samples: list[dict[str, Any]]) -> None:
    for sample in samples:
        told, outcome = sample["expected"], meant(sample)
        assert outcome.kind in KINDS[told.get("event_type", outcome.kind)], sample["case"]
        assert not told.get("recipient") or outcome.recipient == told["recipient"]
        assert not told.get("click_url") or outcome.url == told["click_url"]
        assert not told.get("user_agent") or outcome.user_agent == told["user_agent"]
        assert (told.get("mta_response") or "").strip() in outcome.diagnostic
        named = str(told.get("message_id") or "").strip("<>")
        assert not named or named in outcome.message_ids, sample["case"]
        assert not told.get("event_id") or str(told["event_id"]) in outcome.event_id
        assert outcome.event_id, "without an id it could count twice"
    assert Counter(sample["esp"] for sample in samples).keys() == PROVIDERS.keys()


@pytest.mark.shared
def test_every_sample_gives_back_what_we_gave_the_provider(samples: list[dict[str, Any]]) -> None:
    for sample in samples:
        if sample["case"].endswith(LOST):
            continue
        kept = dict(meant(sample).metadata)
        for name, value in (sample["expected"].get("metadata") or {}).items():
            assert kept[name] == str(value), sample["case"]


@pytest.mark.shared
def test_every_sample_tells_when(samples: list[dict[str, Any]]) -> None:
    for sample in samples:
        said, outcome = sample["expected"].get("timestamp"), meant(sample)
        if not said or sample["esp"] in ZONED or "bounce_event" in sample["case"]:
            continue
        at = datetime.fromisoformat(said).timestamp()
        assert abs(outcome.at / SECOND - at) < 1, sample["case"]


@pytest.mark.shared
def test_hard_is_who_is_gone(samples: list[dict[str, Any]]) -> None:
    hard = {}
    for sample in samples:
        outcome = meant(sample)
        assert (outcome.kind == "hard_bounce") <= (outcome.why in GONE)
        if outcome.kind == "hard_bounce":
            hard[sample["case"].split(".")[-1], sample["esp"]] = outcome.why
    assert hard == {
        ("test_bounce_event", "amazon_ses"): "mailbox_missing",
        ("test_multiple_bounce_event", "amazon_ses"): "mailbox_missing",
        ("test_invalid_email", "brevo"): "mailbox_missing",
        ("test_alt_smtp_code", "mailgun"): "mailbox_missing",
        ("test_bounce_event", "mailjet"): "domain_missing",
        ("test_bounce_event", "mailtrap"): "mailbox_missing",
        ("test_bounce_event", "postmark"): "mailbox_missing",
        ("test_hard_bounced_event", "resend"): "mailbox_missing",
        ("test_bounce_event", "sparkpost"): "mailbox_missing",
    }


@pytest.mark.parametrize(
    ("provider", "event"),
    [
        ("sendgrid", {"event": "bounce", "type": "bounce", "reason": "550 5.7.26 unauthenticated"}),
        ("sendgrid", {"event": "bounce", "type": "blocked", "reason": "550 unknown"}),
        ("brevo", {"event": "hard_bounce", "reason": "550 5.7.1 DMARC policy"}),
        ("mailtrap", {"event": "bounce", "bounce_category": "hard", "response": "554 spamhaus"}),
        ("postmark", {"RecordType": "Bounce", "Type": "HardBounce", "Details": "550 5.7.515"}),
    ],
)  # fmt: skip
def test_what_a_provider_calls_hard_and_is_our_fault_is_not(
    provider: str, event: dict[str, str]
) -> None:
    (outcome,) = read_posted(provider, json.dumps(event | {"email": "a@b.example"}).encode())
    assert isinstance(outcome, Outcome)
    assert outcome.kind == "soft_bounce"


# -- who says it --------------------------------------------------------------------------------

Made = tuple[Posted, str]
Maker = Callable[[bytes], Made]


def hmac_hex(content: bytes) -> str:
    return hmac.digest(SECRET.encode(), content, "sha256").hex()


def by_password(content: bytes) -> Made:
    said = base64.b64encode(SECRET.encode()).decode()
    return Posted({"authorization": f"Basic {said}"}, content), SECRET


def by_token(content: bytes) -> Made:
    return Posted({"authorization": f"Bearer {SECRET}"}, content), SECRET


def mailersend(content: bytes) -> Made:
    return Posted({"signature": hmac_hex(content)}, content), SECRET


def mailtrap(content: bytes) -> Made:
    return Posted({"mailtrap-signature": hmac_hex(content)}, content), SECRET


def mailgun(content: bytes) -> Made:
    signed = {"timestamp": AT, "token": "t", "signature": hmac_hex(f"{AT}t".encode())}
    return Posted({}, json.dumps({"signature": signed}).encode()), SECRET


def mandrill(_content: bytes) -> Made:
    signed = f'{URL}mandrill_events[{{"event": "send"}}]'.encode()
    said = base64.b64encode(hmac.digest(SECRET.encode(), signed, "sha1")).decode()
    return Posted({"x-mandrill-signature": said}, FORM, URL), SECRET


def resend(content: bytes) -> Made:
    key = base64.b64decode(SVIX.removeprefix("whsec_"))
    said = base64.b64encode(hmac.digest(key, f"msg_1.{AT}.".encode() + content, "sha256")).decode()
    headers = {"svix-id": "msg_1", "svix-timestamp": AT, "svix-signature": f"v1,old v1,{said}"}
    return Posted(headers, content), SVIX


def sendgrid(content: bytes) -> Made:
    key = ec.generate_private_key(ec.SECP256R1())
    said = base64.b64encode(key.sign(AT.encode() + content, ec.ECDSA(SHA256()))).decode()
    prefix = "x-twilio-email-event-webhook"
    headers = {f"{prefix}-signature": said, f"{prefix}-timestamp": AT}
    return Posted(headers, content), public(key)


def postal(content: bytes) -> Made:
    key = rsa.generate_private_key(65537, 2048)
    said = base64.b64encode(key.sign(content, padding.PKCS1v15(), SHA1())).decode()
    return Posted({"x-postal-signature": said}, content), public(key)


def unisender_go(_content: bytes) -> Made:
    body = json.dumps({"auth": SECRET, "events_by_user": []}, separators=(",", ":"))
    digest = hashlib.md5(body.encode()).hexdigest()
    return Posted({}, body.replace(SECRET, digest).encode()), SECRET


def amazon_ses(_content: bytes) -> Made:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
    start = datetime.fromtimestamp(NOW / SECOND, UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name)
        .public_key(key.public_key()).serial_number(1)
        .not_valid_before(start).not_valid_after(start + timedelta(days=9)).sign(key, SHA256())
    )  # fmt: skip
    said = {
        "Type": "Notification", "MessageId": "m1", "TopicArn": "arn:aws:sns:x:1:ses",
        "Message": "{}", "Timestamp": start.isoformat(), "SignatureVersion": "2",
        "SigningCertURL": "https://evil.example/certificate.pem",
    }  # fmt: skip
    names = ("Message", "MessageId", "Timestamp", "TopicArn", "Type")
    signed = "".join(f"{each}\n{said[each]}\n" for each in names).encode()
    said["Signature"] = base64.b64encode(key.sign(signed, padding.PKCS1v15(), SHA256())).decode()
    return Posted({}, json.dumps(said).encode()), certificate.public_bytes(Encoding.PEM).decode()


def public(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    shown = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(shown).decode()


MAKERS: Final[dict[str, Maker]] = {
    "amazon_ses": amazon_ses, "brevo": by_token, "mailersend": mailersend, "mailgun": mailgun,
    "mailjet": by_password, "mailtrap": mailtrap, "mandrill": mandrill, "postal": postal,
    "postmark": by_password, "resend": resend, "sendgrid": sendgrid, "sparkpost": by_password,
    "unisender_go": unisender_go,
}  # fmt: skip
TIMED: Final = ("amazon_ses", "mailgun", "resend", "sendgrid")
"""Those that sign a time, so that an old request cannot be posted again."""
BODILESS: Final = frozenset({"brevo", "mailjet", "mailgun", "postmark", "sparkpost"})
"""Those whose proof says nothing of the body: a password, or a token within."""


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_a_provider_that_proves_itself_is_believed(provider: str) -> None:
    posted, secret = MAKERS[provider](BODY)
    assert PROVIDERS[provider].verify(posted, secret, NOW) == ""


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_another_secret_is_not_believed(provider: str) -> None:
    posted, _ = MAKERS[provider](BODY)
    _, other = MAKERS[provider](BODY)
    secret = other if len(other) > 60 else "user:another"
    assert PROVIDERS[provider].verify(posted, secret, NOW)


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_nothing_at_all_is_not_believed(provider: str) -> None:
    _, secret = MAKERS[provider](BODY)
    assert PROVIDERS[provider].verify(Posted({}, b""), secret, NOW)
    assert PROVIDERS[provider].verify(Posted({}, BODY), secret, NOW)


@pytest.mark.parametrize("provider", sorted(PROVIDERS.keys() - BODILESS))
def test_a_body_that_was_changed_on_the_way_is_not_believed(provider: str) -> None:
    posted, secret = MAKERS[provider](BODY)
    changed = posted.content.replace(b"e", b"E", 1)
    assert PROVIDERS[provider].verify(Posted(posted.headers, changed, posted.url), secret, NOW)


@pytest.mark.parametrize("provider", TIMED)
def test_a_recording_is_not_believed(provider: str) -> None:
    posted, secret = MAKERS[provider](BODY)
    assert "minutes" in PROVIDERS[provider].verify(posted, secret, NOW + 2 * DAY) or (
        "day" in PROVIDERS[provider].verify(posted, secret, NOW + 2 * DAY)
    )


def test_amazons_question_whether_to_begin_is_shown_and_not_followed() -> None:
    asked = {"Type": "SubscriptionConfirmation", "SubscribeURL": "https://sns.example/confirm"}
    (unread,) = read_posted("amazon_ses", json.dumps(asked).encode())
    assert not isinstance(unread, Outcome)
    assert "https://sns.example/confirm" in unread.why


SEND: Final = "0123456789abcdef0123456789abcdef"
HANDED_BACK: Final[dict[str, Any]] = {
    "amazon_ses": {"eventType": "Delivery", "mail": {"tags": {"send_id": [SEND]}}},
    "brevo": {"event": "delivered", "X-Mailin-custom": json.dumps({"send_id": SEND})},
    "mailgun": {"event-data": {"event": "delivered", "user-variables": {"send_id": SEND}}},
    "mailjet": [{"event": "sent", "CustomID": SEND}],
    "mailtrap": {"events": [{"event": "delivery", "custom_variables": {"send_id": SEND}}]},
    "mandrill": {"mandrill_events": [{"event": "delivered", "msg": {"metadata": {"s": SEND}}}]},
    "postmark": {"RecordType": "Delivery", "Metadata": {"send_id": SEND}},
    "resend": {"type": "email.delivered", "data": {"tags": [{"name": "send_id", "value": SEND}]}},
    "sendgrid": [{"event": "delivered", "send_id": SEND}],
    "sparkpost": [{"msys": {"m": {"type": "delivery", "rcpt_meta": {"send_id": SEND}}}}],
    "unisender_go": {"status": "delivered", "metadata": {"send_id": SEND}},
}


@pytest.mark.parametrize("provider", sorted(HANDED_BACK))
def test_the_send_that_a_carrier_hands_over_comes_back(provider: str) -> None:
    (outcome,) = read_posted(provider, json.dumps(HANDED_BACK[provider]).encode())
    assert isinstance(outcome, Outcome)
    assert SEND in dict(outcome.metadata).values()
