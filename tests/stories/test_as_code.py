"""Definitions as code: planned on the live facts, applied as one, pulled back byte for byte."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tailorbird import as_code
from tailorbird.app import Tailorbird
from tailorbird.edits import EditSet
from tailorbird.errors import ConflictError, DefinitionError, UsageError
from tailorbird.schema import DAY, Body

NOW = 20_000 * DAY
VIPS = "name: vips\nwhere: {trait: orders, at_least: 2}\n"
TOP = "name: top\nwhere: {all: [{segment: vips}, {did: purchase}]}\n"
HELLO = """\
name: hello
audience: top
template: hi
variants: {plain: {subject: Hello}}
holdout: 0
"""
MAIL = "<p>Hello {{ person.first_name }}</p>\n"
NEW = "name: new\nwhere: {trait: orders, is: 1}\n"
FOLDER = {
    "campaigns/hello.yaml": HELLO,
    "segments/top.yaml": TOP,
    "segments/vips.yaml": VIPS,
    "templates/hi.liquid": MAIL,
}
AMP = """\
<!doctype html>
<html ⚡4email>
<head>
<meta charset="utf-8">
<script async src="https://cdn.ampproject.org/v0.js"></script>
<style amp4email-boilerplate>body{visibility:hidden}</style>
</head>
<body>Hello</body>
</html>
"""
Write = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def tb(tmp_path: Path) -> Iterator[Tailorbird]:
    """Return a folder of six people; u-N ordered N times."""
    with Tailorbird.open(tmp_path / "shop", clock=lambda: NOW, environment={}) as opened:
        batch = [
            {
                "type": "track", "event": "Order Completed", "userId": f"u-{who}",
                "messageId": f"m{who}-{order}", "timestamp": (NOW - DAY) // 1000,
                "properties": {"order_id": f"A{who}-{order}", "total": 30},
            }
            for who in range(1, 7)
            for order in range(who)
        ]  # fmt: skip
        opened.world.log.append([Body("test", NOW, json.dumps({"batch": batch}).encode())])
        opened.ingest()
        opened.refresh()
        yield opened


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write texts to a folder of files, and return it."""

    def written(texts: Mapping[str, str]) -> Path:
        folder = tmp_path / "git"
        folder.mkdir(exist_ok=True)
        for path, text in texts.items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_bytes(text.encode())
        return folder

    return written


def applied(tb: Tailorbird, folder: Path, **how: bool | str) -> EditSet | None:
    """Apply a folder as Ann."""
    files = as_code.read_folder(folder)
    said = {"author": "ann", "reason": "summer"}
    return as_code.apply(tb.world, files, NOW, **said, **how)  # type: ignore[arg-type]


def planned(tb: Tailorbird, folder: Path, *, prune: bool = False) -> as_code.DefinitionPlan:
    """Plan a folder."""
    return as_code.draft(tb.world, as_code.read_folder(folder), NOW, prune=prune).plan


