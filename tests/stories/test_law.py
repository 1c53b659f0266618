"""No consent, no mail; no agreement, no tracking; one wish, no more mails."""

from __future__ import annotations

import email
import re
from email.message import Message

import httpx
import pytest
from starlette.applications import Starlette

from tailorbird import results
from tailorbird.app import Tailorbird
from tailorbird.demo.run import CAMPAIGN
from tailorbird.schema import Consent, Decision, Names
from tailorbird.tracking.tokens import Sealer
from tailorbird.web import tracking
from tailorbird.web.page_texts import PageTexts
from tailorbird.web.serve import Mailroom

AGAIN = """\
name: second
audience: customers
template: win_back
variants:
  only: {subject: "Once more"}
holdout: 0
"""


def sends(tb: Tailorbird) -> list[Decision]:
    return [d for d in results.decisions(tb.world, CAMPAIGN) if d.verdict == "send"]


def mail(tb: Tailorbird, send_id: bytes) -> Message:
    raw = tb.world.inbox.read(send_id)
    assert raw is not None
    return email.message_from_bytes(raw)


def html(message: Message) -> str:
    part = next(part for part in message.walk() if part.get_content_type() == "text/html")
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode()


async def ask(tb: Tailorbird, method: str, url: str, **given: object) -> httpx.Response:
    """Send one request to the public pages, without a network."""
    sealer = Sealer(tb.world.token_key)
    app = Starlette(routes=tracking.routes(Mailroom(tb), sealer, PageTexts("A shop")))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x.example") as client:
        return await client.request(method, url, **given)  # type: ignore[arg-type]


def unsubscribe_url(tb: Tailorbird, send_id: bytes) -> str:
    found = re.search(r"<(https?://[^>]+)>", str(mail(tb, send_id)["List-Unsubscribe"]))
    assert found
    return found[1]


def asked(tb: Tailorbird, method: str, url: str, **given: object) -> httpx.Response:
    import asyncio

    return asyncio.run(ask(tb, method, url, **given))


def test_no_consent_no_email(tb: Tailorbird) -> None:
    decided = list(results.decisions(tb.world, CAMPAIGN))
    silent = [d for d in decided if d.reason in {"no_consent", "withdrawn"}]
    assert silent
    mailed = {send_id for _, send_id, _ in tb.world.inbox.since(0, 100_000)}
    for decision in silent:
        assert decision.id not in mailed
        consents = tb.world.people.consents(decision.person)
        latest = [c.granted for c in consents if c.purpose == "email_marketing"][-1:]
        assert latest in ([], [False])
    for decision in sends(tb):
        assert decision.receipt > 0


def test_who_did_not_agree_to_tracking_gets_no_pixel_and_bare_links(tb: Tailorbird) -> None:
    people = [decision.person for decision in sends(tb)]
    states = tb.world.people.consent_states(people)
    untracked = [d for d in sends(tb) if "tracking" not in states[d.person].granted]
    tracked = [d for d in sends(tb) if "tracking" in states[d.person].granted]
    assert untracked
    assert tracked
    for decision in untracked[:10]:
        body = html(mail(tb, decision.id))
        assert "/o/" not in body
        assert "/c/" not in body
    for decision in tracked[:10]:
        assert re.search(r"/o/[\w-]+\.gif", html(mail(tb, decision.id)))


def test_following_the_unsubscribe_link_changes_nothing(tb: Tailorbird) -> None:
    decision = sends(tb)[0]
    before = tb.world.people.consents(decision.person)
    response = asked(tb, "GET", unsubscribe_url(tb, decision.id))
    assert response.status_code == 200
    assert "<button" in response.text
    assert tb.world.people.consents(decision.person) == before


@pytest.mark.parametrize(
    "body", [{"data": {"List-Unsubscribe": "One-Click"}}, {"data": {}}], ids=["one-click", "button"]
)
def test_one_wish_and_no_later_mail_leaves(tb: Tailorbird, body: dict[str, object]) -> None:
    decision = next(
        d for d in sends(tb) if not tb.world.people.consent_states([d.person])[d.person].suppressed
    )
    assert asked(tb, "POST", unsubscribe_url(tb, decision.id), **body).status_code == 200
    state = tb.world.people.consent_states([decision.person])[decision.person]
    assert "email_marketing" not in state.granted
    assert state.suppressed == "unsubscribed"
    tb.put("campaign", "second", AGAIN)
    tb.decide("second")
    second = [d for d in results.decisions(tb.world, "second") if d.person == decision.person]
    assert [(d.verdict, d.reason) for d in second] == [("refused", "unsubscribed")]


