"""Why somebody did or did not get a mail: one sentence for every way in which it can go."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

import tailorbird
from tailorbird.app import Tailorbird
from tailorbird.cli import run
from tailorbird.errors import UsageError
from tailorbird.granting import Proposal, grant
from tailorbird.outbox import Order
from tailorbird.readings import why_words
from tailorbird.schema import DAY, HOUR, MINUTE, Body, Instant, Settlement
from tailorbird.suppression_words import SUPPRESSION_REASONS
from tailorbird.tracking import events
from tailorbird.views import moment
from tailorbird.views.why import Why, WhyAnswer

NOW: Instant = 1_320_000_000 * 1_000_000 // DAY * DAY + 12 * HOUR
AGREED = {"email_marketing": True, "personalisation": True, "tracking": True}
CAMPAIGN = """\
name: hello
audience: lapsed-90-days
exclude: [german]
template: win_back
variants:
  short: {subject: "Hello"}
holdout: 0
cap: {messages: 1, days: 7}
"""
GERMAN = "name: german\ndescription: Lives in Germany\nwhere: {trait: country, is: DE}\n"


class Shop:
    """A shop whose clock the test sets, and whose people each go another way."""

    def __init__(self, folder: Path) -> None:
        self.now = NOW
        self.tb = Tailorbird.open(folder, clock=lambda: self.now, environment={})
        self.tb.install_library()
        self.tb.put("segment", "german", GERMAN)
        self.tb.put("campaign", "hello", CAMPAIGN)

    def person(self, name: str) -> int:
        found = self.tb.world.people.find(name)
        assert found is not None
        return found

    def happens(self, *events: dict[str, Any], at: Instant = 0) -> None:
        content = msgspec.json.encode({"batch": list(events)})
        self.tb.world.log.append([Body("import", at or self.now, content)])
        self.tb.ingest()

    def joins(self, name: str, bought_days_ago: int, *, agrees: bool = True, **more: str) -> None:
        """Have somebody appear a year ago who ordered last so many days ago."""
        traits = {"email": f"{name}@mail.example", **more}
        told = {"context": {"consent": AGREED}} if agrees else {}
        self.happens(
            identify(name, traits, self.now - 365 * DAY) | told,
            order(name, f"A-{name}", self.now - bought_days_ago * DAY),
        )

    def why(self, name: str, campaign: str = "hello", at: Instant = 0) -> Why:
        found = self.tb.readings.why(self.person(name), campaign, at or self.now)
        assert found is not None
        return found

    def send(self, campaign: str = "hello") -> None:
        self.tb.decide(campaign)
        self.tb.deliver()
        self.tb.ingest()


def identify(user: str, traits: dict[str, str], at: Instant) -> dict[str, Any]:
    return {
        "type": "identify", "messageId": f"i-{user}-{at}", "userId": user, "traits": traits,
        "timestamp": moment(at).isoformat(),
    }  # fmt: skip


def order(user: str, number: str, at: Instant) -> dict[str, Any]:
    return {
        "type": "track", "event": "Order Completed", "messageId": f"o-{number}", "userId": user,
        "timestamp": moment(at).isoformat(),
        "properties": {"order_id": number, "currency": "EUR", "total": 5, "product_id": "cup"},
    }  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    opened = Shop(tmp_path)
    yield opened
    opened.tb.close()


def test_who_got_it_sees_every_reason_with_its_evidence(shop: Shop) -> None:
    shop.joins("ada", 120)
    shop.send()
    found = shop.why("ada")
    assert (found.answer, found.reason) == ("sent", "")
    assert found.sentence == (
        "She got it on 2011-10-30 12:00 UTC, variant short: nobody has opened it since."
    )
    assert found.audience is not None
    assert (found.audience.member, found.audience.reason.value) == (True, "120")
    assert found.audience.reason.threshold == "is at least 90"
    (event,) = found.audience.reason.evidence
    assert (event.event, event.text) == ("purchase", "A-ada cup")
    assert [(each.segment, each.member) for each in found.excluded] == [("german", False)]
    assert found.leave is not None
    assert (found.leave.state, found.leave.source) == ("granted", "import")
    assert found.leave.receipt > 0
    assert [(each.text, each.counted) for each in found.limits] == [("cap 1/7d: at most 1", 0)]
    assert found.draw is not None
    assert (found.draw.drawn, found.draw.among) == ("short", {"short": 1.0})
    assert found.made_of is not None
    assert (found.made_of.template, found.made_of.template_version) == ("win_back", 1)
    assert [stage.what for stage in found.stages] == ["decided", "sent"]


def test_a_short_wait_since_the_last_order_is_told_with_both_numbers(shop: Shop) -> None:
    shop.joins("ada", 120)
    shop.joins("bob", 12)
    shop.send()
    found = shop.why("bob")
    assert found.answer == "not_in_audience"
    assert found.sentence == (
        "She did not get it: her last order is 12 days old; the audience asks for at least 90."
    )
    assert found.next_chance == moment(NOW + 78 * DAY)


def test_who_is_left_out_is_told_by_which_segment(shop: Shop) -> None:
    shop.joins("ada", 120)
    shop.joins("bob", 120, country="DE")
    shop.send()
    found = shop.why("bob")
    assert (found.answer, "the segment german" in found.sentence) == ("excluded", True)


def test_before_anybody_is_decided_it_says_what_she_would_be(shop: Shop) -> None:
    shop.joins("ada", 120)
    shop.joins("bob", 12)
    assert shop.why("ada").sentence == (
        "She has not got it: nobody has been decided for it yet; she is in its audience."
    )
    assert "12 days old" in shop.why("bob").sentence
    assert shop.why("bob").answer == "not_decided"


def test_who_came_later_was_not_known_when_it_was_decided(shop: Shop) -> None:
    shop.joins("ada", 120)
    shop.send()
    shop.now += DAY
    shop.happens(identify("eve", {"email": "eve@mail.example"}, shop.now))
    assert shop.why("eve").answer == "not_known_then"


def test_news_that_came_in_later_is_told_as_such(shop: Shop) -> None:
    shop.joins("ada", 120)
    shop.happens(identify("eve", {"email": "eve@mail.example"}, NOW - 365 * DAY))
    shop.send()
    shop.now += DAY
    shop.happens(order("eve", "late", NOW - 200 * DAY))
    found = shop.why("eve")
    assert found.answer == "told_later"
    assert found.sentence.startswith("She did not get it: when it was decided on 2011-10-30")


def test_what_was_decided_stands_although_the_log_says_otherwise_today(shop: Shop) -> None:
    shop.joins("ada", 120)
    shop.send()
    shop.now += DAY
    shop.happens(order("ada", "late", NOW - 3 * DAY))
    found = shop.why("ada")
    assert found.answer == "sent"
    assert len(found.notes) == 2
    assert "came in later" in found.notes[0]


@pytest.mark.parametrize("agrees", [True, False])
def test_without_consent_the_refusal_is_told(shop: Shop, agrees: bool) -> None:
    shop.joins("ada", 120, agrees=agrees)
    shop.send()
    found = shop.why("ada")
    assert (found.answer == "refused") is not agrees
    assert (found.leave is not None and found.leave.state == "never asked") is not agrees


def test_a_limit_names_the_mails_that_counted(shop: Shop) -> None:
    shop.joins("ada", 120)
    shop.tb.put("campaign", "first", CAMPAIGN.replace("name: hello", "name: first"))
    shop.send("first")
    shop.now += HOUR
    shop.send("hello")
    found = shop.why("ada")
    assert found.answer == "refused"
    assert "as many mails" in found.sentence
    (limit,) = found.limits
    assert (limit.reached, [mail.campaign for mail in limit.mails]) == (True, ["first"])


def test_who_was_displaced_is_told_by_what(shop: Shop) -> None:
    shop.joins("ada", 120)
    (shop.tb.world.folder / "tailorbird.toml").write_text('[limits]\nemail = ["1/day"]\n')
    shop.tb.close()
    shop.tb = Tailorbird.open(shop.tb.world.folder, clock=lambda: shop.now, environment={})
    shop.tb.put("campaign", "first", CAMPAIGN.replace("name: hello", "name: first"))
    named = [Proposal(name, 1, "1", shop.person("ada")) for name in ("hello", "first")]
    grant(shop.tb.world, named, NOW)
    found = shop.why("ada")
    assert (found.answer, found.reason, found.displaced_by) == ("refused", "displaced", "first")
    assert found.sentence == (
        "She did not get it: another mail took the last place that her limits left "
        "(the limit email 1/day); first was granted in its place."
    )
    (limit, _) = found.limits
    assert (limit.reached, [mail.campaign for mail in limit.mails]) == (True, ["first"])


def test_who_is_held_out_is_told_so(shop: Shop) -> None:
    shop.joins("ada", 120)
    nearly_all = CAMPAIGN.replace("holdout: 0", "holdout: 0.999999")
    shop.tb.put("campaign", "hello", nearly_all)
    shop.send()
    found = shop.why("ada")
    assert found.answer == "held_out"
    assert "drawn with probability 100.0%" in found.sentence
    assert found.draw is not None
    assert found.draw.drawn == "holdout"


def test_a_mail_that_waits_says_so_and_a_paused_one_why(shop: Shop) -> None:
    shop.joins("ada", 120)
    shop.tb.decide("hello")
    assert shop.why("ada").answer == "waiting"
    shop.tb.world.ledger.order(Order("pause", NOW, "hello", reason="a wrong price"))
    found = shop.why("ada")
    assert (found.answer, "a wrong price" in found.sentence) == ("paused", True)
    shop.tb.world.ledger.order(Order("cancel", NOW, "hello", reason="no stock"))
    shop.tb.world.ledger.order(Order("resume", NOW, "hello"))
    found = shop.why("ada")
    assert found.sentence == (
        "She did not get it: the campaign was cancelled (no stock); "
        "that came out when it was about to leave."
    )


@pytest.mark.parametrize(
    ("ended", "answer", "said"),
    [
        (("pending", "450 busy", NOW + HOUR), "deferred", "until 2011-10-30 13:00 UTC (450 busy)"),
        (("failed", "550 nobody here", 0), "failed", "550 nobody here"),
        (("unknown", "", 0), "unknown", "no answer came"),
        (("cancelled", "hard_bounce", 0), "cancelled", "came back for good"),
        (("cancelled", "same address as send abcd", 0), "cancelled", "to her address already"),
    ],
)
def test_every_end_of_a_send_has_its_sentence(
    shop: Shop, ended: tuple[Any, str, Instant], answer: WhyAnswer, said: str
) -> None:
    shop.joins("ada", 120)
    shop.tb.decide("hello")
    ledger, (state, reply, retry) = shop.tb.world.ledger, ended
    (claim,) = ledger.claim("w", 1, NOW, 60)
    assert shop.why("ada").answer == "being_sent"
    ledger.settle([Settlement(claim.send_id, state, "inbox", reply, retry)], NOW)
    found = shop.why("ada")
    assert found.answer == answer
    assert said in found.sentence


def test_opens_count_for_people_and_not_for_machines(shop: Shop) -> None:
    shop.joins("ada", 120)
    shop.send()
    decision = shop.why("ada").decision
    tell(shop, events.opened_event, decision, machine=True)
    assert "only a machine" in shop.why("ada").sentence
    tell(shop, events.clicked_event, decision, url="https://shop.example/cup")
    found = shop.why("ada")
    assert "she clicked in it" in found.sentence
    assert (found.stages[-1].what, found.stages[-1].text) == ("clicked", "https://shop.example/cup")
    assert [stage.machine for stage in found.stages] == [False, False, True, False]
    tell(shop, events.bounced_event, decision, reason="550 no such user")
    found = shop.why("ada")
    assert (found.answer, "550 no such user" in found.sentence) == ("came_back", True)


def tell(shop: Shop, event: Callable[..., Mapping[str, Any]], decision: str, **more: Any) -> None:
    """Have the log told by ourselves what became of a mail of Ada's."""
    shop.now += MINUTE
    about = {"campaign": "hello", "variant": "short", "at": shop.now} | more
    told = event(bytes.fromhex(decision), person=shop.person("ada"), **about)
    content = msgspec.json.encode({"batch": [told]})
    shop.tb.world.log.append([Body("tracking", shop.now, content)])
    shop.tb.ingest()


