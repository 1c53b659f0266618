"""Sealed fields open with the right key alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag

from tailorbird.errors import StoreError
from tailorbird.privacy.vault import Vault, load_key


def test_what_is_sealed_opens_with_the_persons_key_alone() -> None:
    vault = Vault(b"k" * 32)
    ann, bob = vault.new_key(), vault.new_key()
    sealed = vault.seal(ann, b"Ann")
    assert vault.unseal(ann, sealed) == b"Ann"
    with pytest.raises(InvalidTag):
        vault.unseal(bob, sealed)


def test_another_folders_key_opens_nothing() -> None:
    ann = Vault(b"k" * 32).new_key()
    with pytest.raises(StoreError, match="another key"):
        Vault(b"x" * 32).seal(ann, b"Ann")


def test_sealing_twice_shows_no_likeness() -> None:
    vault = Vault(b"k" * 32)
    ann = vault.new_key()
    assert vault.seal(ann, b"Ann") != vault.seal(ann, b"Ann")


def test_blind_indexes_differ_by_kind_and_by_folder() -> None:
    one, two = Vault(b"k" * 32), Vault(b"x" * 32)
    assert one.blind("email", "a") == one.blind("email", "a")
    assert len({one.blind("email", "a"), one.blind("user_id", "a"), two.blind("email", "a")}) == 3


def test_the_key_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    key = load_key(tmp_path)
    assert load_key(tmp_path) == key
    assert (tmp_path / "tailorbird.key").stat().st_mode & 0o077 == 0


def test_a_folder_with_data_and_no_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tailorbird.sqlite").touch()
    with pytest.raises(StoreError, match="restore this file from a backup"):
        load_key(tmp_path)


def test_a_damaged_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tailorbird.key").write_bytes(b"short")
    with pytest.raises(StoreError, match="5 bytes instead of 32"):
        load_key(tmp_path)
