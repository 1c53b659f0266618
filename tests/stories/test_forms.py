"""A stranger's wish becomes a consent only by the owner's own hand, asked once."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from starlette.applications import Starlette

from tailorbird import flow, forms
from tailorbird.app import Tailorbird
from tailorbird.cli import run
from tailorbird.collect import decode, forms_answers
from tailorbird.collect.forms_messages import Submission
from tailorbird.collect.mending import parse_rule
from tailorbird.errors import UsageError
from tailorbird.privacy.permit import Permit, permit
from tailorbird.repair import Which
from tailorbird.schema import DAY, HOUR, SECOND, Body, Instant, PersonId
from tailorbird.web.forms import routes

START = 1_750_000_000 * SECOND
ANN = "ann@people.example"
CLEAR = """\
rule: it-was-a-person
where: {code: bot_suspected, source: forms}
change:
  - {delete: context.suspected}
"""


SURVEY = """\
<mjml><mj-body><mj-section><mj-column><mj-text>
<a href="{{ forms.satisfaction }}&amp;nps=9">9</a> <a href="{{ unsubscribe_url }}">end</a>
</mj-text></mj-column></mj-section></mj-body></mjml>
"""
CAMPAIGN = """\
name: survey
audience: subscribers
template: survey
variants: {only: {subject: "How are we doing"}}
holdout: 0
recommendations: 0
cap: {messages: 1, days: 7}
"""


class Shop:
    """A data folder with its shipped forms, a clock, and strangers who fill them in."""

    def __init__(self, folder: Path) -> None:
        self.now: Instant = START
        self.tb = Tailorbird.open(folder, clock=lambda: self.now, environment={})
        self.tb.install_library()
        self.app = Starlette(routes=routes(self.tb.world, lambda: self.now))

    def ask(self, method: str, path: str, values: dict[str, str] | None = None) -> httpx.Response:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
                headers = {"content-type": "application/x-www-form-urlencoded"}
                content = urlencode(values or {})
                return await client.request(method, path, headers=headers, content=content)

        return asyncio.run(asked())

    def subscribe(self, address: str = ANN, **more: str) -> httpx.Response:
        page = Hidden(self.ask("GET", "/f/newsletter").text)
        self.now += 5 * SECOND
        values = {"_page": page.stamp, "email": address, "news": "yes"} | more
        answer = self.ask("POST", "/f/newsletter", values)
        assert answer.status_code == 303
        return answer

    def tick(self) -> None:
        flow.tick(self.tb.world, self.now)

    def mails(self) -> list[EmailMessage]:
        """Return the mails that left, oldest first."""
        return [
            message_from_bytes(content, policy=policy.default)
            for _, _, content in self.tb.world.inbox.since(0, 1000)
        ]

    def confirm_path(self, number: int = -1) -> str:
        text = self.mails()[number].get_body(("plain",))
        assert text is not None
        found = re.search(r"(/f/newsletter/confirm/\S+)", text.get_content())
        assert found
        return found[1]

    def known(self, address: str = ANN) -> PersonId:
        """Return somebody whom the shop knows, and who has agreed to nothing."""
        message = {"type": "identify", "userId": "u-1", "traits": {"email": address}}
        self.tb.world.log.append([Body("server:till", START, json.dumps(message).encode())])
        self.tick()
        return self.person(address)

    def come_and_go(self) -> None:
        """Subscribe, confirm, and unsubscribe an hour later."""
        self.subscribe()
        self.tick()
        self.ask("POST", self.confirm_path())
        self.tick()
        (sent,) = [send_id for _, send_id, _ in self.tb.world.inbox.since(0, 10)]
        self.now += HOUR
        assert flow.unsubscribe(self.tb.world, sent, self.now)
        self.tick()

    def person(self, address: str = ANN) -> PersonId:
        return self.tb.person(address)

    def may_mail(self, address: str = ANN) -> bool:
        person = self.person(address)
        state = self.tb.world.people.consent_states([person])[person]
        return isinstance(permit(state, person, "email_marketing", self.now), Permit)


class Hidden(HTMLParser):
    """The sealed field of a form's page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.stamp = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if named.get("name") == "_page":
            self.stamp = named.get("value") or ""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    opened = Shop(tmp_path / "data")
    yield opened
    opened.tb.close()


