"""Every store of suppressions keeps all that was said of an address, and knows what stands."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tailorbird.privacy.vault import Vault
from tailorbird.registries import Suppressions
from tailorbird.schema import (
    SECOND,
)
from tailorbird.stores.memory.suppressions import MemorySuppressions
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.suppressions import SqliteSuppressions
from tailorbird.suppression_words import ALL_MAIL, MailPurpose, SuppressionReason, SuppressionWord

NOW = 1_700_000_000 * SECOND
ADA = "ada@mail.example"


@pytest.fixture(params=["memory", "sqlite"])
def suppressions(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Suppressions]:
    if request.param == "memory":
        yield MemorySuppressions()
        return
    database = Database(tmp_path / "tailorbird.sqlite")
    yield SqliteSuppressions(database, Vault(b"k" * 32))
    database.close()


def say(
    store: Suppressions,
    reason: SuppressionReason,
    at: int = NOW,
    *,
    address: str = ADA,
    purpose: MailPurpose = ALL_MAIL,
    barred: bool = True,
) -> int:
    word = SuppressionWord(store.key(address), reason, at, purpose, barred, "test", "bo", "why")
    return store.say([word])


def why(
    store: Suppressions, address: str = ADA, purpose: MailPurpose = "email_marketing"
) -> str | None:
    return store.barred([store.key(address)], purpose).get(store.key(address))


def test_an_address_is_barred_however_it_is_written(suppressions: Suppressions) -> None:
    assert say(suppressions, "hard_bounce") == 1
    assert why(suppressions, "Ada@Mail.Example") == "hard_bounce"
    assert why(suppressions, "bo@mail.example") is None
    assert suppressions.barred([]) == {}


def test_the_same_word_counts_once(suppressions: Suppressions) -> None:
    assert [say(suppressions, "manual"), say(suppressions, "manual")] == [1, 0]
    assert len(suppressions.said(suppressions.key(ADA))) == 1
    assert suppressions.counts() == [("all", "manual", 1)]


def test_a_lift_takes_its_own_reason_alone(suppressions: Suppressions) -> None:
    say(suppressions, "hard_bounce")
    say(suppressions, "unsubscribed", purpose="email_marketing")
    assert why(suppressions) == "hard_bounce"
    assert say(suppressions, "hard_bounce", NOW + 1, barred=False) == 1
    assert why(suppressions) == "unsubscribed"
    say(suppressions, "unsubscribed", NOW + 1, purpose="email_marketing", barred=False)
    assert why(suppressions) is None
    assert suppressions.standing() == []
    assert suppressions.counts() == []
    said = suppressions.said(suppressions.key(ADA))
    assert [(each.reason, each.barred) for each in said] == [
        ("hard_bounce", True),
        ("unsubscribed", True),
        ("hard_bounce", False),
        ("unsubscribed", False),
    ]
    assert {(each.source, each.author, each.note) for each in said} == {("test", "bo", "why")}


def test_who_unsubscribed_may_still_get_other_mail(suppressions: Suppressions) -> None:
    say(suppressions, "unsubscribed", purpose="email_marketing")
    assert why(suppressions) == "unsubscribed"
    assert why(suppressions, purpose=ALL_MAIL) is None
    say(suppressions, "complaint")
    assert why(suppressions, purpose=ALL_MAIL) == "complaint"


@pytest.mark.parametrize("lift_first", [True, False])
def test_the_later_word_stands_in_whatever_order_words_come(
    suppressions: Suppressions, lift_first: bool
) -> None:
    words = [(NOW, True), (NOW + 5, False)]
    for at, barred in reversed(words) if lift_first else words:
        say(suppressions, "manual", at, barred=barred)
    assert why(suppressions) is None
    say(suppressions, "manual", NOW + 6)
    assert why(suppressions) == "manual"


@pytest.mark.parametrize("lift_first", [True, False])
def test_at_the_same_instant_the_word_that_bars_stands(
    suppressions: Suppressions, lift_first: bool
) -> None:
    for barred in (False, True) if lift_first else (True, False):
        say(suppressions, "manual", NOW, barred=barred)
    assert why(suppressions) == "manual"


def test_the_gravest_reason_is_told(suppressions: Suppressions) -> None:
    for reason in ("unsubscribed", "manual", "hard_bounce", "complaint"):
        say(suppressions, reason)
        assert why(suppressions) == reason


def test_what_stands_is_read_page_by_page(suppressions: Suppressions) -> None:
    addresses = [f"p{number}@mail.example" for number in range(7)]
    for number, address in enumerate(addresses):
        say(suppressions, "manual" if number % 2 else "import", address=address)
    say(suppressions, "import", NOW + 1, address=addresses[0], barred=False)
    first = suppressions.standing(limit=4)
    rest = suppressions.standing(after=first[-1][0], limit=4)
    keys = [word.address_key for _, word in first + rest]
    assert keys == [suppressions.key(address) for address in addresses[1:]]
    assert {word.reason for _, word in suppressions.standing(reason="manual")} == {"manual"}
    assert len(suppressions.standing(reason="manual")) == 3
    assert suppressions.counts() == [("all", "import", 3), ("all", "manual", 3)]


def test_no_word_is_ever_changed_or_taken_back(tmp_path: Path) -> None:
    database = Database(tmp_path / "tailorbird.sqlite")
    store = SqliteSuppressions(database, Vault(b"k" * 32))
    say(store, "manual")
    for statement in ("DELETE FROM suppression_words", "UPDATE suppression_words SET barred = 0"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"), database.write() as writer:
            writer.execute(statement)
    database.close()


def test_the_address_is_nowhere_on_the_disk(tmp_path: Path) -> None:
    database = Database(tmp_path / "tailorbird.sqlite")
    say(SqliteSuppressions(database, Vault(b"k" * 32)), "manual")
    database.close()
    for file in tmp_path.iterdir():
        assert b"ada@" not in file.read_bytes().lower()


def test_a_folder_of_before_keeps_its_suppressions(tmp_path: Path) -> None:
    from tailorbird.stores.sqlite.connection import migrations

    vault, path = Vault(b"k" * 32), tmp_path / "tailorbird.sqlite"
    old = sqlite3.connect(path)
    for number, sql in migrations():
        if number < 11:
            old.executescript(f"{sql}; PRAGMA user_version={number};")
    rows = [("a@mail.example", "hard_bounce"), ("b@mail.example", "unsubscribed")]
    for address, reason in rows:
        key = vault.blind("email", address)
        old.execute("INSERT INTO suppressions VALUES (?, ?, ?)", (key, reason, NOW))
    old.commit()
    old.close()
    database = Database(path)
    store = SqliteSuppressions(database, vault)
    assert [why(store, address) for address, _ in rows] == ["hard_bounce", "unsubscribed"]
    assert [why(store, address, ALL_MAIL) for address, _ in rows] == ["hard_bounce", None]
    database.close()