def texts(folder: Path) -> dict[str, str]:
    """Return every file of a folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes().decode() for path in files}


def test_what_is_applied_is_in_force_with_author_and_reason(tb: Tailorbird, write: Write) -> None:
    folder = write(FOLDER)
    kept = applied(tb, folder)
    assert kept is not None
    names = [(each.kind, each.name) for each in kept.edits]
    assert names.index(("segment", "vips")) < names.index(("segment", "top"))
    assert names[-1] == ("campaign", "hello")
    found = tb.world.definitions.get("segment", "top")
    assert found is not None
    assert (found.text, found.author, found.reason) == (TOP, "ann", "summer")
    assert planned(tb, folder).changes == ()
    assert applied(tb, folder) is None


def test_a_pull_after_an_apply_touches_nothing(tb: Tailorbird, write: Write) -> None:
    folder = write(FOLDER)
    applied(tb, folder)
    before = {path: (folder / path).stat().st_mtime_ns for path in texts(folder)}
    assert as_code.pull(tb.world, folder, as_code.read_folder(folder), NOW) == []
    assert {path: (folder / path).stat().st_mtime_ns for path in texts(folder)} == before
    assert texts(folder) == FOLDER


def test_nothing_is_kept_when_one_of_them_is_wrong(tb: Tailorbird, write: Write) -> None:
    wrong = {
        "segments/other.yaml": "name: other\nwhere: {trait: orders, at_leest: 1}\n",
        "campaigns/hello.yaml": HELLO.replace("audience: top", "audience: tip"),
        "templates/bad.liquid": "<p>{% if %}</p>\n",
    }
    folder = write({**FOLDER, **wrong})
    with pytest.raises(DefinitionError) as refused:
        applied(tb, folder)
    said = str(refused.value)
    assert "segments/other.yaml:2:24: unknown key 'at_leest'; did you mean 'at_least'?" in said
    assert "campaigns/hello.yaml:2: no segment 'tip'; did you mean 'top'?" in said
    assert "templates/bad.liquid:1" in said
    assert tb.world.definitions.latest("segment") == []


def test_each_of_many_faults_is_told_and_none_that_follows_from_another(
    tb: Tailorbird, write: Write
) -> None:
    wrong = "name: {0}\nwhere: {{trait: orders, at_leest: 1}}\n"
    folder = write(
        {
            **FOLDER,
            "segments/a.yaml": wrong.format("a"),
            "segments/b.yaml": wrong.format("b"),
            "segments/c.yaml": "name: c\nwhere: {segment: a}\n",
            "segments/d.yaml": "name: d\nwhere: {trait: shoe_size, is: 43}\n",
            "segments/e.yaml": "name: e\nwhere: {segment: d}\n",
            "segments/f.yaml": "name: g\nwhere: {did: purchase}\n",
            "groups/tiers.yaml": "name: tiers\ngroups: [{name: x, whre: {did: purchase}}]\n",
            "campaigns/hello.yaml": HELLO.replace("Hello", "{{ person.nme }}"),
            "blocks/odd.liquid": "{% if %}",
        }
    )
    faults = planned(tb, folder).faults
    assert sorted(each.where for each in faults) == [
        "blocks/odd.liquid:1:6", "campaigns/hello.yaml:4", "groups/tiers.yaml:2:20",
        "segments/a.yaml:2:24", "segments/b.yaml:2:24", "segments/d.yaml:2:9",
        "segments/f.yaml:1",
    ]  # fmt: skip
    assert all(each.mend for each in faults)


def test_without_author_and_reason_nothing_is_applied(tb: Tailorbird, write: Write) -> None:
    files = as_code.read_folder(write(FOLDER))
    with pytest.raises(UsageError, match="nobody says who changes this"):
        as_code.apply(tb.world, files, NOW, author="ann", reason=" ")


def test_a_plan_that_is_old_is_refused(tb: Tailorbird, write: Write) -> None:
    folder = write(FOLDER)
    seen = planned(tb, folder)
    tb.put("segment", "others", "name: others\nwhere: {trait: orders, is: 1}\n")
    with pytest.raises(ConflictError, match="moved on"):
        applied(tb, folder, planned=seen.digest)
    assert applied(tb, folder, planned=planned(tb, folder).digest) is not None


def test_what_the_console_changed_is_not_taken_back_unasked(tb: Tailorbird, write: Write) -> None:
    folder = write(FOLDER)
    applied(tb, folder)
    newer = VIPS.replace("2", "3")
    tb.put("segment", "vips", newer, author="bob", reason="too many")
    (change,) = planned(tb, folder).changes
    assert change.moved is not None
    assert change.moved.author == "bob"
    with pytest.raises(ConflictError, match=r"segments/vips\.yaml \(version 2 by bob: too many\)"):
        applied(tb, folder)
    (done,) = as_code.pull(tb.world, folder, as_code.read_folder(folder), NOW)
    assert (done.done, done.author) == ("changed", "bob")
    assert texts(folder) == {**FOLDER, "segments/vips.yaml": newer}
    assert planned(tb, folder).changes == ()
    write({"segments/vips.yaml": VIPS})
    assert applied(tb, folder) is not None


def test_a_plan_says_who_enters_and_leaves_and_why(tb: Tailorbird, write: Write) -> None:
    folder = write(FOLDER)
    applied(tb, folder)
    write({"segments/vips.yaml": VIPS.replace("2", "4")})
    files = as_code.read_folder(folder)
    plan = as_code.with_effects(tb.world, as_code.draft(tb.world, files, NOW), NOW)
    found = {(each.kind, each.name): each for each in plan.audiences}
    vips = found["segment", "vips"]
    assert (vips.before, vips.after, vips.entering, vips.leaving) == (5, 3, 0, 2)
    left = [tb.person("u-2"), tb.person("u-3")]
    assert [each.person for each in vips.leave] == left
    assert vips.leave[0].why == ("not: orders is at least 4 (it is 2)",)
    assert found["segment", "top"].leaving == 2
    assert found["campaign", "hello"].leaving == 2
    assert [each.campaign for each in plan.sends] == ["hello"]


def test_planning_writes_nothing(tb: Tailorbird, write: Write) -> None:
    files = as_code.read_folder(write(FOLDER))
    before = {path: path.read_bytes() for path in tb.world.folder.glob("tailorbird.sqlite*")}
    offset = tb.world.facts.offset()
    as_code.with_effects(tb.world, as_code.draft(tb.world, files, NOW), NOW)
    assert {path: path.read_bytes() for path in before} == before
    assert tb.world.facts.offset() == offset
    assert tb.world.definitions.standing() == {}


def test_who_could_not_be_written_to_is_told_before(tb: Tailorbird, write: Write) -> None:
    folder = write(FOLDER)
    files = as_code.read_folder(folder)
    plan = as_code.with_effects(tb.world, as_code.draft(tb.world, files, NOW), NOW)
    (sends,) = plan.sends
    assert (sends.audience, sends.judged, sends.send, sends.this_week) == (5, 5, 0, None)
    assert sum(sends.refused.values()) == 5
    daily = f"{HELLO}schedule: {{every: daily at 09:00}}\n"
    write({"campaigns/hello.yaml": daily})
    files = as_code.read_folder(folder)
    plan = as_code.with_effects(tb.world, as_code.draft(tb.world, files, NOW), NOW)
    assert plan.sends[0].this_week == 0


def test_a_journey_is_foretold_by_the_week_that_was(tb: Tailorbird, write: Write) -> None:
    journey = """\