def test_a_wish_alone_permits_nothing_but_the_question(shop: Shop) -> None:
    shop.subscribe(utm_source="friend")
    shop.tick()
    assert len(shop.mails()) == 1
    assert shop.tb.world.people.find(ANN) is None
    (decision,) = shop.tb.world.ledger.decisions(campaign="form:newsletter")
    person = decision.person
    assert shop.tb.world.people.consents(person) == []
    profile = shop.tb.world.people.profiles([person])[person]
    assert (profile.email, profile.traits) == ("", {})


def test_the_question_is_no_advertisement(shop: Shop) -> None:
    shop.subscribe()
    shop.tick()
    (mail,) = shop.mails()
    assert mail["To"] == ANN
    assert mail["List-Unsubscribe"] is None
    body = mail.get_body(("html",))
    assert body is not None
    html = body.get_content()
    assert "<img" not in html
    assert "/c/" not in html
    assert "news and offers" in html
    assert "looked at and bought" not in html  # that box was not ticked


def test_looking_at_the_page_confirms_nothing_and_the_button_does(shop: Shop) -> None:
    shop.subscribe(personal="yes")
    shop.tick()
    path = shop.confirm_path()
    for _ in range(3):
        page = shop.ask("GET", path)
        assert page.status_code == 200
        assert "<button" in page.text
        assert ANN not in page.text
    shop.tick()
    assert shop.tb.world.people.find(ANN) is None
    shop.now += HOUR
    assert shop.ask("POST", path).status_code == 200
    shop.tick()
    assert shop.may_mail()
    person = shop.person()
    profile = shop.tb.world.people.profiles([person])[person]
    assert profile.traits["email_verified"] is True
    consents = shop.tb.world.people.consents(person)
    assert {consent.purpose for consent in consents} == {"email_marketing", "personalisation"}


def test_the_receipt_says_who_asked_when_and_to_which_words(shop: Shop) -> None:
    shop.subscribe()
    shop.tick()
    shop.now += HOUR
    shop.ask("POST", shop.confirm_path())
    shop.tick()
    (receipt,) = shop.tb.world.people.consents(shop.person())
    assert (receipt.purpose, receipt.granted, receipt.source) == ("email_marketing", True, "forms")
    assert receipt.wording_version == "1"
    evidence = json.loads(receipt.evidence)
    assert evidence["form"] == "newsletter"
    assert evidence["requested_at"] == "2025-06-15T15:06:45.000000Z"
    assert evidence["confirmed_at"] == "2025-06-15T16:06:45.000000Z"
    assert shop.tb.world.people.broken_receipts() == 0


def test_saying_it_twice_is_saying_it_once(shop: Shop) -> None:
    shop.subscribe()
    shop.tick()
    path = shop.confirm_path()
    for _ in range(3):
        assert shop.ask("POST", path).status_code == 200
    shop.tick()
    assert shop.ask("POST", path).status_code == 200
    shop.tick()
    assert len(shop.tb.world.people.consents(shop.person())) == 1


def test_a_request_ends_after_two_days(shop: Shop) -> None:
    shop.subscribe()
    shop.tick()
    path = shop.confirm_path()
    shop.now += 2 * DAY
    assert shop.ask("GET", path).status_code == 410
    assert shop.ask("POST", path).status_code == 410
    shop.tick()
    assert shop.tb.world.people.find(ANN) is None
    assert len(shop.mails()) == 1
    found = forms.results(shop.tb.world, "newsletter", shop.now)
    assert (found.confirmed, found.waiting, found.expired) == (0, 0, 1)


