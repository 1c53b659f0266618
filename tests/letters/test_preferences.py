"""What a person chooses on the page of her choices holds, and a rebuild gives the same."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import count

import httpx
import pytest
from starlette.applications import Starlette

from tailorbird import content, flow, lists
from tailorbird.app import Tailorbird
from tailorbird.letters.frequency import REASON
from tailorbird.letters.preferences import Preferences, preferences
from tailorbird.schema import DAY, SECOND, Decision
from tailorbird.tracking.tokens import LABELS, Sealer
from tailorbird.web.preferences import routes

FOOTED = (
    "<mjml><mj-body><mj-section><mj-column><mj-text>Hi {{ traits.member | default: 'you' }}"
    '</mj-text></mj-column></mj-section>{% render "footer" %}</mj-body></mjml>'
)
CAMPAIGN = """\
name: spring
audience: everybody
template: spring
variants:
  only: {subject: News}
holdout: 0
recommendations: 0
"""
ARABIC = """\
texts: ar
entries:
  page_language: العربية
  page_choices_heading: ماذا يمكننا أن نرسل إليك؟
"""
Send = Callable[..., dict[str, str]]
Ask = Callable[..., httpx.Response]


class Form(HTMLParser):
    """What the first form of a page would send as it stands."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.given: dict[str, list[str]] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._forms = 0
        self._select = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.tags.append((tag, named))
        self._forms += tag == "form"
        if self._forms != 1:
            return
        if tag == "select":
            self._select = named["name"] or ""
        elif tag == "option" and "selected" in named:
            self.given[self._select] = [named["value"] or ""]
        elif tag == "input":
            unticked = named.get("type") in ("checkbox", "radio") and "checked" not in named
            if not unticked:
                self.given.setdefault(named["name"] or "", []).append(named.get("value") or "")


@pytest.fixture
def shop_of_topics(shop: Tailorbird) -> Tailorbird:
    shop.put("block", "footer", content.library()["footer"])
    shop.put("template", "spring", FOOTED)
    found = lists.Lists(shop.world, shop.clock())
    found.create("running", offered={"en": "Running", "de": "Laufen"})
    found.create("secret")
    return shop


@pytest.fixture
def ask(shop_of_topics: Tailorbird) -> Ask:
    tb = shop_of_topics
    ticks = count(tb.clock() + 1)
    app = Starlette(routes=routes(tb.world, lambda: next(ticks)))

    def asked(
        path: str, given: dict[str, list[str]] | None = None, accepts: str = "", method: str = ""
    ) -> httpx.Response:
        async def one() -> httpx.Response:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
                kind = method or ("POST" if given is not None else "GET")
                headers = {"accept-language": accepts} if accepts else {}
                return await client.request(kind, path, data=given, headers=headers)

        return asyncio.run(one())

    return asked


def decision_of(tb: Tailorbird, who: str) -> bytes:
    person = tb.person(who)
    return next(d.id for d in tb.world.ledger.decisions() if d.person == person)


def page_of(tb: Tailorbird, who: str) -> str:
    return "/m/" + Sealer(tb.world.token_key).seal("preferences", decision_of(tb, who))


def known(tb: Tailorbird, who: str) -> Preferences:
    tb.ingest()
    found = preferences(tb.world, decision_of(tb, who), tb.clock() + SECOND)
    assert found
    return found


def sent(ask: Ask, path: str, **changed: str | None) -> httpx.Response:
    """Open the page, change what is named (None: untick), and send it."""
    given = Form(ask(path).text).given
    for name, value in changed.items():
        name = name.replace("__", ".")
        given.pop(name, None)
        if value is not None:
            given[name] = [value]
    return ask(path, given)


def test_the_footer_leads_to_the_choices(shop_of_topics: Tailorbird, send: Send) -> None:
    found = re.search(r"Choose what you get\D*(http\S+/m/([\w-]+))", send()["ada"])
    assert found
    sealed = Sealer(shop_of_topics.world.token_key).open(found[2], "preferences")
    assert sealed is not None
    assert sealed.send_id == decision_of(shop_of_topics, "ada")


