"""Double people are found and merged or asked about, and nothing personal is left behind."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import anyio
import httpx
import msgspec
import numpy as np
import pytest
from tests.clock import Clock

from tailorbird import cli, keys, matching
from tailorbird.app import Tailorbird
from tailorbird.errors import ConflictError
from tailorbird.matching import Matching
from tailorbird.ports import EventLog
from tailorbird.schema import HOUR, SECOND, Body, Instant, LogRecord, PersonId
from tailorbird.web.serve import site

NOW: Instant = 1_790_000_000 * SECOND
FIRST = ("Ann", "Bertha", "Carl", "Dora", "Emil", "Frieda", "Georg", "Hanna", "Ivo", "Jana")
LAST = ("Abel", "Brandt", "Conrad", "Diehl", "Ebert", "Fuchs", "Geiger", "Hoppe", "Imhof", "Jahn")
Traits = dict[str, Any]


def somebody(number: int) -> Traits:
    rng = np.random.default_rng(number)
    return {
        "first_name": str(rng.choice(FIRST)),
        "last_name": str(rng.choice(LAST)),
        "birthday": f"{rng.integers(1950, 2000)}-{rng.integers(1, 13):02}-{rng.integers(1, 29):02}",
        "email": f"mail{number}@people.example",
        "street": f"Straße {rng.integers(1, 900)}",
        "postcode": f"{rng.integers(10_000, 99_999)}",
        "city": str(rng.choice(["Kiel", "Ulm", "Bonn"])),
    }


ANN = somebody(500) | {"first_name": "Ann", "last_name": "Zwillich", "street": "Ährenweg 17"}
ANNA = ANN | {"last_name": "Zwilich", "email": "ann.zwilich@people.example"}
TWIN = ANN | {"first_name": "Rufus", "email": "rufus@people.example"}
# Old enough to be told from the first, alike enough to be asked about.
PERHAPS = somebody(1)
LIKE_HER = {
    name: PERHAPS[name] for name in ("first_name", "last_name", "birthday")
} | {"city": "Rom", "postcode": "00100", "email": "other@people.example"}  # fmt: skip


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def shop(tmp_path: Path, clock: Clock) -> Iterator[Tailorbird]:
    """Return a shop of sixty people, of Ann who came twice, of her twin, and of two alike."""
    with Tailorbird.open(tmp_path / "shop", clock=clock, environment={}) as tb:
        say(tb, {f"u{number}": somebody(number) for number in range(60)})
        say(tb, {"ann": ANN, "anna": ANNA, "rufus": TWIN, "like": LIKE_HER})
        yield tb


def say(tb: Tailorbird, people: dict[str, Traits]) -> None:
    batch = [
        {"type": "identify", "userId": user, "traits": traits, "messageId": f"{user}-{tb.clock()}"}
        for user, traits in people.items()
    ]
    tb.world.log.append([Body("server:shop", tb.clock(), msgspec.json.encode({"batch": batch}))])
    tb.ingest()


def run(tb: Tailorbird, *, merge: bool | None = None) -> matching.Run:
    done = Matching(tb.world, tb.clock()).run(merge=merge)
    tb.ingest()
    return done


def asked(tb: Tailorbird) -> dict[tuple[PersonId, PersonId], str]:
    found = Matching(tb.world, tb.clock()).page("waiting")
    return {(match.one, match.two): match.why for match in found}


def both(tb: Tailorbird, one: str, two: str) -> tuple[PersonId, PersonId]:
    first, second = sorted((tb.person(one), tb.person(two)))
    return first, second


def test_sure_pairs_are_merged_and_unsure_ones_wait(shop: Tailorbird) -> None:
    twins, alike = both(shop, "ann", "rufus"), both(shop, "u1", "like")
    done = run(shop, merge=True)
    assert shop.person("ann") == shop.person("anna")
    assert shop.person("ann") != shop.person("rufus")
    assert done.merged == 1
    waiting = asked(shop)
    assert waiting[twins] == matching.TWINS
    assert waiting.get(alike) in (matching.UNSURE, None)
    (merge,) = shop.merging.merges("ann")
    assert (merge.by, merge.source) == ("matching", "identity")
    assert "birthday same" in merge.evidence


def test_nothing_is_merged_unasked_unless_the_setting_says_so(shop: Tailorbird) -> None:
    run(shop)
    assert asked(shop)[both(shop, "ann", "anna")] == matching.SURE
    assert shop.person("ann") != shop.person("anna")


def test_whoever_is_accepted_is_one_person_and_can_be_parted_again(shop: Tailorbird) -> None:
    one, two = both(shop, "ann", "anna")
    run(shop)
    Matching(shop.world, shop.clock()).accept(two, one, reason="she said so", author="eve")
    shop.ingest()
    assert shop.person("ann") == shop.person("anna")
    (merge,) = shop.merging.merges("ann")
    assert (merge.by, merge.reason, merge.author) == ("hand", "she said so", "eve")
    with pytest.raises(ConflictError, match="do not wait: they are merged"):
        Matching(shop.world, shop.clock()).accept(one, two)

    shop.unmerge("ann", "anna", reason="they are two after all")
    run(shop, merge=True)
    assert shop.person("ann") != shop.person("anna"), "matching never merges whom somebody parted"
    assert (one, two) not in asked(shop)


def test_a_rejected_pair_is_asked_about_again_only_when_it_has_changed(
    shop: Tailorbird, clock: Clock
) -> None:
    pair = both(shop, "ann", "anna")
    run(shop)
    Matching(shop.world, shop.clock()).reject(*pair, reason="mother and daughter", author="eve")
    run(shop, merge=True)
    assert shop.person("ann") != shop.person("anna")
    assert pair not in asked(shop)

    clock.now += HOUR
    say(shop, {"anna": {"phone": "+49 431 1234567"}, "ann": {"phone": "+49 431 1234567"}})
    for _ in range(2):
        run(shop, merge=True)
        assert asked(shop)[pair] == matching.ASKED
        assert shop.person("ann") != shop.person("anna"), "whoever was rejected is asked about"


def test_accounts_beyond_the_limit_are_not_merged_unasked(shop: Tailorbird, clock: Clock) -> None:
    others = {f"ann{n}": ANN | {"email": f"ann{n}@people.example"} for n in range(3)}
    say(shop, others)
    pair = both(shop, "ann", "ann0")
    run(shop, merge=True)
    assert shop.person("ann") != shop.person("ann0")
    assert asked(shop)[pair] == matching.ACCOUNTS


def test_an_address_that_many_share_says_nothing(shop: Tailorbird) -> None:
    phone = {"phone": "+49 30 5550000"}
    say(shop, {f"u{number}": phone for number in range(20, 40)})
    run(shop)
    shown = [
        match
        for match in Matching(shop.world, shop.clock()).page(None)
        if any(each.field == "phone" for each in match.evidence)
    ]
    assert shown == []


class Cut:
    """A log whose power fails when somebody appends."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def append(self, bodies: Sequence[Body]) -> int:
        raise KeyboardInterrupt(f"{len(bodies)} bodies")

    def append_from(self, reader: str, bodies: Sequence[Body], progress: str) -> int:
        return self._log.append_from(reader, bodies, progress)

    def progress(self, reader: str) -> str:
        return self._log.progress(reader)

    def read(self, after: int, limit: int, size: int | None = None) -> list[LogRecord]:
        return self._log.read(after, limit, size)

    def end(self) -> int:
        return self._log.end()