def test_a_question_that_could_not_leave_in_time_leaves_no_more(shop: Shop) -> None:
    shop.subscribe()
    flow.ingest(shop.tb.world)
    assert forms.ask(shop.tb.world, shop.now) == 1
    shop.now += 2 * DAY
    shop.tick()
    assert shop.mails() == []
    (decision,) = shop.tb.world.ledger.decisions(campaign="form:newsletter")
    ended = shop.tb.world.ledger.settlement(decision.id)
    assert ended is not None
    assert (ended.state, ended.reply) == ("cancelled", "expired")


def test_an_address_is_asked_once_however_often_it_is_given(shop: Shop) -> None:
    answers = {shop.subscribe(first_name=f"A{n}").headers["location"] for n in range(4)}
    answers.add(shop.subscribe("other@people.example").headers["location"])
    assert answers == {"/f/newsletter?done=check"}
    shop.tick()
    shop.subscribe(first_name="Later")
    shop.tick()
    assert sorted(str(mail["To"]) for mail in shop.mails()) == [ANN, "other@people.example"]
    reasons = {row[1] for row in shop.tb.world.ledger.verdicts("form:newsletter")}
    assert reasons == {"", "asked_already"}


def test_a_new_wish_after_the_old_one_has_ended_is_asked_again(shop: Shop) -> None:
    shop.subscribe()
    shop.tick()
    shop.now += 3 * DAY
    shop.subscribe()
    shop.tick()
    assert len(shop.mails()) == 2
    assert shop.ask("POST", shop.confirm_path()).status_code == 200
    shop.tick()
    assert shop.may_mail()


def test_who_had_unsubscribed_may_come_back_by_her_own_hand(shop: Shop) -> None:
    shop.come_and_go()
    assert not shop.may_mail()
    shop.now += 3 * DAY
    shop.subscribe()
    shop.tick()
    assert not shop.may_mail()
    shop.ask("POST", shop.confirm_path())
    shop.tick()
    assert shop.may_mail()


def test_who_had_unsubscribed_may_come_back_by_a_link_in_her_mail(shop: Shop) -> None:
    shop.come_and_go()
    url = forms.link(shop.tb.world, "newsletter", shop.person(), shop.now)
    path = url.removeprefix("http://127.0.0.1:8400")
    page = shop.ask("GET", path)
    assert "Yes, write to me" in page.text
    shop.now += 5 * SECOND
    shop.ask("POST", path, {"_page": Hidden(page.text).stamp, "news": "yes"})
    shop.tick()
    assert shop.may_mail()


def test_an_address_that_bounced_is_not_asked(shop: Shop) -> None:
    shop.tb.world.people.suppress([(ANN, "hard_bounce", shop.now)])
    shop.subscribe()
    shop.tick()
    assert shop.mails() == []
    assert [row[:2] for row in shop.tb.world.ledger.verdicts("form:newsletter")] == [
        ("refused", "hard_bounce")
    ]


def test_a_wish_for_somebody_known_joins_her_when_she_confirms(shop: Shop) -> None:
    batch = {"type": "identify", "userId": "u1", "traits": {"email": ANN, "first_name": "Ann"}}
    shop.tb.world.log.append([Body("import", shop.now, json.dumps(batch).encode())])
    shop.tick()
    known = shop.person()
    shop.subscribe()
    shop.tick()
    assert shop.may_mail() is False
    shop.ask("POST", shop.confirm_path())
    shop.tick()
    assert shop.person() == known
    assert shop.may_mail()
    assert shop.tb.world.people.count() == 1