def test_looking_changes_nothing(shop_of_topics: Tailorbird, send: Send, ask: Ask) -> None:
    send()
    end = shop_of_topics.world.log.end()
    path = page_of(shop_of_topics, "ada")
    assert {ask(path, method=method).status_code for method in ("GET", "HEAD")} == {200}
    assert shop_of_topics.world.log.end() == end


def test_a_page_sent_as_it_came_says_nothing(
    shop_of_topics: Tailorbird, send: Send, ask: Ask
) -> None:
    send()
    end = shop_of_topics.world.log.end()
    assert sent(ask, page_of(shop_of_topics, "ada")).status_code == 200
    assert ask(page_of(shop_of_topics, "ada"), {"anything": ["else"]}).status_code == 200
    assert shop_of_topics.world.log.end() == end


def test_every_purpose_is_chosen_by_itself_with_its_words(
    shop_of_topics: Tailorbird, send: Send, ask: Ask
) -> None:
    tb = shop_of_topics
    send()
    path = page_of(tb, "ada")
    answer = sent(ask, path, purpose__tracking=None, purpose__training="yes")
    assert 'role="status"' in answer.text
    assert "checked" not in re.findall(r'name="purpose.tracking"[^>]*', answer.text)[0]
    assert known(tb, "ada").purposes == {
        "email_marketing": True, "personalisation": True, "tracking": False, "training": True,
    }  # fmt: skip
    receipts = tb.world.people.consents(tb.person("ada"))[-2:]
    assert {(each.purpose, each.granted) for each in receipts} == {
        ("tracking", False),
        ("training", True),
    }
    for each in receipts:
        assert each.source == "tracking"
        assert 0 < each.at - tb.clock() < SECOND
        assert re.fullmatch(r"preferences-de-AT-[0-9a-f]{12}", each.wording_version)
        assert decision_of(tb, "ada").hex() in each.evidence
        assert "Öffnungen und Klicks" in each.evidence


def test_a_topic_puts_her_on_the_list_and_takes_her_off(
    shop_of_topics: Tailorbird, send: Send, ask: Ask
) -> None:
    tb = shop_of_topics
    send()
    path = page_of(tb, "ada")
    assert "Laufen" in ask(path).text
    assert "secret" not in ask(path).text
    sent(ask, path, topic__running="yes", topic__secret="yes")
    assert [each.chosen for each in known(tb, "ada").topics] == [True]
    now = tb.clock() + SECOND
    assert lists.Lists(tb.world, now).people("running") == [tb.person("ada")]
    assert lists.Lists(tb.world, now).people("secret") == []


def test_words_said_one_after_the_other_end_as_the_last_one_said(
    shop_of_topics: Tailorbird, send: Send, ask: Ask
) -> None:
    tb = shop_of_topics
    send()
    path = page_of(tb, "ada")
    before = Form(ask(path).text).given
    sent(ask, path, purpose__tracking=None, topic__running="yes", first_name="Adele")
    ask(path, before)
    after = known(tb, "ada")
    assert (after.purposes["tracking"], after.names["first_name"]) == (True, "Ada")


def test_who_leaves_by_the_page_and_comes_back_is_written_to_again_and_can_leave_again(
    shop_of_topics: Tailorbird, send: Send, ask: Ask
) -> None:
    tb = shop_of_topics
    send()
    path = page_of(tb, "ada")
    assert "abgemeldet" in ask(path, {"leave": ["all"]}).text
    assert "ada" not in send(occurrence="2")
    sent(ask, path, purpose__email_marketing="yes")
    assert known(tb, "ada").purposes["email_marketing"]
    assert "ada" in send(occurrence="3")
    sent(ask, path, purpose__email_marketing=None)
    state = tb.world.people.consent_states([tb.person("ada")])[tb.person("ada")]
    assert "email_marketing" in state.withdrawn  # before anything is taken in
    assert not known(tb, "ada").purposes["email_marketing"]
    assert "ada" not in send(occurrence="4")


