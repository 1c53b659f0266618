"""A connection to PostgreSQL that breaks is made anew, and every refusal says how to mend it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import msgspec
import pytest
from tests.postgres import Server as Postgres
from tests.postgres import running

from tailorbird.errors import SettingsError, StoreError, UsageError
from tailorbird.settings import Settings
from tailorbird.sharing import address
from tailorbird.stores.postgres.connection import Server
from tailorbird.stores.postgres.ledger import PostgresLedger


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with running() as server:
        server.run("CREATE USER weak PASSWORD 'hidden'", "CREATE TABLE kept (number BIGINT)")
        yield server


@pytest.fixture
def server(postgres: Postgres) -> Iterator[Server]:
    with closing(Server(postgres.owner)) as opened:
        yield opened


def test_a_question_after_the_server_was_started_anew_is_answered(
    postgres: Postgres, server: Server
) -> None:
    postgres.cut_off()
    assert server.rows("SELECT 7::bigint") == [(7,)]
    assert server.life == 2


def test_a_transaction_in_which_the_connection_breaks_leaves_nothing(
    postgres: Postgres, server: Server
) -> None:
    def two_rows() -> None:
        with server.transaction():
            server.run("INSERT INTO kept VALUES (1)")
            postgres.cut_off()
            server.run("INSERT INTO kept VALUES (2)")

    with pytest.raises(StoreError, match="nothing is lost"):
        two_rows()
    assert server.rows("SELECT number FROM kept") == []


def test_whoever_holds_locks_hears_of_each_new_connection(postgres: Postgres) -> None:
    lives: list[int] = []
    with closing(Server(postgres.owner, lambda made: lives.append(made.life))) as server:
        postgres.cut_off()
        with suppress(StoreError):
            server.rows("SELECT 1")
        server.rows("SELECT 1")
    assert lives == [1, 2]


@pytest.mark.parametrize(
    ("change", "said", "mend"),
    [
        (("postgres:owner", "postgres:secret"), "password authentication failed", "the password"),
        (("/postgres?", "/absent?"), "does not exist", "createdb"),
        (("127.0.0.1:", "127.0.0.1:1"), "PostgreSQL says", "nothing is lost"),
    ],
)
def test_what_cannot_be_opened_says_where_and_how_to_mend_it(
    postgres: Postgres, change: tuple[str, str], said: str, mend: str
) -> None:
    uri = f"{postgres.owner}?application_name=test".replace(*change, 1)
    with pytest.raises(StoreError) as raised:
        Server(uri)
    error = raised.value
    assert said in error.what
    assert mend in error.mend
    assert error.where.startswith("127.0.0.1:")
    assert "secret" not in error.sentence()
    assert "owner" not in error.sentence()


def test_a_user_who_may_make_no_tables_is_told_which_right_is_missing(postgres: Postgres) -> None:
    weak = postgres.owner.replace("postgres:owner", "weak:hidden")
    with closing(Server(weak)) as server:
        with pytest.raises(StoreError, match="make tables there"):
            PostgresLedger(server, lambda: 0.0)
        assert server.rows("SELECT 1::bigint") == [(1,)]


def test_what_is_no_address_is_refused_before_anybody_is_asked() -> None:
    with pytest.raises(UsageError, match="postgresql://"):
        Server("host=localhost")


def test_a_ledger_of_a_newer_version_is_left_alone(postgres: Postgres) -> None:
    postgres.run("CREATE TABLE ledger_versions (version BIGINT NOT NULL)")
    postgres.run("INSERT INTO ledger_versions VALUES (999)")
    try:
        with (
            closing(Server(postgres.owner)) as server,
            pytest.raises(StoreError, match="upgrade Tailorbird"),
        ):
            PostgresLedger(server, lambda: 0.0)
    finally:
        postgres.run("DROP TABLE ledger_versions")


def test_the_address_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "address"
    file.write_text("postgresql://user@host/name\n")
    said = {"ledger": {"url_file": str(file)}}
    assert address(msgspec.convert(said, Settings)) == "postgresql://user@host/name"
    file.unlink()
    with pytest.raises(SettingsError, match=r"ledger\.url_file"):
        address(msgspec.convert(said, Settings))
    assert address(Settings()) == ""
