"""Amazon SES, API v2: `SendEmail` with the whole message.

Source: Amazon SES API v2 reference ("SendEmail"), SES developer guide ("Header fields"), IAM guide
("Create a signed AWS API request", version 4). SES writes Date and Message-ID anew, so our DKIM
signature would not hold and is left out; SES signs with a key of its own.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from tailorbird.delivery.carriers.http_carrier import HttpCarrier, Line, replied
from tailorbird.delivery.carriers.http_session import Answer, Call, Malformed
from tailorbird.delivery.carriers.kinds import Abilities, Kind, Place
from tailorbird.delivery.carriers.parts import without_signatures
from tailorbird.schema import SECOND, Instant, Outgoing, Reply, ReplyKind

PATH: Final = "/v2/email/outbound-emails"
SCHEME: Final = "AWS4-HMAC-SHA256"
SERVICE: Final = "ses"
KINDS: Final[Mapping[str, ReplyKind]] = {
    "AccountSuspendedException": "untaken",
    "ExpiredTokenException": "untaken",
    "IncompleteSignature": "untaken",
    "InvalidSignatureException": "untaken",
    "LimitExceededException": "deferred",
    "MailFromDomainNotVerifiedException": "untaken",
    "NotFoundException": "untaken",
    "RequestExpired": "untaken",
    "SendingPausedException": "untaken",
    "ThrottlingException": "deferred",
    "TooManyRequestsException": "deferred",
}
"""What SES calls its refusals; the others are judged by their status."""


class SesSettings(msgspec.Struct, frozen=True):
    """Table of a carrier of kind `ses`."""

    region: str = ""
    """Such as `eu-central-1`."""
    access_key_id: str = ""
    secret_access_key: str = ""
    session_token: str = ""
    """Only with temporary credentials."""
    configuration_set: str = ""
    """The configuration set whose event destination tells us of bounces and complaints."""
    feedback_by_mail: bool = False
    """Whether bounces also go by mail to the return path; its domain must be verified with SES."""
    base_url: str = ""
    """Empty: the region's own."""
    connections: int = 8
    timeout_seconds: float = 60


class Ses:
    """`http_session.Api` of Amazon SES."""

    repeatable_seconds = 0

    def __init__(self, settings: SesSettings, clock: Callable[[], Instant]) -> None:
        self.base_url = settings.base_url or f"https://email.{settings.region}.amazonaws.com"
        self._settings = settings
        self._clock = clock
        parts = urlsplit(self.base_url)
        self._host = parts.netloc.lower()

    def call(self, messages: Sequence[Outgoing]) -> Call:
        """Return the signed call that hands the message over."""
        (message,) = messages
        body = msgspec.json.encode(self._email(message))
        return Call(PATH, self.signed("POST", PATH, body), body)

    def replies(self, messages: Sequence[Outgoing], answer: Answer) -> list[Reply]:
        """Return what the answer says of the message."""
        if answer.fine:
            if not (taken := answer.said("MessageId")):
                raise Malformed("the answer names no message")
            return replied(messages, answer, f"taken as {taken}")
        text = answer.said("message") or answer.said("Message")
        name = (answer.headers.get("x-amzn-errortype") or answer.said("__type")).partition(":")[0]
        kind = KINDS.get(name.rpartition("#")[2])
        if name == "MessageRejected":
            # Our own address, or any while the account is in SES's sandbox; else its content.
            kind = "untaken" if "not verified" in text else "rejected"
        return replied(messages, answer, f"{name} {text}".strip(), kind)

    def lookup(self, _send_id: bytes) -> Sequence[Call]:
        """Return none: SES finds messages by its own ids alone."""
        return ()

    def sighted(self, _send_id: bytes, _answer: Answer) -> bool:
        """Return False: it is never asked."""
        return False

    def signed(self, method: str, path: str, body: bytes) -> dict[str, str]:
        """Return the headers of a call, with its signature of version 4."""
        stamp = datetime.fromtimestamp(self._clock() // SECOND, UTC).strftime("%Y%m%dT%H%M%SZ")
        named = {"content-type": "application/json", "host": self._host, "x-amz-date": stamp}
        if self._settings.session_token:
            named["x-amz-security-token"] = self._settings.session_token
        names = ";".join(sorted(named))
        lines = [f"{name}:{named[name]}" for name in sorted(named)]
        digest = hashlib.sha256(body).hexdigest()
        request = "\n".join([method, path, "", *lines, "", names, digest])
        scope = f"{stamp[:8]}/{self._settings.region}/{SERVICE}/aws4_request"
        to_sign = "\n".join([SCHEME, stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
        key = _signing_key(self._settings.secret_access_key, scope)
        signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
        credential = f"{self._settings.access_key_id}/{scope}"
        del named["host"]
        return named | {
            "Authorization": f"{SCHEME} Credential={credential}, "
            f"SignedHeaders={names}, Signature={signature}"
        }

    def _email(self, message: Outgoing) -> dict[str, Any]:
        raw = b64encode(without_signatures(message.content)).decode("ascii")
        email: dict[str, Any] = {
            "Destination": {"ToAddresses": [message.envelope_to]},
            "Content": {"Raw": {"Data": raw}},
            "EmailTags": [{"Name": "send_id", "Value": message.send_id.hex()}],
        }
        if self._settings.configuration_set:
            email["ConfigurationSetName"] = self._settings.configuration_set
        if self._settings.feedback_by_mail:
            email["FeedbackForwardingEmailAddress"] = message.envelope_from
        return email


@lru_cache(maxsize=8)
def _signing_key(secret: str, scope: str) -> bytes:
    """Return the key of one day, region and service."""
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _opened(settings: SesSettings, place: Place) -> HttpCarrier:
    api = Ses(settings, place.clock)
    line = Line(api.base_url, settings.connections, settings.timeout_seconds)
    return HttpCarrier(place.name, api, line)


KIND: Final = Kind(
    SesSettings,
    _opened,
    Abilities(raw=True, send_id_in="mail.tags.send_id; Message-ID in mail.headers"),
    needs=("region", "access_key_id", "secret_access_key"),
)