def test_an_address_that_complained_rests_whatever_is_ticked(
    shop_of_topics: Tailorbird, send: Send, ask: Ask
) -> None:
    tb = shop_of_topics
    send()
    tb.world.people.suppress([("ada@mail.example", "complaint", tb.clock())])
    path = page_of(tb, "ada")
    page = ask(path).text
    assert "purpose.email_marketing" not in page
    given = Form(page).given | {"shown": ["purpose.email_marketing"]}
    given["purpose.email_marketing"] = ["yes"]
    ask(path, given)
    assert known(tb, "ada").resting
    assert "ada" not in send(occurrence="2")


@pytest.mark.parametrize(("often", "again"), [("weekly", 8), ("monthly", 31), ("rarely", 91)])
def test_fewer_mails_are_fewer_mails(
    shop_of_topics: Tailorbird, send: Send, ask: Ask, often: str, again: int
) -> None:
    tb = shop_of_topics
    send()
    sent(ask, page_of(tb, "ada"), frequency=often)
    assert known(tb, "ada").frequency == often
    tb.decide("spring", "2")
    refused = [d for d in tb.world.ledger.decisions(person=tb.person("ada")) if d.reason == REASON]
    assert len(refused) == 1
    later = tb.clock() + again * 86_400_000_000
    flow.decide(tb.world, "spring", later, "3")
    third = [d for d in tb.world.ledger.decisions(person=tb.person("ada")) if d.at == later]
    assert [each.verdict for each in third] == ["send"]


def test_what_was_decided_before_she_chose_waits_for_nobody(
    shop_of_topics: Tailorbird, send: Send, ask: Ask
) -> None:
    tb = shop_of_topics
    send()
    later = tb.clock() + 40 * DAY
    for name in ("second", "third"):
        tb.put("campaign", name, CAMPAIGN.replace("name: spring", f"name: {name}"))
        flow.decide(tb.world, name, later, "1")
    sent(ask, page_of(tb, "ada"), frequency="weekly")
    tb.ingest()
    flow.deliver(tb.world, later)
    ended = {
        decision.campaign: tb.world.ledger.settlement(decision.id)
        for decision in _decisions(tb)
        if decision.campaign != "spring"
    }
    states = sorted((each.state, each.reply) for each in ended.values() if each)
    assert [state for state, _ in states] == ["cancelled", "sent"]
    assert states[0] == ("cancelled", REASON)


def test_a_mail_that_waits_counts_and_one_that_was_cancelled_does_not(
    shop_of_topics: Tailorbird, send: Send, ask: Ask
) -> None:
    tb = shop_of_topics
    send()
    sent(ask, page_of(tb, "ada"), frequency="weekly")
    tb.ingest()
    days = 8 * 86_400_000_000
    flow.decide(tb.world, "spring", tb.clock() + days, "2")
    flow.decide(tb.world, "spring", tb.clock() + 4 * days, "3")
    verdicts = {d.occurrence: d.verdict for d in _decisions(tb)}
    assert (verdicts["2"], verdicts["3"]) == ("send", "refused")
    tb.world.ledger.cancel("spring", "test", tb.clock() + 4 * days)
    flow.decide(tb.world, "spring", tb.clock() + 4 * days, "4")
    assert {d.occurrence: d.verdict for d in _decisions(tb)}["4"] == "send"


def _decisions(tb: Tailorbird) -> list[Decision]:
    return tb.world.ledger.decisions(person=tb.person("ada"))