def test_a_later_page_waits_for_the_address_as_well(shop: Shop) -> None:
    from tailorbird.collect.forms_messages import Submission

    world = shop.tb.world
    form, version = forms.find(world, "newsletter")
    name = forms.anonymous_id(world, ANN)
    first = Submission("s1", "newsletter", version, START, name, {"email": ANN, "news": True})
    later = Submission("s2", "newsletter", version, START, name, {"first_name": "Ann"}, after="s1")
    forms.submit(world, form, first)
    shop.tick()
    forms.submit(world, form, later)
    shop.tick()
    shop.now += HOUR
    shop.ask("POST", shop.confirm_path())
    shop.tick()
    person = shop.person()
    assert "first_name" not in world.people.profiles([person])[person].traits
    shop.tick()
    assert world.people.profiles([person])[person].traits["first_name"] == "Ann"
    forms.submit(world, form, Submission(
        "s3", "newsletter", version, shop.now, name, {"birthday": "1990-01-02"}, after="s1"
    ))  # fmt: skip
    shop.tick()
    shop.tick()
    assert world.people.profiles([person])[person].traits["birthday"] == "1990-01-02"
    assert len(shop.mails()) == 1


@pytest.mark.parametrize("source", ["web:shop", "server:till"])
def test_what_a_stranger_sends_confirms_nothing_however_like_ours_it_looks(
    shop: Shop, source: str
) -> None:
    ann = shop.known()
    wish = {
        "id": "s9", "form": "newsletter", "version": 1, "at": START, "anonymous_id": "form-x",
        "values": {"email": ANN, "news": True, "first_name": "Eve"}, "person": ann,
    }  # fmt: skip
    pages = {"pending": {}, "after": {"after": "s1"}}
    sent = [
        {
            "type": "track", "event": "form_submitted", "anonymousId": "eve", "messageId": name,
            "properties": {"pending": True, "form": "newsletter", "submission": "s9"} | more,
            "context": {"form": wish | more},
        }
        for name, more in pages.items()
    ]  # fmt: skip
    said = {"form": "newsletter", "submission": "s1"}
    sent.append({
        "type": "track", "event": "form_confirmed", "anonymousId": "eve", "messageId": "done",
        "properties": said,
    })  # fmt: skip
    world = shop.tb.world
    world.log.append([Body(source, START, json.dumps(each).encode()) for each in sent])
    shop.tick()
    shop.tick()
    assert not shop.may_mail()
    assert "first_name" not in world.people.profiles([ann])[ann].traits
    assert shop.mails() == []
    assert world.ledger.decisions(campaign="form:newsletter") == []


def test_a_stranger_answers_no_question_in_our_place(shop: Shop) -> None:
    shop.subscribe()
    shop.tick()
    (decision,) = shop.tb.world.ledger.decisions(campaign="form:newsletter")
    said = {"form": "newsletter", "submission": decision.occurrence, "score": "much"}
    for event in ("form_confirmed", "survey_answered"):
        message = {"type": "track", "event": event, "userId": "eve", "properties": said}
        shop.tb.world.log.append([Body("web:shop", shop.now, json.dumps(message).encode())])
    shop.tick()
    found = forms.results(shop.tb.world, "newsletter", shop.now)
    assert (found.submissions, found.confirmed, found.waiting, found.nps) == (1, 0, 1, None)
    shop.ask("POST", shop.confirm_path())
    shop.tick()
    assert shop.may_mail()


def test_a_kill_between_any_two_steps_asks_nobody_twice(shop: Shop) -> None:
    """Each step is done again, as a restart does; the mail leaves once."""
    world = shop.tb.world
    shop.subscribe()
    flow.ingest(world)
    forms.ask(world, shop.now)
    world.log.append_from("form requests", [], "0")  # the progress was not kept
    assert forms.ask(world, shop.now + SECOND) == 0
    flow.deliver(world, shop.now)
    world.log.append_from("form requests", [], "0")
    shop.tick()
    assert len(shop.mails()) == 1
    assert len(world.ledger.decisions(campaign="form:newsletter")) == 1


def test_a_rebuild_asks_nobody_again(shop: Shop) -> None:
    shop.subscribe()
    shop.tick()
    flow.rebuild(shop.tb.world, shop.now)
    shop.tick()
    assert len(shop.mails()) == 1
    assert shop.ask("POST", shop.confirm_path()).status_code == 200