def test_asked_of_the_past_it_answers_as_of_then(shop: Shop) -> None:
    shop.joins("ada", 120)
    shop.now += DAY
    shop.send()
    assert shop.why("ada").answer == "sent"
    assert shop.why("ada", at=NOW).answer == "not_decided"


def test_a_segment_is_read_as_it_stood_when_it_was_decided(shop: Shop) -> None:
    shop.joins("ada", 120)
    shop.send()
    shop.now += DAY
    text = "name: lapsed-90-days\nwhere: {trait: recency_days, at_least: 300}\n"
    shop.tb.put("segment", "lapsed-90-days", text)
    found = shop.why("ada")
    assert found.audience is not None
    assert found.audience.reason.threshold == "is at least 90"


def test_what_nobody_knows_is_refused(shop: Shop) -> None:
    shop.joins("ada", 120)
    with pytest.raises(UsageError, match="no campaign 'nothing'"):
        shop.why("ada", "nothing")
    assert shop.tb.readings.why(999, "hello", NOW) is None
    assert shop.tb.readings.whys(999, NOW) is None


def test_every_campaign_has_a_sentence_on_a_persons_page(shop: Shop) -> None:
    shop.joins("ada", 120)
    shop.tb.put("campaign", "other", CAMPAIGN.replace("name: hello", "name: other"))
    shop.send()
    found = shop.tb.readings.whys(shop.person("ada"), NOW)
    assert found is not None
    assert [(each.campaign, each.answer) for each in found.campaigns] == [
        ("hello", "sent"),
        ("other", "not_decided"),
    ]


