"""Keys are made, take over on their day, and are nobody else's to read."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tailorbird.delivery.dkim_keys import DkimKeys
from tailorbird.errors import SettingsError, UsageError
from tailorbird.schema import DAY, SECOND

NOW = 1_760_000_000 * SECOND


@pytest.fixture
def keys(tmp_path: Path) -> DkimKeys:
    return DkimKeys(tmp_path)


def test_the_first_pair_signs_at_once_with_both_algorithms(keys: DkimKeys) -> None:
    pair = keys.make("shop.example", now=NOW, active_from=NOW)
    assert keys.active("shop.example", NOW) == pair
    assert pair.selectors() == ("tb20251009", "tb20251009e")
    signers = keys.signers(pair)
    assert [signer.algorithm for signer in signers] == ["rsa", "ed25519"]
    assert [signer.record()[:18] for signer in signers] == [
        "v=DKIM1; k=rsa; p=",
        "v=DKIM1; k=ed25519",
    ]
    content = b"From: a@shop.example\r\n\r\nx\r\n"
    assert signers[0].sign(content, NOW).startswith(b"DKIM-Signature: v=1; a=rsa-sha256")


def test_a_new_pair_takes_over_on_its_day_and_not_before(keys: DkimKeys) -> None:
    first = keys.make("shop.example", now=NOW, active_from=NOW)
    second = keys.make("shop.example", now=NOW, active_from=NOW + 2 * DAY)
    assert set(first.selectors()).isdisjoint(second.selectors())
    assert keys.active("shop.example", NOW + 2 * DAY - 1) == first
    assert keys.active("shop.example", NOW + 2 * DAY) == second
    assert keys.pairs("SHOP.example") == [first, second]


def test_nobody_but_the_owner_can_read_them(keys: DkimKeys, tmp_path: Path) -> None:
    keys.make("shop.example", now=NOW, active_from=NOW)
    folder = tmp_path / "dkim" / "shop.example"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = sorted(folder.iterdir())
    assert len(files) == 3
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_no_word_of_a_key_is_in_what_is_printed(keys: DkimKeys, tmp_path: Path) -> None:
    pair = keys.make("shop.example", now=NOW, active_from=NOW)
    secret = (tmp_path / "dkim" / "shop.example" / f"{pair.rsa_selector}.pem").read_text()
    said = (
        repr(pair) + repr(keys) + "".join(repr(each) + each.record() for each in keys.signers(pair))
    )
    assert not any(line in said for line in secret.splitlines()[1:-1])


def test_a_third_pair_waits_for_the_second(keys: DkimKeys) -> None:
    keys.make("shop.example", now=NOW, active_from=NOW)
    keys.make("shop.example", now=NOW, active_from=NOW + DAY)
    with pytest.raises(UsageError, match="do not sign yet"):
        keys.make("shop.example", now=NOW, active_from=NOW + DAY)
    third = keys.make("shop.example", now=NOW + DAY, active_from=NOW + 3 * DAY)
    assert third.active_from == NOW + 3 * DAY


def test_what_signs_cannot_be_removed_and_what_does_not_can(keys: DkimKeys, tmp_path: Path) -> None:
    first = keys.make("shop.example", now=NOW, active_from=NOW)
    with pytest.raises(UsageError, match="signs the mails"):
        keys.remove("shop.example", first.rsa_selector, now=NOW)
    second = keys.make("shop.example", now=NOW, active_from=NOW + DAY)
    assert keys.remove("shop.example", first.ed25519_selector, now=NOW + DAY) == first
    assert keys.pairs("shop.example") == [second]
    assert len(list((tmp_path / "dkim" / "shop.example").glob("*.pem"))) == 2
    with pytest.raises(UsageError, match="no key"):
        keys.remove("shop.example", "s1", now=NOW)


@pytest.mark.parametrize("domain", ["", "shop", "../shop.example", "a/b.example", "shop example.x"])
def test_what_is_no_domain_gets_no_folder(keys: DkimKeys, domain: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no domain"):
        keys.make(domain, now=NOW, active_from=NOW)
    assert list(tmp_path.iterdir()) == []


def test_damage_is_named_with_its_file(keys: DkimKeys, tmp_path: Path) -> None:
    pair = keys.make("shop.example", now=NOW, active_from=NOW)
    folder = tmp_path / "dkim" / "shop.example"
    (folder / f"{pair.rsa_selector}.pem").unlink()
    with pytest.raises(SettingsError, match=pair.rsa_selector):
        keys.signers(pair)
    (folder / "keys.json").write_text("[{")
    with pytest.raises(SettingsError, match=r"keys\.json"):
        keys.pairs("shop.example")