name: thanks
trigger: {event: purchase, late: 2d}
who: {segment: vips}
steps:
  - wait: 1h
  - send: mail
    template: hi
    subject: Thank you
"""
    folder = write({**FOLDER, "journeys/thanks.yaml": journey})
    files = as_code.read_folder(folder)
    plan = as_code.with_effects(tb.world, as_code.draft(tb.world, files, NOW), NOW)
    assert plan.faults == ()
    found = {(each.kind, each.name): each for each in plan.audiences}
    assert (found["journey", "thanks"].before, found["journey", "thanks"].after) == (None, 5)
    sends = {each.campaign: each for each in plan.sends}
    assert (sends["thanks/mail"].audience, sends["thanks/mail"].this_week) == (5, 0)
    applied(tb, folder)
    write({"segments/vips.yaml": VIPS.replace("2", "6")})
    files = as_code.read_folder(folder)
    plan = as_code.with_effects(tb.world, as_code.draft(tb.world, files, NOW), NOW)
    found = {(each.kind, each.name): each for each in plan.audiences}
    assert found["journey", "thanks"].leaving == 4


def test_what_no_file_has_is_told_and_removed_only_by_prune(tb: Tailorbird, write: Write) -> None:
    tb.put("segment", "lone", "name: lone\nwhere: {trait: orders, is: 1}\n")
    tb.install_library()
    folder = write(FOLDER)
    plan = planned(tb, folder)
    assert [each.key for each in plan.extras] == [("segment", "lone")]
    applied(tb, folder)
    assert tb.world.definitions.get("segment", "lone") is not None
    assert applied(tb, folder, prune=True) is not None
    assert tb.world.definitions.get("segment", "lone") is None
    assert tb.world.definitions.get("segment", "bronze") is not None


def test_what_is_still_named_is_not_pruned(tb: Tailorbird, write: Write) -> None:
    folder = write(FOLDER)
    applied(tb, folder)
    (folder / "segments/vips.yaml").unlink()
    with pytest.raises(DefinitionError) as refused:
        applied(tb, folder, prune=True)
    assert "segments/top.yaml:2: segment 'top' names segment 'vips'" in str(refused.value)
    assert tb.world.definitions.get("segment", "vips") is not None


def test_an_apply_is_rolled_back_whole(tb: Tailorbird, write: Write) -> None:
    folder = write(FOLDER)
    applied(tb, folder)
    write({"segments/vips.yaml": VIPS.replace("2", "3"), "segments/new.yaml": NEW})
    second = applied(tb, folder)
    assert second is not None
    kept = as_code.roll_back_set(tb.world, second.number, NOW, author="bob", reason="wrong")
    assert kept is not None
    found = tb.world.definitions.get("segment", "vips")
    assert found is not None
    assert (found.version, found.text, found.author) == (3, VIPS, "bob")
    assert tb.world.definitions.get("segment", "new") is None
    with pytest.raises(ConflictError, match="changed again since"):
        as_code.roll_back_set(tb.world, second.number, NOW, author="bob", reason="wrong")
    with pytest.raises(ConflictError, match=r"segments/vips\.yaml \(version 3 by bob: wrong\)"):
        applied(tb, folder)


def test_a_version_is_rolled_back_by_name(tb: Tailorbird, write: Write) -> None:
    folder = write(FOLDER)
    applied(tb, folder)
    tb.put("segment", "vips", VIPS.replace("2", "3"))
    as_code.roll_back(tb.world, ("segment", "vips"), NOW, author="bob", reason="wrong")
    found = tb.world.definitions.get("segment", "vips")
    assert found is not None
    assert (found.version, found.text) == (3, VIPS)
    with pytest.raises(UsageError, match="has no version 9; versions: 1 to 3"):
        as_code.roll_back(tb.world, ("segment", "vips"), NOW, to=9, author="bob", reason="wrong")


def test_a_file_that_is_edited_and_not_applied_is_never_overwritten(
    tb: Tailorbird, write: Write
) -> None:
    folder = write(FOLDER)
    applied(tb, folder)
    write({"segments/vips.yaml": VIPS + "# mine\n", "segments/top.yaml": TOP + "# mine\n"})
    tb.put("segment", "vips", VIPS.replace("2", "3"))
    done = as_code.pull(tb.world, folder, as_code.read_folder(folder), NOW)
    assert {each.path: each.done for each in done} == {
        "segments/top.yaml": "edited", "segments/vips.yaml": "conflict",
    }  # fmt: skip
    assert texts(folder)["segments/vips.yaml"] == VIPS + "# mine\n"
    as_code.pull(tb.world, folder, as_code.read_folder(folder), NOW, overwrite=True)
    assert texts(folder) == {**FOLDER, "segments/vips.yaml": VIPS.replace("2", "3")}


def test_a_mail_with_an_amp_part_stays_in_two_files(tb: Tailorbird, write: Write) -> None:
    amp = AMP
    folder = write({**FOLDER, "templates/hi.amp.html": amp})
    applied(tb, folder)
    found = tb.world.definitions.get("template", "hi")
    assert found is not None
    assert found.text == f"{MAIL}\n{amp}"
    tb.put("template", "hi", f"<p>Hi</p>\n\n{amp}")
    as_code.pull(tb.world, folder, as_code.read_folder(folder), NOW)
    assert texts(folder) == {
        **FOLDER,
        "templates/hi.liquid": "<p>Hi</p>\n",
        "templates/hi.amp.html": amp,
    }
    assert planned(tb, folder).changes == ()


def test_settings_go_along_and_hold_no_secret(tb: Tailorbird, write: Write) -> None:
    told = '[shop]\nname = "Our shop"\n'
    folder = write({**FOLDER, "tailorbird.toml": told})
    assert '+name = "Our shop"' in planned(tb, folder).settings
    applied(tb, folder)
    kept = tb.world.folder / "tailorbird.toml"
    assert kept.read_text(encoding="utf-8") == told
    assert (planned(tb, folder).settings, applied(tb, folder)) == ("", None)
    for text, says in (
        ('[delivery]\nsmtp_password = "x"\n', "a secret is written in it: delivery.smtp_password"),
        ("[shop]\nnmae = 1\n", "unknown setting 'shop.nmae'; did you mean 'shop.name'?"),
        ("[shop\n", "not valid TOML"),
        ("[server]\nport = 'x'\n", "'server.port' does not fit: it must be a whole number"),
    ):
        write({"tailorbird.toml": text})
        with pytest.raises(DefinitionError) as refused:
            applied(tb, folder)
        assert f"tailorbird.toml: {says}" in str(refused.value)
    assert kept.read_text(encoding="utf-8") == told
    faults = as_code.of_texts({"tailorbird.toml": told}).faults
    assert [each.what for each in faults] == ["settings are not taken from afar"]