def test_a_withdrawal_between_decision_and_send_stops_the_send(tb: Tailorbird) -> None:
    tb.put("campaign", "second", AGAIN)
    tb.decide("second")
    chosen = [d for d in results.decisions(tb.world, "second") if d.verdict == "send"]
    late = chosen[0]
    no = Consent(late.person, "email_marketing", False, tb.clock(), "test")
    tb.world.people.add_consents([no])
    tb.deliver()
    ended = tb.world.ledger.settlement(late.id)
    assert ended is not None
    assert (ended.state, ended.reply) == ("cancelled", "withdrawn")
    assert tb.world.inbox.read(late.id) is None
    assert tb.world.inbox.read(chosen[1].id) is not None


def test_who_withdrew_from_tracking_is_silent_in_mails_already_sent(tb: Tailorbird) -> None:
    decision = next(
        d
        for d in sends(tb)
        if "tracking" in tb.world.people.consent_states([d.person])[d.person].granted
    )
    pixel = re.search(r'src="([^"]+/o/[^"]+)"', html(mail(tb, decision.id)))
    assert pixel
    no = Consent(decision.person, "tracking", False, tb.clock(), "test")
    tb.world.people.add_consents([no])
    end = tb.world.log.end()
    assert asked(tb, "GET", pixel[1]).status_code == 200
    assert tb.world.log.end() == end


def test_every_mail_carries_its_way_out(tb: Tailorbird) -> None:
    for decision in sends(tb)[:20]:
        message = mail(tb, decision.id)
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert unsubscribe_url(tb, decision.id) in html(message)


def test_a_hosted_copy_is_the_mail_that_was_sent(tb: Tailorbird) -> None:
    decision = sends(tb)[0]
    sent = html(mail(tb, decision.id))
    view = re.search(r'href="([^"]+/v/[^"]+)"', sent)
    assert view
    shown = asked(tb, "GET", view[1]).text.encode("ascii", "xmlcharrefreplace").decode()
    # A message's lines are folded at spaces; all else is the same to the letter.
    assert shown.split() == sent.split()


def test_addresses_never_lie_in_clear_in_the_facts_or_the_record(tb: Tailorbird) -> None:
    profiles = tb.world.people.profiles([d.person for d in sends(tb)[:20]])
    folder = tb.world.folder
    tb.close()
    record = b"".join(path.read_bytes() for path in folder.glob("facts.duckdb*"))
    for profile in profiles.values():
        assert profile.email.encode() not in record


def test_nobody_was_hi_comma(tb: Tailorbird) -> None:
    nameless = [
        d
        for d in sends(tb)
        if not tb.world.people.profiles([d.person])[d.person].traits.get("first_name")
    ]
    assert nameless
    for decision in nameless:
        assert not re.search(r"(Hi|Hello)\s*,", html(mail(tb, decision.id)))


def test_the_log_tells_what_was_sent(tb: Tailorbird) -> None:
    told = tb.world.facts.read(
        "SELECT send_id FROM facts WHERE event = ? AND campaign = ?", (Names.EMAIL_SENT, CAMPAIGN)
    ).column("send_id")
    assert {bytes.fromhex(one) for one in told.to_pylist()} == {d.id for d in sends(tb)}


def merged_pair(tb: Tailorbird) -> tuple[Decision, Decision]:
    """Decide about everybody again, then let two of the chosen turn out to be one person."""
    tb.put("campaign", "second", AGAIN)
    tb.decide("second")
    chosen = [d for d in results.decisions(tb.world, "second") if d.verdict == "send"]
    survivor, loser = sorted(chosen, key=lambda d: d.person)[:2]
    tb.merge(f"person:{survivor.person}", f"person:{loser.person}", reason="one household")
    return survivor, loser


def test_two_who_turn_out_to_be_one_get_one_mail(tb: Tailorbird) -> None:
    survivor, loser = merged_pair(tb)
    tb.deliver()
    ended = tb.world.ledger.settlement(loser.id)
    assert ended is not None
    assert (ended.state, ended.reply) == ("cancelled", "merged")
    assert tb.world.inbox.read(survivor.id) is not None
    assert tb.world.inbox.read(loser.id) is None


def test_the_wish_of_who_was_merged_since_is_that_of_the_person(tb: Tailorbird) -> None:
    first = sends(tb)[-1]
    other = next(d.person for d in sends(tb) if d.person < first.person)
    tb.merge(f"person:{other}", f"person:{first.person}", reason="one household")
    assert asked(tb, "POST", unsubscribe_url(tb, first.id)).status_code == 200
    state = tb.world.people.consent_states([other])[other]
    assert "email_marketing" not in state.granted
    assert state.suppressed == "unsubscribed"
