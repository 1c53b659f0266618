"""A send in doubt is settled by hand, for a reason, or all of them by a rule."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tailorbird import reconciling
from tailorbird.errors import UsageError
from tailorbird.schema import SECOND, Decision, Settlement
from tailorbird.stores.sqlite.audit import SqliteAudit
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.ledger import SqliteLedger

NOW = 1_700_000_000 * SECOND
Stores = tuple[SqliteLedger, SqliteAudit]


def send_id(number: int) -> bytes:
    return number.to_bytes(16, "big")


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    """Return a ledger with six sends in doubt, every other one of another campaign."""
    database = Database(tmp_path / "tailorbird.sqlite")
    ledger = SqliteLedger(database)
    ledger.record(
        [
            Decision(send_id(n), ("spring", "autumn")[n % 2], 1, "1", n, NOW, "send")
            for n in range(6)
        ]
    )
    claims = ledger.claim("w", 9, NOW, 60)
    ledger.settle([Settlement(c.send_id, "unknown", "smtp", "no answer") for c in claims], NOW)
    yield ledger, SqliteAudit(database)
    database.close()


def settle(stores: Stores, number: int, *, sent: bool, author: str = "", reason: str = "r") -> None:
    reconciling.settle(
        *stores, send_id(number), sent=sent, reason=reason, author=author, now=NOW + 9
    )


@pytest.mark.parametrize("number", range(6))
def test_each_of_them_is_found(stores: Stores, number: int) -> None:
    settle(stores, number, sent=True, author="bo", reason="it is in their log")
    ended = stores[0].settlement(send_id(number))
    said = "by hand: it is in their log (bo)"
    assert ended == Settlement(send_id(number), "sent", "smtp", said)
    assert len(stores[1].unknowns()) == 5
    with pytest.raises(UsageError, match="not in doubt; see `tailorbird delivery unknowns`"):
        settle(stores, number, sent=True)


def test_nobody_settles_without_a_reason(stores: Stores) -> None:
    with pytest.raises(UsageError, match="for a reason; say how you know; it is kept"):
        settle(stores, 1, sent=True, reason="")
    assert len(stores[1].unknowns()) == 6


def test_what_never_left_is_sent_again(stores: Stores) -> None:
    settle(stores, 3, sent=False)
    _, at, ended = stores[0].settlements(0, 99)[-1]
    assert (at, ended) == (
        NOW + 9,
        Settlement(send_id(3), "pending", "smtp", "by hand: r", NOW + 9),
    )
    assert stores[0].claim("w", 9, NOW + 8, 60) == []
    (claim,) = stores[0].claim("w", 9, NOW + 9, 60)
    assert (claim.send_id, claim.attempts) == (send_id(3), 2)


def test_all_that_is_in_doubt_is_taken_for_delivered(stores: Stores) -> None:
    assert reconciling.settle_all(*stores, retry=False, now=NOW + 9, campaign="autumn") == 3
    assert stores[0].states("autumn") == {"sent": 3}
    assert stores[0].states("spring") == {"unknown": 3}
    ended = stores[0].settlement(send_id(1))
    assert ended == Settlement(send_id(1), "sent", "smtp", "by rule: assumed delivered")


def test_all_that_is_in_doubt_is_sent_again_page_by_page(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "AT_ONCE", 2)
    assert reconciling.settle_all(*stores, retry=True, now=NOW + 9) == 6
    assert stores[0].states() == {"pending": 6}
    ends = [ended for _, _, ended in stores[0].settlements(6, 99)]
    assert ends == [
        Settlement(send_id(n), "pending", "smtp", "by rule: sent again", NOW + 9) for n in range(6)
    ]
