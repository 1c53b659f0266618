"""Which carrier sends what: by name, by task, behind the sandbox, and not before it is set up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tailorbird import settings as configuration
from tailorbird.delivery.carriers.by_task import CarrierByTask
from tailorbird.delivery.carriers.file import FileCarrier
from tailorbird.delivery.carriers.http_carrier import one_reply
from tailorbird.delivery.carriers.http_session import Answer
from tailorbird.delivery.carriers.inbox import InboxCarrier
from tailorbird.delivery.carriers.kinds import OpenCarrier, Place
from tailorbird.delivery.carriers.mailgun import Mailgun, MailgunSettings
from tailorbird.delivery.carriers.registry import (
    carriers_of,
    sending_carrier,
    signatures_hold,
    wanted,
)
from tailorbird.delivery.carriers.sandbox import REFUSED, SandboxCarrier
from tailorbird.delivery.carriers.smtp import SmtpCarrier
from tailorbird.delivery.carriers.sparkpost import Sparkpost, SparkpostSettings
from tailorbird.errors import CarrierError, SettingsError
from tailorbird.ports import Journal
from tailorbird.schema import Outgoing, Reply
from tailorbird.settings import Settings


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[InboxCarrier]:
    kept = InboxCarrier(tmp_path)
    yield kept
    kept.close()


@pytest.fixture
def place(tmp_path: Path, inbox: InboxCarrier) -> Place:
    return Place("", tmp_path, "shop.example", lambda: 0, inbox)


def settings(folder: Path, text: str = "", **environment: str) -> Settings:
    (folder / configuration.FILE_NAME).write_text(text, encoding="utf-8")
    given = {f"TAILORBIRD_{name}": said for name, said in environment.items()}
    return configuration.load(folder, given)[0]


def mail(number: int, to: str = "", *, transactional: bool = False) -> Outgoing:
    send_id = number.to_bytes(16, "big")
    address = to or f"p{number}@c.example"
    return Outgoing(send_id, "b@shop.example", address, b"\r\n", transactional=transactional)


class Recording:
    """A carrier that takes everything until it is told to fail."""

    def __init__(self, name: str, *, down: bool = False, tells: bool | None = True) -> None:
        self.name = name
        self.down = down
        self.tells = tells
        self.taken: list[bytes] = []
        self.closed = 0

    def send(self, messages: Iterator[Outgoing], journal: Journal) -> Iterator[Reply]:
        for message in messages:
            if self.down:
                raise CarrierError("it is down", where=self.name)
            self.taken.append(message.send_id)
            yield Reply(message.send_id, "accepted", 250, "taken")

    def found(self, send_ids: Sequence[bytes]) -> dict[bytes, bool] | None:
        if self.tells is None:
            return None
        return {send_id: send_id in self.taken for send_id in send_ids}

    def close(self) -> None:
        self.closed += 1


# -- settings -------------------------------------------------------------------------------------


def test_nothing_leaves_until_a_carrier_is_set_up(
    tmp_path: Path, place: Place, inbox: InboxCarrier
) -> None:
    chosen = settings(tmp_path)
    carriers = carriers_of(chosen, place)
    assert carriers == {"inbox": inbox}
    assert sending_carrier(chosen, carriers) is inbox


def test_the_settings_of_old_still_set_up_smtp(tmp_path: Path, place: Place) -> None:
    chosen = settings(
        tmp_path,
        '[delivery]\ncarrier = "smtp"\nsmtp_host = "mx.example"\nsmtp_port = 587\n',
        DELIVERY__SMTP_CONNECTIONS="9",
    )
    (one,) = wanted(chosen)
    assert (one.name, one.kind, one.lacking) == ("smtp", "smtp", ())
    assert (one.table["host"], one.table["port"], one.table["connections"]) == (
        "mx.example",
        587,
        9,
    )
    assert isinstance(carriers_of(chosen, place)["smtp"], SmtpCarrier)


def test_a_table_of_its_own_stands_before_the_settings_of_old(tmp_path: Path) -> None:
    chosen = settings(
        tmp_path,
        '[delivery]\ncarrier = "smtp"\nsmtp_host = "old.example"\n'
        '[carriers.smtp]\nhost = "new.example"\n',
    )
    (one,) = wanted(chosen)
    assert one.table["host"] == "new.example"


def test_several_carriers_of_one_kind_have_names(tmp_path: Path, place: Place) -> None:
    chosen = settings(
        tmp_path,
        '[delivery]\ncarrier = "bulk"\ntransactional = "prompt"\nfailover = ["relay", "bulk"]\n'
        '[carriers.bulk]\nkind = "postmark"\nserver_token = "a"\nstream = "broadcast"\n'
        '[carriers.prompt]\nkind = "postmark"\nserver_token = "b"\n'
        '[carriers.relay]\nkind = "smtp"\nhost = "mx.example"\n',
    )
    carriers = carriers_of(chosen, place)
    assert list(carriers) == ["bulk", "prompt", "relay"]
    assert [carrier.name for carrier in carriers.values()] == ["bulk", "prompt", "relay"]
    both = sending_carrier(chosen, carriers)
    assert isinstance(both, CarrierByTask)
    assert both.name == "bulk"


def test_a_variable_sets_a_secret_and_nothing_shows_it(tmp_path: Path) -> None:
    given = {"TAILORBIRD_CARRIERS__POSTMARK__SERVER_TOKEN": "hush-hush"}
    _, listing = configuration.load(tmp_path, given)
    (row,) = [row for row in listing if row.name == "carriers.postmark.server_token"]
    assert row.value == "******"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[delivery]\ncarrier = "postmrk"\n', "there is no carrier 'postmrk'"),
        ('[carriers.x]\nkind = "smpt"\n', "did you mean 'smtp'"),
        ('[carriers.ses]\nregon = "eu"\n', "did you mean 'region'"),
        ('[carriers.smtp]\nport = "many"\n', r"carriers\.smtp\.port: "),
        ('[delivery]\nfailover = ["nobody"]\n', "there is no carrier 'nobody'"),
        ('[carriers.smtp]\nhost = "mx.example"\nuser = "u"\ntls = "none"\n', "in clear"),
        ('[carriers.resend]\napi_key = "k"\nbase_url = "http://api.example"\n', "in clear"),
        ('[carriers.resend]\napi_key = "k"\nbase_url = "api.example"\n', "is no address"),
    ],
)
def test_what_is_written_wrongly_is_named_before_anything_is_sent(
    text: str, said: str, tmp_path: Path, place: Place
) -> None:
    with pytest.raises(SettingsError, match=said):
        carriers_of(settings(tmp_path, text), place)


def test_a_carrier_that_lacks_a_setting_takes_nothing_and_says_which(
    tmp_path: Path, place: Place, journal: Any
) -> None:
    chosen = settings(tmp_path, '[delivery]\ncarrier = "mailjet"\n')
    (one,) = wanted(chosen)
    assert one.lacking == ("api_key", "secret_key")
    carrier = carriers_of(chosen, place)["mailjet"]
    with pytest.raises(CarrierError, match=r"carriers\.mailjet: .*api_key, secret_key"):
        list(carrier.send(iter([mail(1)]), journal))
    assert journal.records == []
    assert carrier.found([mail(1).send_id]) is None


# -- sandbox --------------------------------------------------------------------------------------


def test_in_the_sandbox_mails_leave_for_named_addresses_and_domains_alone(journal: Any) -> None:
    behind = Recording("smtp")
    carrier = SandboxCarrier(behind, ["Me@People.example", "@shop.example"])
    messages = [
        mail(1, "me@people.example"),
        mail(2, "you@people.example"),
        mail(3, "Care@Shop.example"),
        mail(4, "x@notshop.example"),
        mail(5, "x@mail.shop.example"),
    ]
    replies = {reply.send_id: reply for reply in carrier.send(iter(messages), journal)}
    assert behind.taken == [mail(1).send_id, mail(3).send_id]
    assert len(replies) == 5
    for number in (2, 4, 5):
        refused = replies[mail(number).send_id]
        assert (refused.kind, refused.text) == ("rejected", REFUSED)
        assert journal.last()[mail(number).send_id] == refused


def test_an_empty_sandbox_lets_nothing_out(journal: Any) -> None:
    behind = Recording("smtp")
    replies = list(SandboxCarrier(behind, []).send(iter([mail(1), mail(2)]), journal))
    assert {reply.kind for reply in replies} == {"rejected"}
    assert behind.taken == []


def test_the_sandbox_stands_before_every_carrier_but_the_inbox(
    tmp_path: Path, place: Place, inbox: InboxCarrier
) -> None:
    chosen = settings(
        tmp_path,
        '[delivery]\ncarrier = "smtp"\nfailover = ["inbox"]\nsandbox = true\n',
        DELIVERY__SANDBOX_ALLOW="me@people.example,shop.example",
    )
    carriers = carriers_of(chosen, place)
    guarded = carriers["smtp"]
    assert isinstance(guarded, SandboxCarrier)
    assert guarded.name == "smtp"
    assert guarded.allows("anybody@shop.example")
    assert not guarded.allows("anybody@people.example")
    assert carriers["inbox"] is inbox


# -- by task --------------------------------------------------------------------------------------


def test_what_somebody_asked_for_goes_by_its_own_carrier(journal: Any) -> None:
    bulk, prompt = Recording("bulk"), Recording("prompt")
    both: OpenCarrier = CarrierByTask(bulk, prompt)
    messages = [mail(1), mail(2, transactional=True), mail(3)]
    replies = {reply.send_id: reply for reply in both.send(iter(messages), journal)}
    assert bulk.taken == [mail(1).send_id, mail(3).send_id]
    assert prompt.taken == [mail(2).send_id]
    assert replies[mail(2).send_id].carrier == "prompt"
    assert replies[mail(1).send_id].carrier == ""


def test_what_somebody_asked_for_leaves_though_the_other_carrier_is_down(journal: Any) -> None:
    bulk, prompt = Recording("bulk", down=True), Recording("prompt")
    replies: list[Reply] = []
    with pytest.raises(CarrierError, match="bulk"):
        replies.extend(
            CarrierByTask(bulk, prompt).send(iter([mail(1, transactional=True), mail(2)]), journal)
        )
    assert prompt.taken == [mail(1).send_id]


@pytest.mark.parametrize("tells", [True, None])
def test_what_only_one_of_two_denies_is_not_denied(tells: bool | None, journal: Any) -> None:
    bulk, prompt = Recording("bulk"), Recording("prompt", tells=tells)
    both = CarrierByTask(bulk, prompt)
    list(both.send(iter([mail(1), mail(2, transactional=True)]), journal))
    found = both.found([mail(n).send_id for n in (1, 2, 3)])
    assert found is not None
    assert found[mail(1).send_id] is True
    assert found.get(mail(2).send_id) is tells
    assert found.get(mail(3).send_id) == (False if tells else None)


def test_two_who_cannot_tell_cannot_tell() -> None:
    both = CarrierByTask(Recording("a", tells=None), Recording("b", tells=None))
    assert both.found([b"1"]) is None


PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "choose-a-carrier.md"
BLOCKS = re.findall(r"^```toml\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
SECRETS = {
    "CARRIERS__SES__SECRET_ACCESS_KEY": "s",
    "CARRIERS__POSTMARK__SERVER_TOKEN": "s",
    "CARRIERS__MAILJET__SECRET_KEY": "s",
    **{
        f"CARRIERS__{name}__API_KEY": "s"
        for name in ("SENDGRID", "MAILGUN", "SPARKPOST", "BREVO", "RESEND", "MAILJET")
    },
}


@pytest.mark.parametrize("text", BLOCKS)
def test_the_settings_of_the_page_lack_nothing_but_secrets(
    text: str, tmp_path: Path, place: Place
) -> None:
    bare = settings(tmp_path, text)
    hidden = {name for one in wanted(bare) for name in one.lacking}
    assert all(configuration.is_secret(f"carriers.x.{name}") for name in hidden)
    given = settings(tmp_path, text, **SECRETS)
    used = [one for one in wanted(given) if one.table or one.name == given.delivery.carrier]
    assert not any(one.lacking for one in used if one.name in given.carriers and one.kind in text)
    for carrier in carriers_of(given, place).values():
        if carrier is not place.inbox:
            carrier.close()


# -- what one kind alone does ---------------------------------------------------------------------


def test_a_mail_that_a_reader_has_moved_is_still_here(tmp_path: Path, journal: Any) -> None:
    carrier = FileCarrier(tmp_path)
    list(carrier.send(iter([mail(1)]), journal))
    name = mail(1).send_id.hex()
    (tmp_path / "new" / name).rename(tmp_path / "cur" / f"{name}:2,S")
    assert carrier.found([mail(1).send_id]) == {mail(1).send_id: True}
    (reply,) = carrier.send(iter([mail(1)]), journal)
    assert reply.kind == "accepted"
    assert not list((tmp_path / "new").iterdir())


@pytest.mark.parametrize("text", ["{{a}} {{{b}}}", "@media{a{}}{{x}}", "a { b } c", "}} {{"])
def test_sparkpost_finds_no_variables_in_our_mails(text: str) -> None:
    signature = b"DKIM-Signature: v=1;\r\n b=x\r\n"
    content = signature + b"Subject: x\r\n\r\n" + text.encode() + b"\r\n"
    call = Sparkpost(SparkpostSettings(api_key="k")).call(
        [Outgoing(b"1" * 16, "b@shop.example", "a@c.example", content)]
    )
    said = msgspec.json.decode(call.body)["content"]["email_rfc822"]
    opening, closing = "{{opening_double_curly()}}", "{{closing_double_curly()}}"
    bare = said.replace(opening, "").replace(closing, "")
    assert "{{" not in bare
    assert "{" + opening not in said
    assert "{" + closing not in said
    rendered = said.replace(opening, "\0").replace(closing, "\1").replace("\0", "{{")
    rendered = rendered.replace("\1", "}}").replace("{ }}", "{}}")
    assert rendered.endswith(f"\r\n\r\n{text}\r\n")
    assert said.startswith("DKIM-Signature") == ("{{" not in text)


def test_a_form_for_mailgun_ends_where_its_boundary_says() -> None:
    unique = b"1" * 16
    content = b"Subject: x\r\n\r\n--mail-" + unique.hex().encode() + b"\r\nnot the end\r\n"
    call = Mailgun(MailgunSettings(api_key="k", domain="d.example"), "shop.example").call(
        [Outgoing(unique, "b@shop.example", "a@c.example", content)]
    )
    boundary = call.headers["Content-Type"].partition("boundary=")[2].encode()
    assert boundary not in content
    assert content in call.body
    assert call.body.endswith(b"--" + boundary + b"--\r\n")


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("", True),
        ('[delivery]\ncarrier = "smtp"\n', True),
        ('[delivery]\ncarrier = "ses"\n', False),
        ('[delivery]\ncarrier = "ses"\n[carriers.smtp]\nhost = "mx.example"\n', False),
        ('[delivery]\ncarrier = "ses"\nfailover = ["smtp"]\n', True),
        ('[delivery]\ncarrier = "postmark"\ntransactional = "mailgun"\n', True),
    ],
)
def test_mails_are_signed_where_a_carrier_passes_the_signature_on(
    text: str, holds: bool, tmp_path: Path
) -> None:
    assert signatures_hold(settings(tmp_path, text)) is holds


def test_an_address_is_not_named_however_it_is_written() -> None:
    refused = Answer(400, {}, b"{}")
    said = one_reply(
        mail(1, "Ann@c.example"), "rejected", refused, "<ann@C.example>: ANN@c.example"
    )
    assert said.text == "<the address>: the address"
