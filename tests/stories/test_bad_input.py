"""Bad input ends with one clear line: what, where, how to mend it. Nothing is lost."""

from __future__ import annotations

import shutil
import socket
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tailorbird import cli
from tailorbird.app import Tailorbird
from tailorbird.schema import Body

Run = Callable[..., tuple[int, str, str]]
ORDERS = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
LINE = "536365,85123A,WHITE LANTERN,6,2010-12-01 08:26:00,2.55,17850,United Kingdom\n"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command and return its exit status, output and errors."""

    def command(*arguments: str | Path) -> tuple[int, str, str]:
        status = cli.run([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    return command


@pytest.fixture
def shop(tmp_path: Path, run: Run) -> Path:
    """Return a small data folder."""
    folder = tmp_path / "shop"
    assert run("init", folder)[0] == 0
    return folder


def one_line(error: str) -> str:
    assert error.count("\n") == 1, error
    assert "Traceback" not in error
    return error


def test_a_file_that_is_not_there(run: Run, shop: Path, tmp_path: Path) -> None:
    status, _, error = run("events", "import", tmp_path / "absent.csv", "-C", shop)
    assert status == 1
    assert "absent.csv" in one_line(error)


def test_a_file_that_is_no_table(run: Run, shop: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 this is not parquet PAR1")
    status, _, error = run("events", "import", broken, "-C", shop)
    assert status == 1
    assert "broken.parquet" in one_line(error)


def test_a_mapping_with_a_slip_names_its_line(run: Run, shop: Path, tmp_path: Path) -> None:
    orders, mapping = tmp_path / "orders.csv", tmp_path / "mine.yaml"
    orders.write_text(ORDERS + LINE)
    mapping.write_text("mapping: mine\ncolums: {}\n")
    status, _, error = run("events", "import", orders, "--mapping", mapping, "-C", shop)
    assert status == 1
    assert "mine.yaml:2" in one_line(error)
    assert "columns" in error


def test_columns_that_no_mapping_knows(run: Run, shop: Path, tmp_path: Path) -> None:
    orders = tmp_path / "orders.csv"
    orders.write_text("a,b\n1,2\n")
    status, _, error = run("events", "import", orders, "-C", shop)
    assert status == 1
    assert "a, b" in one_line(error)
    assert "--mapping" in error


def test_refused_rows_are_kept_with_their_reason(run: Run, shop: Path, tmp_path: Path) -> None:
    orders = tmp_path / "orders.csv"
    bad = "536366,85123A,WHITE LANTERN,six,2010-12-01 08:26:00,2.55,17850,United Kingdom\n"
    orders.write_text(ORDERS + LINE + bad)
    status, output, _ = run(
        "events", "import", orders, "-C", shop, "--errors-to", tmp_path / "refused.csv"
    )
    assert status == 0
    assert "2 lines, 1 taken" in output
    kept = (tmp_path / "refused.csv").read_text()
    assert "536366" in kept
    assert "six" in kept


def test_a_dry_run_writes_nothing(run: Run, shop: Path, tmp_path: Path) -> None:
    orders = tmp_path / "orders.csv"
    orders.write_text(ORDERS + LINE)
    assert run("events", "import", orders, "-C", shop, "--dry-run")[0] == 0
    with Tailorbird.open(shop, environment={}) as tb:
        assert tb.world.log.end() == 0


def test_an_unknown_setting_in_the_file(run: Run, shop: Path) -> None:
    (shop / "tailorbird.toml").write_text("[server]\nprot = 80\n")
    status, _, error = run("segments", "list", "-C", shop)
    assert status == 2
    assert "unknown setting 'server.prot'" in one_line(error)
    assert "did you mean 'server.port'?" in error
    assert "tailorbird.toml" in error


def test_a_setting_of_the_wrong_type(run: Run, shop: Path) -> None:
    (shop / "tailorbird.toml").write_text('[server]\nport = "eighty"\n')
    status, _, error = run("segments", "list", "-C", shop)
    assert status == 2
    assert "server.port" in one_line(error)


def test_an_unknown_setting_in_the_environment(
    run: Run, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAILORBIRD_SERVER__PROT", "80")
    status, _, error = run("config", "show", "-C", shop)
    assert status == 2
    assert "TAILORBIRD_SERVER__PROT" in one_line(error)


def test_settings_say_where_they_come_from(
    run: Run, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shop / "tailorbird.toml").write_text('[shop]\nname = "Mine"\n')
    monkeypatch.setenv("TAILORBIRD_SHOP__CURRENCY", "GBP")
    monkeypatch.setenv("TAILORBIRD_DELIVERY__SMTP_PASSWORD", "hunter2")
    _, output, _ = run("config", "show", "-C", shop)
    lines = {line.split()[0]: line for line in output.splitlines()}
    assert "tailorbird.toml" in lines["shop.name"]
    assert "environment variable TAILORBIRD_SHOP__CURRENCY" in lines["shop.currency"]
    assert lines["server.port"].endswith("default")
    assert "hunter2" not in output


def test_a_broken_template_keeps_the_one_in_force(run: Run, shop: Path, tmp_path: Path) -> None:
    good, bad = tmp_path / "hello.mjml", tmp_path / "hello2.mjml"
    around = ("mjml", "mj-body", "mj-section", "mj-column", "mj-text")
    source = "".join(f"<{tag}>" for tag in around) + "{}"
    source += "".join(f"</{tag}>" for tag in reversed(around))
    good.write_text(source.format("Hi {{ person.first_name | default: 'there' }}"))
    bad.write_text(source.format("{% if person.first_name %}Hi"))
    assert run("templates", "add", good, "--name", "hello", "-C", shop)[0] == 0
    status, _, error = run("templates", "add", bad, "--name", "hello", "-C", shop)
    assert status == 1
    assert "hello" in one_line(error)
    assert "if" in error
    with Tailorbird.open(shop, environment={}) as tb:
        kept = tb.world.definitions.get("template", "hello")
    assert kept is not None
    assert kept.text == good.read_text()


def test_a_broken_segment_keeps_the_one_in_force(run: Run, shop: Path, tmp_path: Path) -> None:
    bad = tmp_path / "gold.yaml"
    bad.write_text("name: gold\nwhere:\n  trait: tir\n  is: gold\n")
    status, _, error = run("segments", "add", bad, "-C", shop)
    assert status == 1
    assert "gold.yaml:3" in one_line(error)
    assert "tier" in error


def test_a_template_file_with_an_error_points_to_the_place(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "hi.liquid"
    file.write_text("Hello\n{{ name | upcaze }}\n")
    status, _, error = run("templates", "render", file)
    assert status == 1
    assert "hi.liquid:2" in one_line(error)
    assert "upcase" in error


def test_a_port_in_use(run: Run, shop: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, _, error = run("serve", "-C", shop, "--port", str(port))
    assert status == 2
    assert f"port {port}" in one_line(error)
    assert "--port" in error


def test_a_folder_of_a_newer_version(run: Run, shop: Path) -> None:
    with sqlite3.connect(shop / "tailorbird.sqlite") as connection:
        connection.execute("PRAGMA user_version=999")
    connection.close()
    status, _, error = run("segments", "list", "-C", shop)
    assert status == 1
    assert "schema 999" in one_line(error)
    assert "upgrade Tailorbird" in error


def test_an_older_folder_is_brought_up_and_keeps_its_log(run: Run, tmp_path: Path) -> None:
    from tailorbird.stores.sqlite.connection import migrations

    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "tailorbird.key").write_bytes(b"k" * 32)
    with sqlite3.connect(folder / "tailorbird.sqlite") as connection:
        connection.executescript(migrations()[0][1])
        connection.execute("PRAGMA user_version=1")
        event = b'{"type":"track","event":"Page Viewed","messageId":"1","userId":"u"}'
        connection.execute(
            "INSERT INTO log (received_at, source, content) VALUES (1600000000000000, 'x', ?)",
            (event,),
        )
    connection.close()
    status, output, error = run("events", "ingest", "-C", folder)
    assert status == 0
    assert "brought from schema 1" in one_line(error)
    assert output.startswith("1 events")


def test_a_full_disk_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Tailorbird.open(tmp_path / "shop", environment={}) as tb:
        tb.world.log.append([Body("test", 1, b"{}")])

    def full(*arguments: object, **named: object) -> object:
        raise OSError(28, "No space left on device", "shop/facts.duckdb")

    monkeypatch.setattr("tailorbird.wiring.DuckFacts", full)
    assert cli.run(["segments", "list", "-C", str(tmp_path / "shop")]) == 1
    monkeypatch.undo()
    with Tailorbird.open(tmp_path / "shop", environment={}) as tb:
        assert tb.world.log.end() == 1


def test_a_folder_that_is_not_there(run: Run, tmp_path: Path) -> None:
    status, _, error = run("segments", "list", "-C", tmp_path / "nowhere")
    assert status == 2
    assert "tailorbird init" in one_line(error)
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_that_cannot_be_made(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for command in (("init", tmp_path / "file"), ("demo", "--headless", "-C", tmp_path / "file")):
        status, _, error = run(*command)
        assert status == 1
        assert "in the way" in one_line(error)


def test_a_demo_of_a_file_that_cannot_be_read_leaves_no_folder(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    status, _, error = run("demo", "--data", tmp_path / "no.csv", "--headless", "-C", folder)
    assert status == 1
    assert "no.csv" in one_line(error)
    assert not folder.exists()


def test_serving_a_folder_that_is_not_there(run: Run, tmp_path: Path) -> None:
    status, _, error = run("serve", "-C", tmp_path / "nowhere")
    assert status == 2
    assert "tailorbird init" in one_line(error)


def test_a_lost_key_is_said_plainly(run: Run, shop: Path) -> None:
    shutil.move(shop / "tailorbird.key", shop / "moved.key")
    status, _, error = run("segments", "list", "-C", shop)
    assert status == 1
    assert "restore this file" in one_line(error)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("segments", "count", "gldo"), ("no segment 'gldo'", "gold")),
        (("segments", "explain", "gold", "nobody@x.example"), ("nobody is known as",)),
        (("campaigns", "plan", "spring"), ("no campaign 'spring'", "none yet")),
        (("why", "77"), ("nobody is known as '77'",)),
        (("segments", "count", "gold", "--as-of", "yesterday"), ("no date or time",)),
        (("events", "frobnicate"), ("No such command", "--help")),
        (("segments", "count"), ("Missing argument", "--help")),
    ],
)
def test_what_does_not_exist_is_named_with_what_does(
    run: Run, shop: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    folder = (
        ()
        if "frobnicate" in arguments or (len(arguments) == 2 and arguments[1] == "count")
        else ("-C", shop)
    )
    status, _, error = run(*arguments, *folder)
    assert status == 2
    for word in words:
        assert word in one_line(error)