def test_a_permit_to_ask_fits_no_other_mail(shop: Shop) -> None:
    from tailorbird import delivery
    from tailorbird.privacy.permit import ConfirmationPermit, confirmation_permit
    from tailorbird.schema import ConsentRequest, Rendered

    given = confirmation_permit(ConsentRequest(1, ANN, START, 1 << 20), "unsubscribed", START)
    assert isinstance(given, ConfirmationPermit)
    for to, now in (("bob@people.example", START), (ANN, START + 2 * DAY)):
        envelope = delivery.Envelope(b"s" * 16, to, "a@shop.example", "shop.example", now)
        with pytest.raises(UsageError, match="its own request alone"):
            delivery.outgoing(given, Rendered("s", "<p>h</p>", ""), envelope, bounce_key=b"k" * 32)


def test_the_token_of_one_mail_opens_no_other_request(shop: Shop) -> None:
    shop.subscribe()
    shop.tick()
    path = shop.confirm_path()
    token = path.rpartition("/")[2]
    for wrong in (f"/f/plain/confirm/{token}", path[:-1], path + "A", "/f/newsletter/confirm/x"):
        assert shop.ask("GET", wrong).status_code == 404
        assert shop.ask("POST", wrong).status_code == 404


def test_a_suspected_machine_can_be_cleared_and_replayed(shop: Shop) -> None:
    shop.subscribe(website="http://spam.example")
    shop.tick()
    assert shop.mails() == []
    assert shop.tb.quarantine.replay(Which(code="bot_suspected")).replayed == 0
    assert shop.tb.quarantine.fix_many(parse_rule(CLEAR, "clear.yaml")).passing == 1
    assert shop.tb.quarantine.replay(Which(code="bot_suspected")).replayed == 1
    shop.tick()
    assert len(shop.mails()) == 1
    shop.ask("POST", shop.confirm_path())
    shop.tick()
    assert shop.may_mail()


def test_no_address_lies_in_the_facts_or_the_ledger(shop: Shop) -> None:
    shop.subscribe()
    shop.tick()
    world = shop.tb.world
    assert all(ANN.encode() not in d.inputs for d in world.ledger.decisions())
    for table in ("facts", "properties", "trait_values"):
        found = world.facts.read(f"SELECT * FROM {table}").to_pylist()
        assert ANN not in str(found)
    assert decode(world.log.read(0, 10)).refused == []


def test_a_mail_links_to_a_form_that_knows_its_reader(shop: Shop) -> None:
    shop.subscribe()
    shop.tick()
    shop.ask("POST", shop.confirm_path())
    shop.tick()
    shop.tb.put("segment", "subscribers", "name: subscribers\nwhere: {did: form_confirmed}\n")
    shop.tb.put("template", "survey", SURVEY)
    shop.tb.put("campaign", "survey", CAMPAIGN)
    shop.now += HOUR
    shop.tb.decide("survey")
    shop.tb.deliver()
    assert len(shop.mails()) == 2  # the question that she answered does not count for the cap
    html = shop.mails()[-1].get_body(("html",))
    assert html is not None
    link = re.search(r'href="http://127.0.0.1:8400(/f/satisfaction[^"]+)"', html.get_content())
    assert link
    path = link[1].replace("&amp;", "&")
    page = shop.ask("GET", path)
    assert 'value="9" checked' in page.text
    shop.now += 5 * SECOND
    end = shop.tb.world.log.end()
    values = {"_page": Hidden(page.text).stamp, "nps": "9", "comment": "Fast"}
    assert shop.ask("POST", path, values).status_code == 303
    assert shop.tb.world.log.end() == end + 1
    shop.tick()
    person = shop.person()
    assert shop.tb.world.people.profiles([person])[person].traits["nps_score"] == 9
    assert shop.tb.world.people.count() == 1


