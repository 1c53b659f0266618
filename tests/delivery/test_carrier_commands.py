"""`tailorbird carriers` and `doctor carriers`: what is missing is said before anything is sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.providers import DIALECTS, Provider

from tailorbird.cli import run
from tailorbird.settings import FILE_NAME


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    assert run(["init", str(made)]) == 0
    return made


def write(folder: Path, text: str) -> None:
    (folder / FILE_NAME).write_text(text, encoding="utf-8")


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    capsys.readouterr()
    status = run(list(arguments))
    told = capsys.readouterr()
    return status, told.out + told.err


def test_a_new_folder_is_ready_and_keeps_its_mails(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, text = said(capsys, "doctor", "carriers", "-C", str(folder))
    assert status == 0
    assert "mails stay in the local inbox" in text


def test_the_doctor_names_what_is_missing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(
        folder,
        '[delivery]\ncarrier = "ses"\nsandbox = true\n[carriers.ses]\nregion = "eu-west-1"\n',
    )
    status, text = said(capsys, "doctor", "carriers", "-C", str(folder))
    assert status == 1
    assert "set carriers.ses.access_key_id" in text
    assert "set carriers.ses.secret_access_key" in text
    assert "sandbox: mails leave for nobody alone" in text
    status, text = said(capsys, "carriers", "check", "-C", str(folder), "--json")
    answer = json.loads(text)
    assert (status, answer["ready"], answer["sandbox"]) == (1, False, True)


def test_the_doctor_notices_that_nobody_answers(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    provider = Provider(DIALECTS["resend"])
    write(
        folder,
        f'[delivery]\ncarrier = "resend"\n[carriers.resend]\napi_key = "k"\n'
        f'base_url = "{provider.url}"\n',
    )
    assert said(capsys, "carriers", "check", "--reach", "-C", str(folder))[0] == 0
    provider.close()
    status, text = said(capsys, "carriers", "check", "--reach", "-C", str(folder))
    assert status == 1
    assert "cannot be reached" in text


def test_a_test_mail_goes_to_named_addresses_alone(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    provider = Provider(DIALECTS["resend"])
    write(
        folder,
        f'[delivery]\ncarrier = "resend"\ntest_addresses = ["me@people.example"]\n'
        f'[carriers.resend]\napi_key = "key-1"\nbase_url = "{provider.url}"\n',
    )
    status, text = said(capsys, "carriers", "test", "--to", "you@people.example", "-C", str(folder))
    assert status == 2
    assert "delivery.test_addresses" in text
    assert provider.taken == []
    status, text = said(capsys, "carriers", "test", "--to", "Me@people.example", "-C", str(folder))
    assert status == 0
    assert "resend: accepted 200" in text
    assert [one.to for one in provider.taken] == ["Me@people.example"]
    provider.close()


def test_the_list_shows_what_each_carrier_is_for(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(
        folder,
        '[delivery]\ncarrier = "bulk"\ntransactional = "postmark"\nfailover = ["smtp"]\n'
        '[carriers.bulk]\nkind = "mailgun"\n[carriers.postmark]\nserver_token = "hush-hush"\n',
    )
    status, text = said(capsys, "carriers", "list", "-C", str(folder), "--json")
    rows = {row["name"]: row for row in json.loads(text)}
    assert status == 0
    assert {name: row["task"] for name, row in rows.items()} == {
        "bulk": "sends",
        "postmark": "transactional",
        "smtp": "stands in, 1.",
    }
    assert rows["bulk"]["lacks"] == ["api_key", "domain"]
    assert "hush-hush" not in text