def test_the_command_prints_the_sentence_first(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.joins("ada", 120)
    shop.send()
    shop.tb.close()
    folder = str(shop.tb.world.folder)
    capsys.readouterr()
    at = ["--at", moment(NOW).isoformat()]
    assert run(["why", "ada", "hello", *at, "-C", folder]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("She got it on 2011-10-30 12:00 UTC")
    assert "    yes recency_days is at least 90: 120" in told
    assert "  limit: cap 1/7d: at most 1, 0 counted" in told
    assert run(["why", "ada", *at, "-C", folder]) == 0
    assert capsys.readouterr().out.startswith("hello (2011-10-30 12:00 UTC): She got it")
    assert run(["why", "ada", "hello", "--json", *at, "-C", folder]) == 0
    assert msgspec.json.decode(capsys.readouterr().out, type=Why).answer == "sent"


# -- no answer and no reason without words --------------------------------------------------------


def test_every_answer_has_a_sentence() -> None:
    assert set(get_args(WhyAnswer)) == set(why_words.OUTCOMES)
    for answer in get_args(WhyAnswer):
        told = why_words.sentence(answer, why_words.Told("x", moment(NOW), moment(NOW)))
        assert told.endswith(".")
        assert "{" not in told


def reasons_in(source: str) -> Iterator[str]:
    """Yield what a module's text gives as the reason of a refusal or of a cancelled send."""
    constants: dict[str, str] = {}
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Assign([ast.Name(name)], ast.Constant(str() as value)):
                constants[name] = value
            case ast.AnnAssign(ast.Name(name), _, ast.Constant(str() as value)):
                constants[name] = value
            case ast.Call(ast.Name("Refusal"), [_, _, why]):
                yield from words_of(why)
            case ast.Call(ast.Name("Settlement"), [_, ast.Constant("cancelled"), _, why]):
                yield from words_of(why)
    yield from (value for name, value in constants.items() if name in NAMED)


NAMED = (
    "NO_ADDRESS", "CAP", "MERGED", "REASON", "MISSING", "SAME_ADDRESS", "DISPLACED", "EXCLUSIVE",
    "BROKEN", "QUIET",
)  # fmt: skip


def words_of(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(str() as value):
            yield value
        case ast.IfExp(_, one, other):
            yield from words_of(one)
            yield from words_of(other)


def test_every_reason_that_the_code_can_give_has_words() -> None:
    root = Path(tailorbird.__file__).parent
    folders = ("journeys", "letters", "forms", "privacy")
    sources = [path for name in folders for path in (root / name).glob("*.py")]
    sources += [root / name for name in ("outbox.py", "sending.py", "granting.py")]
    found = {reason for path in sources for reason in reasons_in(path.read_text())}
    assert {"no_consent", "withdrawn", "cap", "merged", "missing", "displaced"} <= found
    for reason in found | set(SUPPRESSION_REASONS):
        assert why_words.has_words(reason) or why_words.has_words(f"{reason} x"), reason