def test_names_and_language_are_corrected_and_the_page_follows(
    shop_of_topics: Tailorbird, send: Send, ask: Ask
) -> None:
    tb = shop_of_topics
    send()
    path = page_of(tb, "ada")
    answer = sent(ask, path, first_name="Adélaïde\r\nBcc: x", locale="fr")
    assert '<html lang="fr-AT">' in answer.text or '<html lang="fr">' in answer.text
    after = known(tb, "ada")
    assert (after.names["first_name"], after.locale.partition("-")[0]) == ("Adélaïde Bcc: x", "fr")


def test_what_she_is_called_is_text_on_the_page(
    shop_of_topics: Tailorbird, send: Send, ask: Ask
) -> None:
    tb = shop_of_topics
    send()
    path = page_of(tb, "ben")
    sent(ask, path, first_name='"><script>alert(1)</script>')
    tb.ingest()
    tags = [tag for tag, _ in Form(ask(path).text).tags]
    assert "script" not in tags
    assert "ben@mail.example" not in ask(path).text


@pytest.mark.parametrize(
    ("who", "accepts", "language"),
    [("ada", "fr", "de-AT"), ("ben", "es;q=0.5, fr-CA", "fr-CA"), ("ben", "tlh", "en")],
)
def test_the_page_speaks_her_language(
    shop_of_topics: Tailorbird, send: Send, ask: Ask, who: str, accepts: str, language: str
) -> None:
    send()
    answer = ask(page_of(shop_of_topics, who), accepts=accepts)
    assert f'<html lang="{language}">' in answer.text
    assert len(answer.content) < 15_000
    assert "http" not in answer.text


def test_the_shop_has_words_of_its_own_and_languages_of_its_own(
    shop_of_topics: Tailorbird, send: Send, ask: Ask
) -> None:
    tb = shop_of_topics
    tb.put("texts", "ar", ARABIC)
    tb.put("texts", "de", "texts: de\nentries: {page_choices_heading: 'Was darf es <sein>?'}\n")
    mails = send()
    page = ask(page_of(tb, "fay")).text
    assert '<html lang="ar" dir="rtl">' in page
    assert "ماذا يمكننا أن نرسل إليك؟" in page
    assert "Save my choices" in page  # what it does not say is said in the shop's language
    assert "Was darf es &lt;sein&gt;?" in ask(page_of(tb, "ada")).text
    assert "Unsubscribe" in mails["fay"]  # words for pages make no mail Arabic
    assert 'dir="rtl"' not in tb.readings.mail(decision_of(tb, "fay")).html  # type: ignore[union-attr]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_forged_token_looks_like_one_behind_which_nobody_is(
    shop_of_topics: Tailorbird, send: Send, ask: Ask, method: str
) -> None:
    tb = shop_of_topics
    send()
    end = tb.world.log.end()
    sealer, mine = Sealer(tb.world.token_key), decision_of(tb, "ada")
    paths = ["/m/forged", page_of(tb, "ada")[:-1], "/m/" + sealer.seal("preferences", bytes(16))]
    paths += [
        "/m/" + sealer.seal(use, mine, url="https://shop.example")
        for use in LABELS
        if use != "preferences"
    ]
    answers = [ask(path, {"leave": ["all"]} if method == "POST" else None) for path in paths]
    assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}
    assert len({str(sorted(answer.headers.items())) for answer in answers}) == 1
    assert tb.world.log.end() == end


def test_a_rebuild_gives_the_same(shop_of_topics: Tailorbird, send: Send, ask: Ask) -> None:
    tb = shop_of_topics
    send()
    path = page_of(tb, "ada")
    sent(ask, path, purpose__tracking=None, topic__running="yes", frequency="monthly")
    before = known(tb, "ada")
    facts = tb.world.facts.read("SELECT * EXCLUDE (position) FROM facts ORDER BY ALL").to_pylist()
    flow.rebuild(tb.world, tb.clock())
    assert known(tb, "ada") == before
    again = tb.world.facts.read("SELECT * EXCLUDE (position) FROM facts ORDER BY ALL").to_pylist()
    assert again == facts
    assert tb.world.people.broken_receipts() == 0
