"""Hostile statements: none of them reaches a file, a setting, a table or the time of others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.errors import UsageError
from tailorbird.schema import DAY, Event, ResolvedEvent
from tailorbird.segments.analyst import Refusal, check
from tailorbird.stores.duckdb.facts import DuckFacts

HOSTILE = [
    "SELECT person FROM '/etc/passwd'",
    'SELECT person FROM "/etc/passwd"',
    "SELECT person FROM read_csv('/etc/passwd')",
    "SELECT person FROM read_text('/etc/passwd')",
    "SELECT person FROM facts WHERE EXISTS (SELECT 1 FROM read_blob('/etc/passwd'))",
    "SELECT person FROM glob('/*')",
    "SELECT person FROM sniff_csv('/etc/passwd')",
    "SELECT person FROM duckdb_settings()",
    "SELECT person FROM duckdb_secrets()",
    "SELECT person FROM information_schema.tables",
    "SELECT person FROM pg_catalog.pg_tables",
    "SELECT person FROM sqlite_master",
    "SELECT person FROM main.facts",
    "SELECT person FROM markers",
    "SELECT person FROM membership_changes",
    "SELECT person FROM query('SELECT 1')",
    "SELECT person FROM query_table('facts')",
    "SELECT getenv('HOME') FROM facts",
    "SELECT current_setting('memory_limit') FROM facts",
    "SELECT set_config('threads', '9', false) FROM facts",
    "SELECT pg_sleep(100) FROM facts",
    "SELECT person FROM range(100000000000)",
    "SELECT unnest(range(100000000000)) FROM facts",
    "SELECT repeat('x', 100000000) FROM facts",
    "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT n FROM t",
    "SELECT person FROM facts; DROP TABLE facts",
    "SELECT person FROM facts; ATTACH 'x.db'",
    "DROP TABLE facts",
    "DELETE FROM facts RETURNING person",
    "INSERT INTO facts SELECT * FROM facts",
    "UPDATE facts SET person = 1 RETURNING person",
    "CREATE TABLE x AS SELECT person FROM facts",
    "SELECT person INTO x FROM facts",
    "COPY facts TO 'x.csv'",
    "COPY (SELECT person FROM facts) TO 'x.csv'",
    "EXPORT DATABASE 'x'",
    "ATTACH 'x.db' AS x",
    "INSTALL httpfs",
    "LOAD httpfs",
    "PRAGMA database_list",
    "SET enable_external_access = true",
    "RESET lock_configuration",
    "CALL pragma_version()",
    "EXPLAIN ANALYZE SELECT person FROM facts",
    "PREPARE x AS SELECT person FROM facts",
    "EXECUTE x",
    "CHECKPOINT",
    "VACUUM",
    "USE memory",
    "DESCRIBE facts",
    "SHOW TABLES",
    "SUMMARIZE facts",
    "PIVOT facts ON event USING count(*)",
    "SELECT COLUMNS('.*') FROM facts",
    "SELECT * FROM facts",
    "SELECT person, event FROM facts",
    "FROM facts",
    "VALUES (1)",
    "SELECT person FROM (VALUES (1)) AS v(person)",
    "SELECT person FROM facts TABLESAMPLE 10%",
    "SELECT person FROM facts WHERE x = ?",
    "SELECT person FROM facts WHERE x = $secret",
    "SELECT person FROM facts AS OF TIMESTAMP '2020-01-01'",
    "SELECT person FROM facts, LATERAL (SELECT 1)",
    "SELECT list_transform([1], x -> x)[1] FROM facts",
    "SELECT 1",
    "",
    ";",
    "/* nothing */",
    "SELECT",
    "SELECT person FROM facts WHERE (" + "(" * 900,
    "SELECT person FROM facts WHERE " + " AND ".join(["1 = 1"] * 5_000),
]


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckFacts]:
    store = DuckFacts(tmp_path_factory.mktemp("analyst") / "facts.duckdb")
    happened = [
        ResolvedEvent(
            Event("", "purchase", DAY + n, DAY + n, 1 << 20 | n, "test", value_minor=n), n % 9 + 1
        )
        for n in range(200)
    ]
    store.append(happened, [], 1)
    yield store
    store.close()


def ran(facts: DuckFacts, sql: str, seconds: float = 20.0) -> list[int]:
    query = check(sql, 2 * DAY)
    found: list[int] = facts.ask_apart(query.sql, query.columns, seconds)["person"].to_pylist()
    return sorted(found)


@pytest.mark.parametrize("sql", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_statement_is_refused_with_a_mend(sql: str) -> None:
    with pytest.raises(Refusal) as refused:
        check(sql)
    assert refused.value.what
    assert refused.value.mend


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 FROM read_text('/etc/passwd')",
        "SELECT 1 FROM '/etc/passwd.csv'",
        "SELECT 1 FROM glob('/etc/*')",
        "SELECT 1 FROM markers",
    ],
)
def test_what_the_check_might_miss_the_database_refuses(facts: DuckFacts, sql: str) -> None:
    with pytest.raises(UsageError):
        facts.ask_apart(sql, {"facts": ("person",)}, 20.0)


def test_settings_stay_locked_and_nothing_is_left_behind(facts: DuckFacts, tmp_path: Path) -> None:
    assert ran(facts, "SELECT person FROM facts WHERE value_minor >= 198") == [1, 2]
    assert facts._path is not None
    assert not (facts._path.parent / "sql-segments").exists()


def test_a_statement_that_takes_too_long_is_ended(facts: DuckFacts) -> None:
    every = "facts a, facts b, facts c, facts d, facts e"
    said = "a.position + b.position * c.value_minor - d.value_minor + e.value_minor = 7"
    endless = f"SELECT a.person FROM {every} WHERE {said}"
    with pytest.raises(UsageError, match=r"took more than 0\.2 seconds"):
        ran(facts, endless, 0.2)


def test_a_statement_that_gives_no_numbers_says_so(facts: DuckFacts) -> None:
    with pytest.raises(UsageError, match="whole numbers"):
        ran(facts, "SELECT event FROM facts")


@pytest.mark.parametrize(
    ("sql", "people"),
    [
        ("SELECT person FROM facts WHERE at > $now - 86400000000 AND value_minor > 197", [1, 2]),
        (
            "WITH a AS (SELECT person, COUNT(*) AS n, SUM(value_minor) AS s FROM facts GROUP BY 1) "
            "SELECT person FROM a WHERE s > (SELECT AVG(s) FROM a) ORDER BY s DESC LIMIT 1",
            [2],
        ),
        (
            "SELECT person FROM facts EXCEPT SELECT person FROM facts WHERE person > 2",
            [1, 2],
        ),
        (
            "SELECT person FROM facts QUALIFY ROW_NUMBER() OVER (ORDER BY value_minor DESC) = 1",
            [2],
        ),
        (
            "SELECT p.person FROM people p LEFT JOIN scores s USING (person) WHERE s.value IS NULL",
            list(range(1, 10)),
        ),
    ],
)
def test_an_honest_statement_gives_its_people(
    facts: DuckFacts, sql: str, people: list[int]
) -> None:
    assert ran(facts, sql) == people


_PARTS = [
    "SELECT", "person", "FROM", "facts", "lines", "WHERE", "(", ")", ",", "*", "=", "'x'", "1",
    "UNION", "WITH a AS", "JOIN", "ON", "read_csv('x')", ";", "GROUP BY", "HAVING", "COUNT(*)",
    "--", "/*", "*/", "$now", "?", "::", "INTO", "ATTACH", "COPY", "PRAGMA", "getenv('x')", "\\",
    '"', "'", "$$", "e'\\x'", "[", "]", "{", "}", ".", "->", "CASE", "WHEN", "END", "LATERAL",
]  # fmt: skip


@given(st.lists(st.sampled_from(_PARTS), max_size=14).map(" ".join))
def test_no_words_in_any_order_do_more_than_be_refused_or_read_the_tables(sql: str) -> None:
    try:
        query = check(sql)
    except Refusal:
        return
    with duckdb.connect() as empty:
        (kind,) = empty.extract_statements(query.sql)
    assert kind.type == duckdb.StatementType.SELECT
    assert set(query.columns) <= {"facts", "lines"}


@given(st.text(max_size=60))
def test_any_text_is_refused_or_read(text: str) -> None:
    with suppress(Refusal):
        check(text)
