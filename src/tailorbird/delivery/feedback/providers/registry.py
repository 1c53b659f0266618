"""The providers whose webhooks are read: one file each, one line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Final, NamedTuple

from tailorbird.delivery.feedback.outcomes import Outcome
from tailorbird.delivery.feedback.providers import (
    amazon_ses,
    brevo,
    mailersend,
    mailgun,
    mailjet,
    mailtrap,
    mandrill,
    postal,
    postmark,
    resend,
    sendgrid,
    sparkpost,
    spoken,
    unisender_go,
)
from tailorbird.delivery.feedback.providers.posted import Verify
from tailorbird.delivery.feedback.providers.spoken import Unread


class Provider(NamedTuple):
    """How a provider proves itself and what its events say; `proof` is told in the handbook."""

    verify: Verify
    read: Callable[[object, str], Iterator[Outcome | Unread]]
    proof: str
    delivery_header: str = ""
    """The header with the id of the event, where the body has none."""


PROVIDERS: Final = MappingProxyType(
    {
        "amazon_ses": Provider(amazon_ses.verify, amazon_ses.read, "RSA, Amazon's certificate"),
        "brevo": Provider(brevo.verify, brevo.read, "password or bearer token"),
        "mailersend": Provider(mailersend.verify, mailersend.read, "HMAC-SHA256"),
        "mailgun": Provider(mailgun.verify, mailgun.read, "HMAC-SHA256 of time and token"),
        "mailjet": Provider(mailjet.verify, mailjet.read, "password"),
        "mailtrap": Provider(mailtrap.verify, mailtrap.read, "HMAC-SHA256"),
        "mandrill": Provider(mandrill.verify, mandrill.read, "HMAC-SHA1 with our address"),
        "postal": Provider(postal.verify, postal.read, "RSA, the installation's key"),
        "postmark": Provider(postmark.verify, postmark.read, "password"),
        "resend": Provider(resend.verify, resend.read, "HMAC-SHA256 (Svix)", "svix-id"),
        "sendgrid": Provider(sendgrid.verify, sendgrid.read, "ECDSA over P-256"),
        "sparkpost": Provider(sparkpost.verify, sparkpost.read, "password or bearer token"),
        "unisender_go": Provider(unisender_go.verify, unisender_go.read, "MD5 with the API key"),
    }
)


def read_posted(name: str, content: bytes, delivery: str = "") -> list[Outcome | Unread]:
    """Return what the events of a body say; a body that is none at all is one unread event."""
    said = spoken.decoded(content)
    if said is None:
        return [Unread("the body is neither JSON nor a form")]
    return list(PROVIDERS[name].read(said, delivery))
