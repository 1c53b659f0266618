"""The settings of what comes back; `settings` hands them on."""

from __future__ import annotations

from typing import Literal

import msgspec


class Feedback(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How bounces and complaints come in. A mail provider without a secret is not listened to."""

    amazon_ses_certificate_file: str = ""
    """PEM of the certificate with which Amazon SNS signs; it is never fetched."""
    brevo_secret: str = ""
    """`user:password` or a bearer token, as you gave it to the provider; so are its like below."""
    mailersend_secret: str = ""
    mailgun_secret: str = ""
    mailjet_secret: str = ""
    mailtrap_secret: str = ""
    mandrill_secret: str = ""
    postal_secret: str = ""
    """The public key of the installation, in base64."""
    postmark_secret: str = ""
    resend_secret: str = ""
    sendgrid_secret: str = ""
    """The public key of the event webhook, in base64."""
    sparkpost_secret: str = ""
    unisender_go_secret: str = ""
    """The API key."""
    mailbox: Literal["", "imap", "pop3"] = ""
    """A mailbox to which bounces come, read over TLS."""
    mailbox_host: str = ""
    mailbox_port: int = 0
    """993 or 995 when 0."""
    mailbox_user: str = ""
    mailbox_password: str = ""
    mailbox_folder: str = "INBOX"
    mailbox_every_seconds: int = 60
    mailbox_ca_file: str = ""
    """PEM of who vouches for the host; those of the system when empty."""
    smtp_host: str = "127.0.0.1"
    smtp_port: int = 0
    """Where bounces are taken by SMTP; nowhere when 0."""
    soft_bounces: int = 5
    """So many mails in a row that bounced softly bar an address; 0: never."""
    soft_bounce_days: int = 30
    """Within so many days."""