def test_a_mail_to_a_form_that_is_not_there_ends_before_it_begins(shop: Shop) -> None:
    shop.tb.put("segment", "subscribers", "name: subscribers\nwhere: {did: form_confirmed}\n")
    shop.tb.put("template", "survey", SURVEY.replace("forms.satisfaction", "forms.satisfied"))
    shop.tb.put("campaign", "survey", CAMPAIGN)
    with pytest.raises(UsageError, match="no form 'satisfied'; forms here: newsletter"):
        shop.tb.decide("survey")


def test_results_count_each_person_once_by_her_last_answer(shop: Shop) -> None:
    def answer(form: str, number: int, **values: str) -> None:
        person = f"form-{number}"
        asked, version = forms.find(shop.tb.world, form)
        given = {name: [value] for name, value in values.items()}
        read = forms_answers.read(asked, asked.fields, given)
        shop.now += SECOND
        name = forms.submission_id(str(shop.now), read.values)
        sent = Submission(name, form, version, shop.now, person, read.values)
        forms.submit(shop.tb.world, asked, sent)

    for number, mark in enumerate([10, 9, 9, 8, 2, 0]):
        answer("satisfaction", number, nps=str(mark))
    answer("satisfaction", 5, nps="10")
    answer("preferences", 1, letter_frequency="weekly", letter_topics="new")
    answer("preferences", 2, letter_frequency="weekly")
    answer("preferences", 2, letter_frequency="rarely", letter_topics="offers")
    shop.tick()
    found = forms.results(shop.tb.world, "satisfaction", shop.now)
    assert found.nps is not None
    assert (found.submissions, found.people, found.nps.people) == (7, 6, 6)
    assert (found.nps.promoters, found.nps.passives, found.nps.detractors) == (4, 1, 1)
    assert found.nps.score == 50.0
    assert -100 <= found.nps.low < 50 < found.nps.high <= 100
    counts = {
        (choice.field, choice.answer): choice.people
        for choice in forms.results(shop.tb.world, "preferences", shop.now).choices
    }
    assert counts["letter_frequency", "weekly"] == 1
    assert counts["letter_frequency", "rarely"] == 1
    assert counts["letter_topics", "offers"] == 1


def test_a_form_that_can_be_read_no_more_holds_nobody_up(shop: Shop) -> None:
    world = shop.tb.world
    form, _ = forms.find(world, "newsletter")
    lost = Submission("lost", "newsletter", 99, START, "form-x", {"email": ANN, "news": True})
    forms.submit(world, form, lost)
    shop.subscribe("bob@people.example")
    shop.tick()
    assert [str(mail["To"]) for mail in shop.mails()] == ["bob@people.example"]
    reasons = [row[:2] for row in world.ledger.verdicts("form:newsletter")]
    assert reasons == [("refused", "unknown_form"), ("send", "")]


def test_commands_keep_list_link_and_count(
    shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.subscribe()
    shop.tick()
    shop.ask("POST", shop.confirm_path())
    shop.tick()
    folder = str(shop.tb.world.folder)
    shop.tb.close()
    file = tmp_path / "short.yaml"
    file.write_text(
        "name: short\ntitle: Short\nfields:\n  - {name: nps, kind: nps, label: Recommend us}\n"
    )
    for command in (
        ["put", str(file)],
        ["list"],
        ["show", "newsletter"],
        ["link", "newsletter", ANN],
        ["embed", "newsletter"],
        ["embed", "short", "--frame"],
        ["results", "newsletter"],
        ["results", "short"],
    ):
        assert run(["forms", *command, "-C", folder]) == 0
    said = capsys.readouterr().out
    assert "http://127.0.0.1:8400/f/short" in said
    assert "/f/newsletter?t=" in said
    assert '<form method="post" action="http://127.0.0.1:8400/f/newsletter">' in said
    assert "<iframe" in said
    assert "1 submissions by 1 people" in said
    file.write_text("name: short\ntitle: Short\nfields:\n  - {name: a, kind: nsp, label: A}\n")
    assert run(["forms", "put", str(file), "-C", folder]) == 1
    assert "forms/short.yaml:4: there is no kind 'nsp'; did you mean 'nps'?" in (
        capsys.readouterr().err
    )
