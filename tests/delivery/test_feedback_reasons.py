"""Replies of servers in their own words, and why each turned the mail away."""

from __future__ import annotations

import pytest

from tailorbird.delivery.feedback import read
from tailorbird.delivery.feedback.outcomes import GONE, SENDERS_FAULT
from tailorbird.delivery.feedback.reasons import reason_of, without_addresses

RCPT = "(in reply to RCPT TO command)"
END_OF_DATA = "(in reply to end of DATA command)"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("550 5.1.1 The email account that you tried to reach does not exist", "mailbox_missing"),
        ("550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found", "mailbox_missing"),
        ("550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", "mailbox_missing"),
        ("550-5.1.1 Unknown user", "mailbox_missing"),
        ("550 Benutzer unbekannt", "mailbox_missing"),
        ("550 Utilisateur inconnu", "mailbox_missing"),
        ("550 Пользователь не найден", "mailbox_missing"),
        ("550 5.1.2 Host unknown (Name server: host not found)", "domain_missing"),
        ("5.4.4 Name service error for name=nowhere.example type=AAAA", "domain_missing"),
        ("551 5.1.6 User has moved to new@example.com", "mailbox_moved"),
        ("556 5.1.10 nullMX", "takes_no_mail"),
        ("552 5.2.2 Mailbox full", "mailbox_full"),
        ("452 4.2.2 The email account that you tried to reach is over quota", "mailbox_full"),
        ("550 5.2.1 The email account that you tried to reach is disabled", "mailbox_disabled"),
        ("552 5.3.4 Message size exceeds fixed maximum message size", "size"),
        ("554 5.7.1 Message contains a virus", "content"),
        ("421 4.7.0 Too many connections from your host", "rate"),
        ("554 5.7.1 <a@b.example>: Relay access denied", "relay"),
        ("451 4.4.1 Connection timed out", "network"),
    ],
)
def test_a_reply_says_why(words: str, why: str) -> None:
    assert reason_of(words, report=f"{words} {RCPT}").why == why


@pytest.mark.parametrize(
    "words",
    [
        "550 5.7.26 This mail is unauthenticated, which poses a security risk",
        "550 5.7.515 Access denied, sending domain does not meet the required authentication level",
        "550 5.7.1 Unauthenticated email from shop.example is not accepted due to DMARC policy",
        "550 5.7.23 SPF validation failed",
        "550 5.7.25 The IP address sending this message does not have a PTR record",
        "450 4.7.25 Client host rejected: cannot find your hostname",
        "550 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
        "553 5.1.3 https://www.spamhaus.org/query/bl?ip=192.0.2.1",
        "554 5.7.1 Your IP address has a poor reputation",
        "550 5.7.1 <mail.shop.example>: Helo command rejected: Host not found",
        "553 5.1.8 <a@shop.example>: Sender address rejected: Domain not found",
        "550 5.1.7 Sender verify failed: no such user",
        "550 5.7.606 Access denied, banned sending IP",
        "421 4.7.28 Our system has detected an unusual rate of unsolicited mail",
        "550 5.7.1 Message rejected as spam: user unknown to the filter",
        "554 5.7.9 Message not accepted for policy reasons",
    ],
)
def test_the_senders_own_fault_never_reads_as_a_missing_person(words: str) -> None:
    why = reason_of(words, report=f"{words} {RCPT}").why
    assert why not in GONE
    assert why in SENDERS_FAULT


@pytest.mark.parametrize(
    ("report", "gone"), [(RCPT, True), (END_OF_DATA, False), ("", False)], ids=["rcpt", "data", ""]
)
def test_who_is_unknown_once_the_mail_was_seen_may_only_be_filtered(
    report: str, *, gone: bool
) -> None:
    words = "550 Unknown user jane@example.com"
    assert (reason_of(words, report=f"{words} {report}").why in GONE) is gone
    assert reason_of("550 5.1.1 Unknown user", report=report).why == "mailbox_missing"


def test_words_are_kept_without_addresses() -> None:
    words = "550 5.1.1 <jane.doe@example.com>: jane.doe is\r\nunknown to mx.example.com"
    kept = without_addresses(words, "jane.doe@example.com")
    assert kept == "550 5.1.1 (address): (name) is unknown to mx.example.com"


HOLIDAY = "From: Jane <jane@example.com>\nTo: b-1@shop.example\nSubject: {}\n{}\n\nI am away.\n"


@pytest.mark.parametrize(
    ("subject", "more", "kind"),
    [
        ("Automatic reply: News", "Auto-Submitted: auto-replied", "auto_reply"),
        ("Out of office", "X-Autoreply: yes", "auto_reply"),
        ("Abwesenheit: News", "", "auto_reply"),
        ("Re: News", "Precedence: auto_reply", "auto_reply"),
        ("Please confirm your message", "", "challenge"),
        ("unsubscribe", "", "unsubscribe"),
        ("Re: Abmelden", "", "unsubscribe"),
        ("Re: News", "", "other"),
        ("Thanks, I love the failure of the shop", "", "other"),
    ],
)
def test_answers_of_people_and_programs_are_told_apart(subject: str, more: str, kind: str) -> None:
    raw = HOLIDAY.format(subject, more or "X-Nothing: 1").encode()
    (outcome,) = read(raw)
    assert (outcome.kind, outcome.recipient) == (
        kind, "" if kind == "other" else "jane@example.com",
    )  # fmt: skip


def test_a_warning_that_a_server_still_tries_is_no_bounce() -> None:
    raw = (
        b"From: MAILER-DAEMON@mx.example\nSubject: Warning: could not send message\n\n"
        b"THIS IS A WARNING MESSAGE ONLY. YOU DO NOT NEED TO RESEND YOUR MESSAGE.\n"
        b"<jane@example.com>... Deferred: Connection timed out\n"
    )
    (outcome,) = read(raw)
    assert (outcome.kind, outcome.recipient) == ("deferred", "jane@example.com")