@pytest.mark.parametrize("is_said", [False, True], ids=["before the log", "after the log"])
def test_a_kill_between_the_decision_and_the_log_loses_nothing(
    shop: Tailorbird, clock: Clock, is_said: bool
) -> None:
    dark = dataclasses.replace(shop.world, log=Cut(shop.world.log))
    with pytest.raises(KeyboardInterrupt):
        Matching(dark, shop.clock()).run(merge=True)
    if is_said:  # the word is in the log, but nobody wrote down that it is
        (decided,) = shop.world.matches.page("merging", 0, 9)
        shop.world.log.append([matching._body(decided)])
    clock.now += HOUR
    assert matching.run_due(shop.world, shop.clock())
    shop.ingest()
    assert shop.person("ann") == shop.person("anna")
    assert len(shop.merging.merges("ann")) == 1
    assert Matching(shop.world, shop.clock()).page("merging") == []


def test_it_runs_once_a_day(shop: Tailorbird, clock: Clock) -> None:
    ran = []
    for _ in range(50):
        ran.append(matching.run_due(shop.world, shop.clock()))
        clock.now += HOUR
    assert [hour for hour, done in enumerate(ran) if done] == [1, 25, 49]


def test_it_does_not_run_when_it_is_off(tmp_path: Path) -> None:
    off = {"TAILORBIRD_IDENTITY__MATCHING": "off"}
    with Tailorbird.open(tmp_path / "off", clock=Clock(NOW), environment=off) as tb:
        assert not matching.run_due(tb.world, tb.clock())


