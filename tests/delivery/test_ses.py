"""Amazon SES: the signature is the one that Amazon's own library makes, and moto takes the mail."""

from __future__ import annotations

import importlib
import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from werkzeug.serving import make_server

from tailorbird.delivery.carriers.inbox import InboxCarrier
from tailorbird.delivery.carriers.kinds import Place
from tailorbird.delivery.carriers.registry import kind
from tailorbird.delivery.carriers.ses import PATH, Ses, SesSettings
from tailorbird.schema import SECOND, Outgoing

NOW = 1_440_938_160 * SECOND
CONTENT = b"From: hello@shop.example\r\nTo: ann@people.example\r\nSubject: Hi\r\n\r\nHello\r\n"


def ses(base_url: str = "", **more: Any) -> Ses:
    made = SesSettings(
        region="eu-central-1",
        access_key_id="AKIDEXAMPLE",
        secret_access_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        base_url=base_url,
        **more,
    )
    return Ses(made, lambda: NOW)


@pytest.mark.parametrize("token", ["", "temporary+token=="])
@pytest.mark.parametrize("base_url", ["", "https://email.us-east-1.amazonaws.com"])
def test_the_signature_is_that_of_amazons_own_library(
    token: str, base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth: Any = importlib.import_module("botocore.auth")
    request_module: Any = importlib.import_module("botocore.awsrequest")
    credentials: Any = importlib.import_module("botocore.credentials")
    api = ses(base_url, session_token=token)
    ours = api.signed("POST", PATH, b'{"a": 1}')
    then = datetime.fromtimestamp(NOW // SECOND, UTC).replace(tzinfo=None)
    monkeypatch.setattr(
        auth, "datetime", SimpleNamespace(datetime=SimpleNamespace(utcnow=lambda: then)), False
    )
    monkeypatch.setattr(auth, "get_current_datetime", lambda: then, raising=False)
    theirs = request_module.AWSRequest(
        "POST", api.base_url + PATH, {"content-type": "application/json"}, b'{"a": 1}'
    )
    who = credentials.Credentials(
        "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token or None
    )
    auth.SigV4Auth(who, "ses", "eu-central-1").add_auth(theirs)
    assert ours["x-amz-date"] == theirs.headers["X-Amz-Date"]
    assert ours["Authorization"] == theirs.headers["Authorization"]


@pytest.fixture(scope="module")
def amazon() -> Iterator[str]:
    """Return the address of moto, which stands for Amazon."""
    moto: Any = importlib.import_module("moto.server")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, moto.DomainDispatcherApplication(moto.create_backend_app))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_moto_takes_the_mail_once_the_sender_is_verified(
    amazon: str, tmp_path: Path, journal: Any
) -> None:
    made = kind("ses")
    table = {
        "region": "eu-central-1",
        "access_key_id": "AKID",
        "secret_access_key": "hush",
        "base_url": amazon,
        "connections": 1,
    }
    inbox = InboxCarrier(tmp_path)
    place = Place("ses", tmp_path, "shop.example", lambda: NOW, inbox)
    carrier = made.opened(made.read(table, "here"), place)
    mail = Outgoing(b"1" * 16, "b@shop.example", "ann@people.example", CONTENT)
    state: Any = importlib.import_module("moto.ses.models")
    backend = state.ses_backends["123456789012"]["eu-central-1"]
    backend.verify_email_identity("hello@shop.example")
    (reply,) = carrier.send(iter([mail]), journal)
    carrier.close()
    inbox.close()
    assert reply.kind == "accepted", reply
    (kept,) = backend.sent_messages
    assert CONTENT.decode().replace("\r\n", "\n") in kept.raw_data.replace("\r\n", "\n")
    assert set(kept.destinations) == {"ann@people.example"}
