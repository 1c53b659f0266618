"""Addresses are barred and lifted by hand, by file and by the log, and everything is kept."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tailorbird import cli
from tailorbird.collect.suppression_files import RefusedLine, Suppressed, read
from tailorbird.errors import SourceError, UsageError
from tailorbird.profiles import spoken
from tailorbird.schema import DAY, SECOND, Body
from tailorbird.suppressing import Suppressing
from tailorbird.suppression_words import SuppressionWord

NOW = 1_700_000_000 * SECOND
SES = """\
EmailAddress,Reason,LastUpdateTime
ada@mail.example,BOUNCE,2023-05-01T10:00:00Z
Bo@Mail.Example,COMPLAINT,2023-05-02T10:00:00+02:00
"""
SENDGRID = """\
email,created,status,reason
ada@mail.example,1683000000,5.1.1,550 5.1.1 no such user
bo@mail.example,1683000000000,4.2.2,452 4.2.2 mailbox full
"""
MAILCHIMP = """\
"Email Address";"First Name";"UNSUB_TIME"
ada@mail.example;Ada;2023-05-01 10:00:00

nobody;Bo;2023-05-01 10:00:00
"""
POSTMARK = """\
EmailAddress\tSuppressionReason\tOrigin\tCreatedAt
ada@mail.example\tHardBounce\tRecipient\t2019-12-10T08:58:33-05:00
bo@mail.example\tSpamComplaint\tRecipient\t2019-12-10T08:58:33-05:00
cy@mail.example\tManualSuppression\tCustomer\tno date
"""
MAILGUN = """\
address,code,error,created_at
ada@mail.example,550,no,"Thu, 13 Oct 2011 18:02:00 UTC"
"""
BARE = "ada@mail.example\nbo@mail.example\n"


def reasons(text: str, file: str = "export.csv") -> list[str]:
    said = (each for each, _ in read(text.splitlines(keepends=True), file, NOW))
    return [each.reason if isinstance(each, Suppressed) else each.why for each in said]


@pytest.mark.parametrize(
    ("text", "file", "expected"),
    [
        (SES, "ses.csv", ["hard_bounce", "complaint"]),
        (SENDGRID, "suppression_bounces.csv", ["hard_bounce", "a bounce for now"]),
        (MAILCHIMP, "unsubscribed_members.csv", ["unsubscribed", "no address"]),
        (POSTMARK, "suppressions.csv", ["hard_bounce", "complaint", "manual"]),
        (MAILGUN, "x.csv", ["hard_bounce"]),
        (BARE, "x.txt", ["import", "import"]),
        (BARE, "spam_reports/complaints.csv", ["complaint", "complaint"]),
        ("who,what\nada@mail.example,hello\n", "x.csv", ["import"]),
    ],
)  # fmt: skip
def test_files_of_other_services_are_read_as_they_are(
    text: str, file: str, expected: list[str]
) -> None:
    assert reasons(text, file) == expected


def test_a_line_keeps_its_number_its_address_and_its_instant() -> None:
    said = [each for each, _ in read(SES.splitlines(keepends=True), "ses.csv", NOW)]
    assert said[0] == Suppressed(2, "ada@mail.example", "hard_bounce", 1_682_935_200 * SECOND)
    assert said[1] == Suppressed(3, "Bo@mail.example", "complaint", 1_683_014_400 * SECOND)
    (held, _) = list(read(MAILCHIMP.splitlines(), "m.csv", NOW))[1]
    assert held == RefusedLine(4, "no address", "write one in column 1")
    for text in (SENDGRID, MAILGUN):
        (first, _), *_ = read(text.splitlines(), "x.csv", NOW)
        assert isinstance(first, Suppressed)
        assert first.at in (1_683_000_000 * SECOND, 1_318_528_920 * SECOND)
    (undated, _) = list(read(POSTMARK.splitlines(), "x.csv", NOW))[2]
    assert isinstance(undated, Suppressed)
    assert undated.at == NOW


def test_no_word_is_older_than_what_is_to_come() -> None:
    text = "email,at\nada@mail.example,2099-01-01\n"
    ((said, _),) = read(text.splitlines(), "x.csv", NOW)
    assert isinstance(said, Suppressed)
    assert said.at == NOW


def test_one_reason_may_hold_for_a_whole_file() -> None:
    said = [each for each, _ in read(SENDGRID.splitlines(), "x.csv", NOW, "hard_bounce")]
    assert [each.reason for each in said if isinstance(each, Suppressed)] == ["hard_bounce"] * 2


def test_a_file_without_addresses_is_refused() -> None:
    for text in ("", "name,age\nAda,30\n"):
        with pytest.raises(SourceError, match="no column holds addresses"):
            list(read(text.splitlines(), "x.csv", NOW))


def hands(house: Any, source: str = "cli") -> Suppressing:
    world = house.tb.world
    return Suppressing(world.suppressions, world.log, house.now, source, "bo")


def test_who_is_barred_gets_no_mail_until_it_is_lifted(house: Any, carrying: Any) -> None:
    said = hands(house).add(["P1@mail.example", "p1@mail.example", "nobody"], note="asked by phone")
    assert (said.changed, said.already, len(said.refused)) == (1, 0, 1)
    assert said.refused[0].line == 3
    again = hands(house).add(["p1@mail.example"])
    assert (again.changed, again.already) == (0, 1)
    house.decide()
    assert house.deliver(carrying()).sent == 11
    assert hands(house).lift(["p1@mail.example"], "complaint", note="x").changed == 0
    assert hands(house).lift(["p1@mail.example", "p2@mail.example"], note="back").changed == 1
    house.decide("autumn")
    assert house.deliver(carrying()).sent == 12
    checked = hands(house).check("p1@mail.example")
    assert checked.standing == ()
    shown = house.tb.readings.person(house.tb.person("p1"), house.now).suppressions
    assert [(row.barred, row.note) for row in shown] == [(True, "asked by phone"), (False, "back")]
    assert [(w.barred, w.author, w.note) for w in checked.said] == [
        (True, "bo", "asked by phone"),
        (False, "bo", "back"),
    ]


def test_no_reason_names_an_address_and_no_lift_goes_without_one(house: Any) -> None:
    with pytest.raises(UsageError, match="names an address"):
        hands(house).add(["p1@mail.example"], note="as bo@mail.example said")
    with pytest.raises(UsageError, match="for a reason"):
        hands(house).lift(["p1@mail.example"])
    with pytest.raises(UsageError, match="no address"):
        hands(house).check("nobody")


def test_what_the_log_alone_holds_is_taken_up_once(house: Any) -> None:
    """As after a kill between the log and the store."""
    world = house.tb.world
    key = world.suppressions.key("p1@mail.example")
    words = [
        SuppressionWord(key, "complaint", house.now - DAY, source="cli", author="bo", note="n"),
        SuppressionWord(key, "complaint", house.now, barred=False, source="cli"),
        SuppressionWord(key, "manual", house.now, purpose="email_marketing", source="cli"),
    ]
    for _ in range(2):
        world.log.append([spoken.body(words, house.now)])
        house.tb.ingest()
    assert world.suppressions.said(key) == words
    assert world.suppressions.barred([key]) == {key: "manual"}
    assert world.suppressions.barred([key], "all") == {}


def test_nobody_else_bars_an_address_through_the_log(house: Any) -> None:
    world = house.tb.world
    key = world.suppressions.key("p1@mail.example")
    content = spoken.body([SuppressionWord(key, "complaint", house.now)], house.now).content
    world.log.append([Body(source, house.now, content) for source in ("api", "tracking", "web:x")])
    house.tb.ingest()
    assert world.suppressions.said(key) == []


def test_a_suppression_outlives_the_person_and_finds_her_again(house: Any, carrying: Any) -> None:
    hands(house).add(["p1@mail.example"], "complaint")
    person = house.tb.person("p1")
    gone = {"type": "track", "event": "person_forgotten", "messageId": "g"}
    house.tell(gone | {"context": {"personId": person}}, source="rest")
    house.now += SECOND
    house.join("back", address="P1@Mail.example")
    house.decide()
    carrier = carrying()
    house.deliver(carrier)
    assert not [address for address in carrier.sent if address.lower() == "p1@mail.example"]


def run(house: Any, capsys: Any, *arguments: str) -> tuple[int, Any]:
    status = cli.run(["suppressions", *arguments, "--folder", str(house.folder), "--json"])
    out, err = capsys.readouterr()
    return status, msgspec.json.decode(out or err)


def test_the_command_line_works_beside_the_open_folder(
    house: Any, capsys: Any, tmp_path: Path
) -> None:
    status, said = run(house, capsys, "add", "p1@mail.example", "--reason", "asked")
    assert (status, said["changed"]) == (0, 1)
    assert run(house, capsys, "add", "nobody")[0] == 1
    file = tmp_path / "ses.csv"
    file.write_text(SES + "nobody,BOUNCE,\n")
    status, said = run(house, capsys, "import", str(file))
    assert (status, said["changed"], len(said["refused"])) == (0, 2, 1)
    assert run(house, capsys, "import", str(file))[1]["already"] == 2
    kept = list(csv.reader((house.folder / "suppressions-refused.csv").read_text().splitlines()))
    assert kept[1] == ["4", "no address", "write one in column 1", "nobody", "BOUNCE", ""]
    status, listed = run(house, capsys, "list")
    assert listed["counts"] == [["all", "complaint", 1], ["all", "hard_bounce", 1],
                                ["all", "manual", 1]]  # fmt: skip
    assert run(house, capsys, "list", "--limit", "2")[1]["next"] is not None
    assert run(house, capsys, "check", "p1@mail.example")[0] == 1
    assert run(house, capsys, "check", "p2@mail.example")[0] == 0
    assert run(house, capsys, "lift", "p1@mail.example")[0] == 2
    assert run(house, capsys, "lift", "p1@mail.example", "--reason", "x")[1]["changed"] == 1
    assert run(house, capsys, "import", str(tmp_path / "none.csv"))[0] == 2


def test_what_is_exported_can_be_imported(house: Any, capsys: Any, tmp_path: Path) -> None:
    hands(house).add(["p1@mail.example"], "complaint")
    hands(house).add(["stranger@mail.example"])
    to = tmp_path / "out.csv"
    assert cli.run(["suppressions", "export", "--to", str(to), "-C", str(house.folder)]) == 0
    rows = list(csv.DictReader(to.read_text().splitlines()))
    assert [(row["email"], row["reason"]) for row in rows] == [
        ("p1@mail.example", "complaint"),
        ("", "manual"),
    ]
    assert rows[1]["address_key"] == house.tb.world.suppressions.key("stranger@mail.example").hex()
    assert cli.run(["suppressions", "export", "-C", str(house.folder)]) == 0
    assert capsys.readouterr().out == to.read_text()
    assert reasons(to.read_text()) == ["complaint", "no address"]
    nowhere = str(tmp_path / "none" / "out.csv")
    assert cli.run(["suppressions", "export", "--to", nowhere, "-C", str(house.folder)]) == 2
    assert f"{nowhere}: it cannot be written" in capsys.readouterr().err
    assert cli.run(["suppressions", "export", "--to", "/dev/full", "-C", str(house.folder)]) == 1
    assert "no space left on the disk" in capsys.readouterr().err
