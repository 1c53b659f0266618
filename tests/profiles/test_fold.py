"""What a batch says of people is kept once, whole, and sealed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tailorbird.profiles import fold, withdrawal
from tailorbird.schema import ConsentClaim, Event, Refused
from tailorbird.stores.sqlite.people import SqlitePeople

Make = Callable[..., Event]
ADDRESS = "ann.sealed@people.example"


def test_newer_traits_win_whatever_the_order(people: SqlitePeople, event: Make) -> None:
    newer = event("identify", user_id="u", at=200, traits={"country": "GB"})
    older = event("identify", user_id="u", at=100, traits={"country": "FR", "language": "fr"})
    fold(people, [newer, older], [], 1)
    assert people.profiles([1])[1].traits["country"] == "GB"
    assert people.profiles([1])[1].traits["language"] == "fr"


def test_personal_fields_never_lie_in_clear(
    people: SqlitePeople, event: Make, tmp_path: Path
) -> None:
    said = event("identify", user_id="u-sealed", email=ADDRESS, traits={"first_name": "Annabella"})
    fold(people, [said], [], 1)
    profile = people.profiles([1])[1]
    assert (profile.email, profile.traits["first_name"]) == (ADDRESS, "Annabella")
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for clear in (b"Annabella", ADDRESS.encode(), b"u-sealed"):
        assert clear not in stored


def test_consent_is_kept_with_its_receipt(people: SqlitePeople, event: Make) -> None:
    claim = ConsentClaim("email_marketing", True, "2026-01", "ticked the box")
    fold(people, [event("identify", user_id="u", consents=(claim,))], [], 1)
    assert people.consent_states([1])[1].granted == {"email_marketing": 1}
    receipt = people.consents(1)[0]
    assert (receipt.wording_version, receipt.evidence) == ("2026-01", "ticked the box")


def test_a_late_grant_does_not_undo_a_withdrawal(people: SqlitePeople, event: Make) -> None:
    no = event("identify", user_id="u", at=200, consents=(ConsentClaim("email_marketing", False),))
    late = event("identify", user_id="u", at=100, consents=(ConsentClaim("email_marketing", True),))
    fold(people, [no, late], [], 1)
    assert people.consent_states([1])[1].granted == {}


def test_receipts_are_chained(people: SqlitePeople, event: Make) -> None:
    claims = (ConsentClaim("email_marketing", True), ConsentClaim("training", True))
    fold(people, [event("identify", user_id="u", consents=claims)], [], 1)
    assert people.broken_receipts() == 0
    with people.transaction():
        people._database.current().execute("UPDATE consents SET granted = 0 WHERE receipt = 1")
    assert people.broken_receipts() > 0


def test_unsubscribed_bars_the_address_and_keeps_one_receipt(
    people: SqlitePeople, event: Make
) -> None:
    claim = ConsentClaim("email_marketing", True)
    fold(people, [event("identify", user_id="u", email=ADDRESS, consents=(claim,))], [], 1)
    # The page has written the receipt before the log brings the event.
    people.add_consents([withdrawal(1, "ab12", 9_000_000)])
    fold(people, [event("unsubscribed", person_id=1, send_id="ab12", at=9_000_000)], [], 2)
    state = people.consent_states([1])[1]
    assert state.granted == {}
    assert state.suppressed == "unsubscribed"
    assert len(people.consents(1)) == 2


def test_hard_bounce_bars_the_address_and_a_soft_one_does_not(
    people: SqlitePeople, event: Make
) -> None:
    fold(people, [event("identify", user_id="u", email=ADDRESS)], [], 1)
    fold(people, [event("email_bounced", person_id=1, properties={"hard": False})], [], 2)
    assert people.consent_states([1])[1].suppressed == ""
    fold(people, [event("email_bounced", person_id=1, properties={"hard": True})], [], 3)
    assert people.consent_states([1])[1].suppressed == "hard_bounce"


def test_strangers_cannot_bar_an_address(people: SqlitePeople, event: Make) -> None:
    fold(people, [event("identify", user_id="u", email=ADDRESS)], [], 1)
    fold(people, [event("email_bounced", user_id="u")], [], 2)
    assert people.consent_states([1])[1].suppressed == ""


def test_refused_records_are_held_with_their_bytes(people: SqlitePeople, event: Make) -> None:
    refused = Refused(5, "test", 1, "no_identifier", "whose event is it?", b'{"type":"track"}')
    fold(people, [], [refused], 1)
    assert people.quarantined(0, 10) == [refused]
    assert people.quarantine_counts() == {"no_identifier": 1}


def test_a_batch_is_taken_whole_or_not_at_all(
    people: SqlitePeople, event: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(refused: object) -> None:
        raise RuntimeError("killed here")

    with monkeypatch.context() as patch:
        patch.setattr(people, "quarantine", fail)
        with pytest.raises(RuntimeError, match="killed here"):
            fold(people, [event(user_id="u", message_id="only")], [], 1)
    assert (people.count(), people.cursor()) == (0, 0)
    assert len(fold(people, [event(user_id="u", message_id="only")], [], 1).events) == 1
