"""Every carrier answers each message once, streams, and leaves the words that recovery needs."""

from __future__ import annotations

import importlib
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiosmtpd.controller import Controller
from tests.providers import DIALECTS, Act, Dialect, Provider

from tailorbird.delivery.carriers.inbox import InboxCarrier
from tailorbird.delivery.carriers.kinds import Kind, OpenCarrier, Place
from tailorbird.delivery.carriers.registry import KINDS, carriers_of, kind
from tailorbird.delivery.journal import FileJournal
from tailorbird.delivery.message import Envelope, message
from tailorbird.delivery.protocol import deliver, recover
from tailorbird.errors import CarrierError
from tailorbird.schema import SECOND, Claim, Decision, Outgoing, Rendered, Reply
from tailorbird.settings import Brand, Sender, Settings, is_secret
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.ledger import SqliteLedger

NOW = 1_700_000_000 * SECOND
HTTP = sorted(DIALECTS)
LOCAL = ("file", "inbox", "smtp")
HTML = '<p>Käse, Ann &amp; "co" {{ literal }}</p>\n'
PATIENCE_SECONDS = 0.4
"""After which a carrier gives up on a silent provider; long enough for a busy machine to answer."""


class Taker:
    """Keeps what aiosmtpd takes."""

    def __init__(self) -> None:
        self.taken: dict[str, bytes] = {}

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: N802
        self.taken[envelope.rcpt_tos[0]] = envelope.content
        return "250 kept"


@contextmanager
def listening(taker: Taker) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    controller = Controller(taker, hostname="127.0.0.1", port=port)
    controller.start()
    yield port
    controller.stop()


@dataclass(slots=True)
class Stage:
    """A carrier, and what arrived by recipient; None where its provider writes the text anew."""

    carrier: OpenCarrier
    arrived: Callable[[], dict[str, bytes | None]]


def place(name: str, folder: Path, inbox: OpenCarrier) -> Place:
    return Place(name, folder, "shop.example", lambda: NOW, inbox)


