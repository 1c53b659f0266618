"""A wrong setting is refused in plain words, with its place; what was written is never repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from tailorbird import settings
from tailorbird.delivery.carriers import registry
from tailorbird.errors import SettingsError

SECRET = "hunter2-secret"
WRONG = [
    (
        '[delivery]\nsmtp_port = "{}"\n',
        "'delivery.smtp_port' does not fit: it must be a whole number",
    ),
    ('[hooks]\nstripe_secret = ["{}"]\n', "'hooks.stripe_secret' does not fit: it must be text"),
    ("[delivery]\nsmtp_password = 123456\n", "put it in quotes"),
    ('[delivery]\nsmtp_tls = "{}"\n', "known: implicit, none, starttls"),
    ('[hooks_out]\nallow_private = "{}"\n', "it must be true or false"),
    ("[delivery.smtp_port]\n", "'delivery.smtp_port' does not fit: it must be a whole number"),
    ('[ledger]\nurl = ["{}"]\n', "'ledger.url' does not fit: it must be text"),
    ('delivery = "{}"\n', "write a line [delivery] and its settings below it"),
    ('[carriers]\nmine = "{}"\n', "write a line [carriers.mine] and its settings below it"),
    ('[carriers.mine]\napi_key = ["{}"]\n', "'carriers.mine.api_key' does not fit"),
    ("[brands.outlet]\nname = 5\n", "'brands.outlet.name' does not fit: it must be text"),
    ("[brands.outlet]\nnmae = 5\n", "did you mean 'brands.outlet.name'?"),
    ('[conflict]\ncountry = "{}"\n', "'conflict.country' does not fit: it must be a list"),
    ("[conflict]\ncountry = ['a', 5]\n", "'conflict.country[1]' does not fit: it must be text"),
    ('[delivery]\nsmtp_password = "{}\n', "not valid TOML"),
]
OF_CARRIERS = [
    ('kind = "smtp"\nport = "{}"\n', "'port' does not fit: it must be a whole number"),
    ('kind = "sendgrid"\napi_key = 123456\n', "'api_key' does not fit: it must be text; put it"),
    ('kind = "smtp"\ntls = "{}"\n', "'tls' has a value that is not known; known: implicit"),
    ('kind = "smtp"\nprot = "{}"\n', "unknown setting 'prot'; did you mean 'port'?"),
]


def says_nothing_of_it(told: str) -> bool:
    """Return whether no part of a secret is told, and nothing in the words of a library."""
    parts = ("hunter2", "secret'", "123456", "Expected", "`str`", "$")
    return not any(each in told.replace("stripe_secret'", "") for each in parts)


@pytest.mark.parametrize(("text", "told"), WRONG)
def test_a_wrong_setting_is_told_by_its_name_and_never_by_its_value(
    tmp_path: Path, text: str, told: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        settings.load(tmp_path, {}, text.format(SECRET))
    assert told in str(refused.value)
    assert str(refused.value).startswith(str(tmp_path / "tailorbird.toml"))
    assert says_nothing_of_it(str(refused.value))


@pytest.mark.parametrize(("text", "told"), OF_CARRIERS)
def test_a_wrong_setting_of_a_carrier_is_told_by_its_name_alone(
    tmp_path: Path, text: str, told: str
) -> None:
    found, _ = settings.load(tmp_path, {}, "[carriers.mine]\n" + text.format(SECRET))
    with pytest.raises(SettingsError) as refused:
        registry.wanted(found)
    assert told in str(refused.value)
    assert refused.value.where.startswith("carriers.mine")
    assert says_nothing_of_it(str(refused.value))


NO_ADDRESSES = [
    ("shop.example", "it does not begin with http:// or https://"),
    ("localhost:8000", "it does not begin with http:// or https://"),
    ("//shop.example", "it does not begin with http:// or https://"),
    ("https:/shop.example", "it does not begin with http:// or https://"),
    ("javascript:alert(1)", "it does not begin with http:// or https://"),
    ("/var/mail/links", "it does not begin with http:// or https://"),
    ("file:///var/mail/links", "it does not begin with http:// or https://"),
    ("ftp://shop.example", "it does not begin with http:// or https://"),
    ("https://", "it names no host"),
    ("https://:8000", "it names no host"),
    ("https://[::1", "what it names is no host"),
    ("https://my shop.example", "it has a space, or a sign that no address has"),
    (" https://shop.example", "it has a space, or a sign that no address has"),
    ("https://shop.example\\t/a", "it has a space, or a sign that no address has"),
    ("https://shop.example/<b>", "it has a space, or a sign that no address has"),
    ("https://me:hunter2@shop.example", "it has a user name or a password in it"),
    ("https://hunter2@shop.example", "it has a user name or a password in it"),
    ("https://shop.example:99999", "its port is no number up to 65535"),
    ("https://shop.example:hunter2", "its port is no number up to 65535"),
    ("https://shop.example/?a=1", "it has a ? or a # in it"),
    ("https://shop.example/#", "it has a ? or a # in it"),
]
ADDRESSES = [
    "http://127.0.0.1:8000", "http://localhost:8400", "http://[::1]:8400", "HTTPS://Shop.example",
    "https://shop.example/mail", "https://shop.example/", "https://müller.example",
    "https://shop_1.example:8443/a-b/c%20d/",
]  # fmt: skip


@pytest.mark.parametrize("table", ["server", "brands.outlet"])
@pytest.mark.parametrize(("url", "told"), NO_ADDRESSES)
def test_links_begin_with_no_base_url_that_is_no_address(
    tmp_path: Path, table: str, url: str, told: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        settings.load(tmp_path, {}, f'[{table}]\nbase_url = "{url}"\n')
    assert refused.value.what.startswith(f"links cannot begin with '{table}.base_url': {told}")
    assert refused.value.where == str(tmp_path / "tailorbird.toml")
    assert "write the address under which people reach this server" in refused.value.mend
    assert says_nothing_of_it(str(refused.value))


def test_an_empty_base_url_is_one_that_a_brand_does_not_have_and_the_server_needs(
    tmp_path: Path,
) -> None:
    assert settings.load(tmp_path, {}, '[brands.outlet]\nbase_url = ""\n')[0].brands
    with pytest.raises(SettingsError, match=r"links cannot begin with 'server\.base_url'"):
        settings.load(tmp_path, {}, '[server]\nbase_url = ""\n')


def test_a_base_url_of_the_environment_is_told_by_its_variable(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="environment variable TAILORBIRD_SERVER__BASE_URL"):
        settings.load(tmp_path, {"TAILORBIRD_SERVER__BASE_URL": "shop.example"})


@pytest.mark.parametrize("url", ADDRESSES)
def test_a_base_url_that_is_an_address_is_taken_as_it_is_written(tmp_path: Path, url: str) -> None:
    text = f'[server]\nbase_url = "{url}"\n[brands.outlet]\nbase_url = "{url}"\n'
    found, _ = settings.load(tmp_path, {}, text)
    assert found.server.base_url == found.brands["outlet"].base_url == url


def test_a_wrong_variable_is_told_by_its_own_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        settings.load(tmp_path, {"TAILORBIRD_DELIVERY__SMTP_PORT": SECRET})
    assert refused.value.where == "environment variable TAILORBIRD_DELIVERY__SMTP_PORT"
    assert says_nothing_of_it(str(refused.value))


def test_a_variable_below_what_is_no_table_in_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="'delivery' is a table of settings"):
        settings.load(tmp_path, {"TAILORBIRD_DELIVERY__SMTP_PORT": "5"}, "delivery = 'x'")


def test_a_file_in_another_encoding_is_told_by_its_place(tmp_path: Path) -> None:
    (tmp_path / "tailorbird.toml").write_bytes(b'[delivery]\nsmtp_password = "p\xe9"\n')
    with pytest.raises(SettingsError, match="it is not UTF-8: see its byte 30") as refused:
        settings.load(tmp_path, {})
    assert "0xe9" not in str(refused.value)