def test_no_value_that_was_compared_stands_in_any_file(
    shop: Tailorbird, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run(shop, merge=True)
    shop.close()
    # The spellings that are compared exist nowhere but in the memory of a run.
    compared = (b"ahrenweg 17", str(ANN["birthday"]).replace("-", "").encode())
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 3
    found = [(path.name, word) for path in files for word in compared if word in path.read_bytes()]
    assert found == []


def test_what_is_kept_of_a_match_names_no_value(shop: Tailorbird) -> None:
    run(shop)
    kept = msgspec.json.encode(Matching(shop.world, shop.clock()).page(None)).decode().lower()
    values = {str(value).lower() for person in (ANN, ANNA, TWIN) for value in person.values()}
    assert [value for value in values if value in kept] == []


def test_the_commands_show_evidence_and_decide(
    shop: Tailorbird, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = both(shop, "ann", "anna")
    folder = str(shop.world.folder)
    shop.close()
    said: Callable[..., Any] = lambda *words: (  # noqa: E731 - short
        cli.run(["matches", *words, "--folder", folder, "--json"]),
        json.loads(capsys.readouterr().out),
    )[1]
    assert said("run", "--review")["merged"] == 0
    assert said("list", "--state", "waiting")["counts"]["waiting"] >= 2
    shown = said("show", str(one), str(two))
    assert (shown["one"]["street"], shown["two"]["last_name"]) == ("Ährenweg 17", "Zwilich")
    likeness = {each["field"]: each["likeness"] for each in shown["match"]["evidence"]}
    assert likeness["last_name"] == "one typing error"
    assert said("reject", str(one), str(two), "--reason", "two")["state"] == "rejected"
    assert cli.run(["matches", "accept", str(one), str(two), "--folder", folder]) == 1


def ask(
    tb: Tailorbird, method: str, path: str, content: Any = None, *, key: str = ""
) -> httpx.Response:
    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(site(tb))
        headers = {"authorization": f"Bearer {key}"} if key else {}
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            more = {} if content is None else {"json": content}
            return await client.request(method, f"/api/v1{path}", headers=headers, **more)

    return anyio.run(asked)


def test_the_api_shows_the_queue_and_takes_decisions(shop: Tailorbird) -> None:
    one, two = both(shop, "ann", "anna")
    twins = both(shop, "ann", "rufus")
    run(shop)
    listed = ask(shop, "GET", "/matches?state=waiting&limit=1").json()
    assert listed["next"] == "1"
    assert "Zwil" not in json.dumps(listed)
    shown = ask(shop, "GET", f"/matches/{one}/{two}").json()
    assert shown["one"]["last_name"] == "Zwillich"
    assert ask(shop, "GET", "/matches/998/999").status_code == 404

    path = f"/matches/{one}/{two}/accept"
    assert ask(shop, "POST", path, {}).status_code == 401, "nobody without a key decides"
    made, key = keys.make(
        "office", "secret", now=shop.clock(), entropy=os.urandom, scopes=("read", "admin")
    )
    shop.world.keys.add(made)
    accepted = ask(shop, "POST", path, {"reason": "one", "author": "eve"}, key=key).json()
    assert (accepted["state"], accepted["by"]) == ("merged", "api")
    assert ask(shop, "POST", path, {}, key=key).status_code == 409
    path = f"/matches/{twins[0]}/{twins[1]}/reject"
    assert ask(shop, "POST", path, {}, key=key).json()["state"] == "rejected"
    shop.ingest()
    assert shop.person("ann") == shop.person("anna")