Opened = Callable[..., OpenCarrier]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Return `opened(kind, **table)`: a carrier, closed when the test ends."""
    with ExitStack() as stack:
        inbox = InboxCarrier(tmp_path)
        stack.callback(inbox.close)

        def open_(name: str, **table: Any) -> OpenCarrier:
            made = kind(name)
            carrier = made.opened(made.read(table, "here"), place(name, tmp_path, inbox))
            stack.callback(carrier.close)
            return carrier

        yield open_


Provided = Callable[..., tuple[OpenCarrier, Provider]]


@pytest.fixture
def provided(opened: Opened) -> Iterator[Provided]:
    """Return `provided(kind, acts, **table)`: a carrier and the provider that it speaks to."""
    with ExitStack() as stack:

        def provide(
            name: str, acts: Sequence[Act] = (), **table: Any
        ) -> tuple[OpenCarrier, Provider]:
            dialect = DIALECTS[name]
            provider = Provider(dialect, acts)
            stack.callback(provider.close)
            given = {"base_url": provider.url, "connections": 1} | dialect.table | table
            return opened(name, **given), provider

        yield provide


@pytest.fixture(params=[*LOCAL, *HTTP])
def stage(
    request: pytest.FixtureRequest, tmp_path: Path, opened: Opened, provided: Provided
) -> Iterator[Stage]:
    """Return each carrier in turn, before a server of ours that takes everything."""
    name = request.param
    if name == "file":
        new = tmp_path / "mails" / "new"
        yield Stage(opened("file"), lambda: {to_of(path): path.read_bytes() for path in of(new)})
    elif name == "inbox":
        inbox = opened("inbox")
        assert isinstance(inbox, InboxCarrier)
        yield Stage(
            inbox, lambda: {each.to: inbox.read(each.send_id) for each in inbox.list(limit=999)}
        )
    elif name == "smtp":
        taker = Taker()
        with listening(taker) as port:
            smtp = opened("smtp", host="127.0.0.1", port=port, tls="none", connections=2)
            yield Stage(smtp, lambda: dict(taker.taken))
            smtp.close()
    else:
        carrier, provider = provided(name, connections=2)
        yield Stage(carrier, lambda: {one.to: one.content for one in provider.taken})


def of(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.exists() else []


def to_of(path: Path) -> str:
    return mail(int(path.name, 16)).envelope_to


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[FileJournal]:
    kept = FileJournal(tmp_path / "journal", sync=False)
    yield kept
    kept.close()


def mail(number: int, html: str = HTML, domain: str = "shop.example") -> Outgoing:
    send_id = number.to_bytes(16, "big")
    to = f"p{number}@y.example"
    envelope = Envelope(
        send_id,
        to,
        "hello@shop.example",
        domain,
        NOW,
        to_name="Müller, Ann",
        from_name="The Shop",
        reply_to="care@shop.example",
        unsubscribe_url="https://shop.example/u/token",
        campaign="spring",
    )
    content = message(Rendered("Käse für Ann", html, "Käse"), envelope)
    return Outgoing(send_id, f"b-{number}@shop.example", to, content)


def send(carrier: OpenCarrier, journal: FileJournal, *messages: Outgoing) -> list[Reply]:
    return list(carrier.send(iter(messages), journal))


# -- every carrier --------------------------------------------------------------------------------


def test_each_message_is_answered_once_and_arrives_unchanged(
    stage: Stage, journal: FileJournal
) -> None:
    messages = [mail(number) for number in range(30)]
    replies = send(stage.carrier, journal, *messages)
    assert sorted(reply.send_id for reply in replies) == [each.send_id for each in messages]
    assert {reply.kind for reply in replies} == {"accepted"}
    arrived = stage.arrived()
    assert arrived.keys() == {each.envelope_to for each in messages}
    whole = {to: content for to, content in arrived.items() if content is not None}
    plain = {each.envelope_to: each.content for each in messages}
    if stage.carrier.name != "sparkpost":  # it reads curly braces, so they are written otherwise
        assert whole == {to: plain[to] for to in whole}


def test_nothing_to_send_is_no_error(stage: Stage, journal: FileJournal) -> None:
    assert send(stage.carrier, journal) == []


def test_messages_are_drawn_as_they_are_sent(stage: Stage, journal: FileJournal) -> None:
    drawn: list[int] = []

    def many() -> Iterator[Outgoing]:
        for number in range(2000):
            drawn.append(number)
            yield mail(number)

    replies = stage.carrier.send(many(), journal)
    next(replies)
    assert len(drawn) <= 500
    close = getattr(replies, "close", None)
    assert close is not None
    close()


def test_an_answer_stands_in_the_journal_or_the_carrier_can_tell(
    stage: Stage, journal: FileJournal
) -> None:
    send(stage.carrier, journal, mail(1))
    word = journal.last().get(mail(1).send_id)
    if word is None:
        found = stage.carrier.found([mail(1).send_id, mail(2).send_id])
        assert found == {mail(1).send_id: True, mail(2).send_id: False}
    else:
        assert word.kind == "accepted"


def test_a_carrier_that_can_be_asked_finds_what_it_took(stage: Stage, journal: FileJournal) -> None:
    send(stage.carrier, journal, mail(1))
    found = stage.carrier.found([mail(1).send_id, mail(2).send_id])
    if kind(stage.carrier.name).abilities.looks_up:
        assert found is not None
        assert found[mail(1).send_id] is True
        assert found.get(mail(2).send_id, False) is False
    else:
        assert found is None


@pytest.mark.parametrize("name", ["mailgun", "mailjet", "postmark"])
def test_a_brands_mail_is_found_by_the_domain_of_its_own(
    name: str, provided: Provided, journal: FileJournal, tmp_path: Path
) -> None:
    first, provider = provided(name)
    send(first, journal, mail(1), mail(2, domain="outlet.example"), mail(3, domain="käse.example"))
    brands = {
        "outlet": Brand(address="hello@outlet.example"),
        "sub": Brand(address="hello@shop.example", domain="käse.example"),
    }
    table = {"base_url": provider.url} | provider.dialect.table
    chosen = Settings(
        sender=Sender(address="hello@shop.example"), brands=brands, carriers={name: table}
    )
    with ExitStack() as stack:
        inbox = InboxCarrier(tmp_path / "other")
        stack.callback(inbox.close)
        carrier = carriers_of(chosen, place(name, tmp_path, inbox))[name]
        stack.callback(carrier.close)
        found = carrier.found([mail(number).send_id for number in range(1, 5)])
    assert found == {mail(number).send_id: True for number in (1, 2, 3)}


def test_what_was_sent_before_a_crash_is_settled_by_recovery(
    stage: Stage, journal: FileJournal, tmp_path: Path
) -> None:
    carrier = stage.carrier
    database = Database(tmp_path / "tailorbird.sqlite")
    ledger = SqliteLedger(database)
    ledger.record([Decision(mail(n).send_id, "c", 1, "1", n, NOW, "send") for n in range(6)])
    claims = ledger.claim("w", 4, NOW, 60)
    # The machine stops after two of the four claims were sent, and before the ledger heard of it.
    send(carrier, journal, *(mail(claim.person) for claim in claims[:2]))
    recovery = recover(ledger, carrier, journal, worker="w", policy="assume_sent", now=NOW)
    assert (recovery.sent, recovery.returned, recovery.unknown) == (2, 2, ())

    def render(claim: Claim) -> Outgoing:
        return mail(claim.person)

    report = deliver(ledger, carrier, journal, render, worker="w", now=NOW)
    assert report.sent == 4
    assert ledger.states() == {"sent": 6}
    assert len(stage.arrived()) == 6
    database.close()


@pytest.mark.parametrize("name", ["file", "inbox", "brevo", "resend"])
def test_the_same_send_id_twice_gives_one_message(
    name: str, opened: Opened, provided: Provided, journal: FileJournal, tmp_path: Path
) -> None:
    if name in HTTP:
        carrier, provider = provided(name)
        assert kind(name).abilities.repeatable_seconds > 0
    else:
        carrier = opened(name)
    replies = [*send(carrier, journal, mail(1)), *send(carrier, journal, mail(1), mail(2))]
    assert [reply.kind for reply in replies] == ["accepted"] * 3
    if name in HTTP:
        assert sorted(one.to for one in provider.taken) == ["p1@y.example", "p2@y.example"]
    elif name == "file":
        assert len(of(tmp_path / "mails" / "new")) == 2
    else:
        assert isinstance(carrier, InboxCarrier)
        assert carrier.count() == 2


# -- carriers over HTTP ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", HTTP)
def test_a_provider_gets_our_headers_and_our_send_id(
    name: str, provided: Provided, journal: FileJournal
) -> None:
    carrier, provider = provided(name)
    send(carrier, journal, mail(7))
    (taken,) = provider.taken
    assert taken.send_id == mail(7).send_id.hex()
    headers = {key.lower(): said for key, said in taken.headers.items()}
    assert headers["list-unsubscribe"] == "<https://shop.example/u/token>"
    assert headers["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert headers["feedback-id"].startswith("spring:")
    if taken.content is None:
        assert taken.subject == "Käse für Ann"
        assert "&quot;co&quot; {{ literal }}" in taken.html or '"co" {{ literal }}' in taken.html
        assert taken.text.strip() == "Käse"
        assert not {"dkim-signature", "content-type", "to"} & headers.keys()


@pytest.mark.parametrize("name", HTTP)
def test_a_refusal_for_good_concerns_one_message_and_names_no_address(
    name: str, provided: Provided, journal: FileJournal
) -> None:
    carrier, provider = provided(name, ["reject"])
    first, second = [*send(carrier, journal, mail(1)), *send(carrier, journal, mail(2))]
    assert (first.kind, second.kind) == ("rejected", "accepted")
    assert first.text
    assert "p1@y.example" not in first.text
    assert journal.last()[mail(1).send_id] == replace_wait(first)
    assert provider.connections == 1


@pytest.mark.parametrize("name", HTTP)
@pytest.mark.parametrize("act", ["limit", "busy"])
def test_a_provider_that_is_too_busy_is_asked_again_later(
    name: str, act: Act, provided: Provided, journal: FileJournal
) -> None:
    carrier, provider = provided(name, [act])
    first, second = [*send(carrier, journal, mail(1)), *send(carrier, journal, mail(2))]
    assert (first.kind, second.kind) == ("deferred", "accepted")
    if act == "limit" and name != "sendgrid":
        assert first.retry_seconds == 7
    assert [one.to for one in provider.taken] == ["p2@y.example"]


@pytest.mark.parametrize("name", HTTP)
def test_a_wrong_key_stops_the_sending_says_how_to_mend_and_loses_nothing(
    name: str, provided: Provided, journal: FileJournal, tmp_path: Path
) -> None:
    carrier, provider = provided(name, ["refuse"])
    database = Database(tmp_path / "tailorbird.sqlite")
    ledger = SqliteLedger(database)
    ledger.record([Decision(mail(n).send_id, "c", 1, "1", n, NOW, "send") for n in range(60)])

    def render(claim: Claim) -> Outgoing:
        return mail(claim.person)

    with pytest.raises(CarrierError, match="look at the credentials") as caught:
        deliver(ledger, carrier, journal, render, worker="w", now=NOW)
    assert not any(word in caught.value.sentence() for word in ("key-1", "token-1", "hush"))
    assert "@y.example" not in caught.value.sentence()
    answered = len(provider.taken)
    assert ledger.states().get("pending", 0) == 60 - answered
    report = deliver(ledger, carrier, journal, render, worker="w", now=NOW)
    assert report.sent == 60 - answered
    assert sorted(one.to for one in provider.taken) == sorted(
        mail(n).envelope_to for n in range(60)
    )
    assert all(claim.attempts <= 1 for claim in ledger.claimed("w"))
    database.close()


@pytest.mark.parametrize("name", HTTP)
@pytest.mark.parametrize("act", ["take_and_hang_up", "garbage"])
def test_an_answer_that_never_came_or_says_nothing_leaves_doubt_only_where_nothing_else_tells(
    name: str, act: Act, provided: Provided, journal: FileJournal
) -> None:
    carrier, provider = provided(name, [act])
    (reply,) = send(carrier, journal, mail(1))
    repeatable = kind(name).abilities.repeatable_seconds > 0
    repeated = act == "take_and_hang_up" and repeatable
    assert len(provider.taken) == 1
    if repeated:
        assert reply.kind == "accepted"
    else:
        assert reply.kind == "unknown"
        assert journal.last() == {mail(1).send_id: None}
    (second,) = send(carrier, journal, mail(2))
    assert second.kind == "accepted"


@pytest.mark.parametrize("name", ["postmark", "resend", "ses"])
def test_silence_after_the_last_byte_is_no_answer(
    name: str, provided: Provided, journal: FileJournal
) -> None:
    carrier, provider = provided(
        name, ["take_and_stall", "take_and_stall"], timeout_seconds=PATIENCE_SECONDS
    )
    (reply,) = send(carrier, journal, mail(1))
    assert reply.kind == "unknown"
    assert journal.last() == {mail(1).send_id: None}
    assert len(provider.taken) == 1


@pytest.mark.parametrize("name", ["mailgun", "postmark", "resend", "ses"])
@pytest.mark.parametrize("act", ["hang_up", "stall"])
def test_a_line_that_breaks_before_the_last_byte_sends_nothing(
    name: str, act: Act, provided: Provided, journal: FileJournal
) -> None:
    carrier, provider = provided(name, [act], timeout_seconds=PATIENCE_SECONDS)
    large = mail(1, "<p>" + "word " * 3_000_000)  # more than sockets hold
    (reply,) = send(carrier, journal, large)
    assert (reply.kind, reply.code) == ("deferred", 0)
    assert journal.last() == {}
    assert provider.taken == []


@pytest.mark.parametrize("name", HTTP)
def test_an_error_of_the_server_is_no_proof_that_nothing_was_sent(
    name: str, provided: Provided, journal: FileJournal
) -> None:
    carrier, _ = provided(name, ["break"])
    (reply,) = send(carrier, journal, mail(1))
    assert reply.kind == "unknown"
    assert reply.code == 500


@pytest.mark.parametrize("name", HTTP)
def test_a_provider_that_is_not_there_takes_nothing(
    name: str, opened: Opened, journal: FileJournal
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    carrier = opened(name, base_url=f"http://127.0.0.1:{port}", **DIALECTS[name].table)
    with pytest.raises(CarrierError, match=r"carriers\.\w+: .*cannot be reached"):
        send(carrier, journal, mail(1))
    assert journal.last() == {}
    assert not carrier.found([mail(1).send_id])


@pytest.mark.parametrize("name", HTTP)
def test_a_connection_that_was_closed_while_idle_leaves_no_doubt(
    name: str, provided: Provided, journal: FileJournal
) -> None:
    carrier, provider = provided(name)
    send(carrier, journal, mail(1))
    provider.hang_up()
    replies = send(carrier, journal, mail(2), mail(3))
    assert [reply.kind for reply in replies] == ["accepted", "accepted"]
    assert provider.connections == 2


@pytest.mark.parametrize("name", ["mailjet", "postmark"])
def test_one_bad_message_among_many_in_a_call_spoils_no_other(
    name: str, provided: Provided, journal: FileJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    carrier, provider = provided(name, together=10)
    whole = provider.dialect

    def mixed(taken: list[Any]) -> tuple[int, Any]:
        _, good = whole.accepted(taken)
        _, bad = whole.rejected(taken)
        if name == "postmark":
            return 200, [bad[0], *good[1:]]
        return 200, {"Messages": [bad["Messages"][0], *good["Messages"][1:]]}

    monkeypatch.setattr(provider, "dialect", replace(whole, accepted=mixed))
    replies = send(carrier, journal, *(mail(n) for n in range(10)))
    assert [reply.kind for reply in replies] == ["rejected", *["accepted"] * 9]
    assert len(provider.asked) == 1


def test_what_was_taken_beside_a_refusal_of_our_account_is_sent_once(
    provided: Provided, journal: FileJournal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    carrier, provider = provided("postmark", together=3)
    whole = provider.dialect

    def mixed(taken: list[Any]) -> tuple[int, Any]:
        _, answers = whole.accepted(taken)
        provider.taken.remove(taken[1])
        monkeypatch.setattr(provider, "dialect", whole)
        unsigned = {"ErrorCode": 400, "Message": "Sender signature not found"}
        return 200, [answers[0], unsigned, answers[2]]

    monkeypatch.setattr(provider, "dialect", replace(whole, accepted=mixed))
    database = Database(tmp_path / "tailorbird.sqlite")
    ledger = SqliteLedger(database)
    ledger.record([Decision(mail(n).send_id, "c", 1, "1", n, NOW, "send") for n in range(3)])

    def render(claim: Claim) -> Outgoing:
        return mail(claim.person)

    with pytest.raises(CarrierError, match="Sender signature"):
        deliver(ledger, carrier, journal, render, worker="w", now=NOW)
    assert ledger.states() == {"pending": 1, "sent": 2}
    assert deliver(ledger, carrier, journal, render, worker="w", now=NOW).sent == 1
    assert sorted(one.to for one in provider.taken) == [mail(n).envelope_to for n in range(3)]
    database.close()


def test_a_call_that_names_fewer_messages_than_it_was_given_says_nothing(
    provided: Provided, journal: FileJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    carrier, provider = provided("postmark", together=3)
    short = replace(provider.dialect, accepted=lambda _taken: (200, [{"ErrorCode": 0}]))
    monkeypatch.setattr(provider, "dialect", short)
    replies = send(carrier, journal, *(mail(n) for n in range(3)))
    assert {reply.kind for reply in replies} == {"unknown"}


# -- kinds ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_kind_is_spoken_to_in_this_suite(name: str) -> None:
    assert name in (*LOCAL, *HTTP)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_what_a_kind_needs_is_known_before_anything_is_sent(name: str) -> None:
    made: Kind[Any] = importlib.import_module(f"tailorbird.delivery.carriers.{KINDS[name]}").KIND
    assert made.lacking(made.read({}, "here")) == list(made.needs)
    given = DIALECTS[name].table if name in DIALECTS else {}
    assert made.lacking(made.read(given, "here")) == []


@pytest.mark.parametrize("name", sorted(KINDS))
def test_no_secret_of_a_kind_is_shown(name: str) -> None:
    fields = [field.name for field in msgspec.structs.fields(kind(name).settings)]
    hidden = {field for field in fields if is_secret(f"carriers.{name}.{field}")}
    assert hidden == {
        field
        for field in fields
        if field in ("access_token", "api_key", "password", "secret_access_key", "secret_key")
        or field in ("server_token", "session_token")
    }


def replace_wait(reply: Reply) -> Reply:
    """Return a reply as the journal keeps it."""
    return Reply(reply.send_id, reply.kind, reply.code, reply.text)


def test_the_suite_speaks_every_dialect_that_is_written() -> None:
    assert {dialect.kind for dialect in DIALECTS.values()} == set(KINDS) - set(LOCAL)
    assert all(isinstance(dialect, Dialect) for dialect in DIALECTS.values())
