"""What changed about people reaches its receivers: signed, in order, at least once, by one id."""

from __future__ import annotations

import http.server
import json
import os
import random
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tailorbird import cli, flow, notify, pacing, posting, profiles
from tailorbird.access import Hook, Notice
from tailorbird.app import Tailorbird
from tailorbird.errors import UsageError
from tailorbird.notify import Answer
from tailorbird.posting import Poster
from tailorbird.schema import DAY, SECOND, Body
from tailorbird.settings import HooksOut
from tailorbird.web.hook_sender import HookSender

START = 1_790_000_000 * SECOND


@dataclass
class Receiver:
    """A web server on this machine that keeps what it is sent and answers as it is told."""

    url: str = ""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    held: threading.Event = field(default_factory=threading.Event)

    def said(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]

    def types(self) -> list[str]:
        return [each["type"] for each in self.said()]

    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    kept = Receiver()
    kept.held.set()

    class Door(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            kept.held.wait(30)
            kept.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
            status = kept.answers.pop(0) if kept.answers else 200
            self.send_response(status)
            if status == 302:
                self.send_header("location", f"{kept.url}/elsewhere")
            self.end_headers()
            self.wfile.write(b"as you say")

        def log_message(self, *args: Any) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
    kept.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield kept
    server.shutdown()
    thread.join()
    server.server_close()


class Shop:
    """A folder whose clock we move, and its sender, which goes when it is called."""

    def __init__(self, folder: Path) -> None:
        self.now = START
        self.folder = folder
        self.tb = self._opened()
        self.sending = self.with_post(Poster(HooksOut(allow_loopback=True, timeout_seconds=5)))

    def _opened(self) -> Tailorbird:
        return Tailorbird.open(self.folder, clock=lambda: self.now, environment={})

    def reopen(self) -> None:
        self.tb.close()
        self.tb = self._opened()

    def with_post(self, post: notify.Post) -> notify.Sending:
        return notify.Sending(post, time.time, random.Random(7).uniform, 5)

    def hook(
        self, url: str, types: Sequence[str] = (), fields: Sequence[str] = ()
    ) -> tuple[Hook, bytes]:
        made = notify.make_hook(url, types, fields, now=self.now, entropy=os.urandom)
        self.tb.world.hooks.add(*made)
        self.tick()
        return made

    def say(self, *events: dict[str, Any], source: str = "import") -> None:
        body = json.dumps({"batch": list(events)}).encode()
        self.tb.world.log.append([Body(source, self.now, body)])

    def tick(self) -> None:
        self.now += SECOND
        flow.tick(self.tb.world, self.now)

    def send(self) -> int:
        world = self.tb.world
        return sum(
            notify.send_due(world, hook, self.sending, self.now)
            for hook in world.hooks.all()
            if not hook.disabled
        )

    def the_hook(self) -> Hook:
        (found,) = self.tb.world.hooks.all()
        return found

    def notices(self) -> list[Notice]:
        return self.tb.world.hooks.page("", 0, 100)[::-1]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path / "data")
    yield made
    made.tb.close()


def ada(**traits: Any) -> dict[str, Any]:
    return {
        "type": "identify", "userId": "ada", "messageId": os.urandom(8).hex(),
        "traits": {"email": "ada@people.example", **traits},
    }  # fmt: skip


def test_a_receiver_verifies_what_it_gets_with_the_library_of_the_standard(
    shop: Shop, receiver: Receiver
) -> None:
    _, secret = shop.hook(receiver.url)
    shop.say(ada(country="GB"))
    shop.tick()
    assert shop.send() == 1
    ((headers, body),) = receiver.got
    library = Webhook(notify.shown(secret))
    assert library.verify(body, headers)["type"] == "person.created"
    with pytest.raises(WebhookVerificationError):
        library.verify(body + b" ", headers)
    assert headers["content-type"] == "application/json"


def test_only_what_changed_is_told_and_values_go_only_where_they_are_asked_for(
    shop: Shop, receiver: Receiver
) -> None:
    shop.say(ada(country="GB", points=1))
    shop.tick()
    shop.hook(receiver.url, ["person.updated"], ["country"])
    shop.say(ada(country="DE", points=2))
    shop.tick()
    shop.say(ada(country="DE", points=2))
    shop.tick()
    shop.send()
    (said,) = receiver.said()
    assert said["data"]["changed"] == ["country", "points"]
    assert said["data"]["traits"] == {"country": "DE"}
    kept = b"".join(notice.content for notice in shop.notices())
    assert b"DE" not in kept
    assert b"ada@" not in kept


def test_who_was_there_before_the_hook_is_no_news(shop: Shop, receiver: Receiver) -> None:
    shop.say(ada())
    shop.tick()
    shop.hook(receiver.url)
    shop.tick()
    assert shop.notices() == []
    assert shop.send() == 0


def test_consent_merge_segment_and_forgetting_are_told_in_order(
    shop: Shop, receiver: Receiver
) -> None:
    shop.tb.put("segment", "britons", "name: britons\nwhere:\n  trait: country\n  is: GB\n")
    shop.hook(receiver.url)
    shop.say(ada(country="GB"))
    shop.say({"type": "identify", "userId": "bob", "messageId": "b", "traits": {"x": 1}})
    shop.tick()
    granted = {"type": "track", "event": "consent_changed", "userId": "ada", "messageId": "c",
               "context": {"consent": {"tracking": True}}}  # fmt: skip
    shop.say(granted)
    shop.tick()
    one, two = (shop.tb.person(f"{who}") for who in ("ada", "bob"))
    shop.tb.world.log.append([profiles.merged_body(one, two, reason="same", at=shop.now, by="api")])
    shop.tick()
    shop.say(
        {"type": "track", "event": "person_forgotten", "messageId": "f",
         "context": {"personId": one}}, source="rest",
    )  # fmt: skip
    shop.tick()
    shop.send()
    assert receiver.types()[:3] == ["person.created", "person.created", "segment.entered"]
    told = {each["type"]: each["data"] for each in receiver.said()}
    assert told["consent.changed"] == {"person": one, "purpose": "tracking", "granted": True}
    assert told["person.merged"] == {"person": one, "merged": two}
    left = told["segment.left"]
    assert (left["person"], left["segment"], left["cause"]) == (one, "britons", "event")
    assert told["person.forgotten"]["person"] == one
    assert len(set(receiver.ids())) == len(receiver.ids())


def test_streams_that_are_held_and_go_on_again_are_told_once(
    shop: Shop, receiver: Receiver
) -> None:
    world = shop.tb.world
    pacing.hold(world.settings, world.lanes, "old.example/gmx", "an old story", shop.now)
    hook, _ = shop.hook(receiver.url)
    pacing.hold(world.settings, world.lanes, "shop.example/gmail", "too many bounces", shop.now)
    for _ in range(2):
        shop.tick()
    pacing.resume(world.settings, world.lanes, "", shop.now + SECOND)
    shop.tick()
    notify.send_due(world, hook, shop.sending, shop.now)
    said = [(each["type"], each["data"]) for each in receiver.said()]
    since = "2026-09-21T14:13:2"
    gmail = {
        "stream": "shop.example/gmail", "reason": "too many bounces", "since": f"{since}1Z",
    }  # fmt: skip
    gmx = {"stream": "old.example/gmx", "reason": "an old story", "since": f"{since}0Z"}
    assert said[0] == ("delivery.held", gmail)
    assert sorted(said[1:], key=str) == [("delivery.resumed", gmx), ("delivery.resumed", gmail)]


def test_a_failed_notice_waits_longer_each_time_and_keeps_its_id_and_its_place(
    shop: Shop, receiver: Receiver
) -> None:
    shop.hook(receiver.url)
    shop.say(ada())
    shop.tick()
    shop.say(ada(country="GB"))
    shop.tick()
    receiver.answers = [500, 503]
    assert shop.send() == 0
    assert shop.send() == 0
    assert len(receiver.got) == 1
    shop.now += 10 * SECOND
    assert shop.send() == 0
    waits = [notice.due_at - shop.now for notice in shop.notices()]
    assert 15 * SECOND < waits[0] < 25 * SECOND
    shop.now += 25 * SECOND
    assert shop.send() == 2
    assert receiver.types() == ["person.created"] * 3 + ["person.updated"]
    assert len(set(receiver.ids())) == 2
    assert {notice.state for notice in shop.notices()} == {"delivered"}
    assert shop.the_hook().failing_since == 0


def test_a_kill_between_answer_and_note_tells_again_under_the_same_id(
    shop: Shop, receiver: Receiver
) -> None:
    shop.hook(receiver.url)
    shop.say(ada())
    shop.tick()
    post = Poster(HooksOut(allow_loopback=True))

    class Killed(BaseException):
        pass

    def dying(url: str, headers: Any, body: bytes) -> Answer:
        post(url, headers, body)
        raise Killed

    shop.sending = shop.with_post(dying)
    with pytest.raises(Killed):
        shop.send()
    shop.reopen()
    shop.sending = shop.with_post(post)
    assert shop.send() == 1
    first, second = receiver.ids()
    assert first == second


def test_a_kill_before_the_notices_are_kept_loses_and_doubles_none(
    shop: Shop, receiver: Receiver
) -> None:
    shop.hook(receiver.url)
    shop.say(ada())
    flow.ingest(shop.tb.world)
    shop.reopen()
    shop.tick()
    shop.reopen()
    shop.tick()
    assert [notice.type for notice in shop.notices()] == ["person.created"]


def test_a_rebuild_tells_nothing_again(shop: Shop, receiver: Receiver) -> None:
    shop.hook(receiver.url)
    shop.say(ada(country="GB"))
    shop.tick()
    told = shop.notices()
    shop.tb.rebuild()
    shop.tick()
    assert shop.notices() == told


def test_a_receiver_that_is_gone_is_disabled_at_once(shop: Shop, receiver: Receiver) -> None:
    shop.hook(receiver.url)
    shop.say(ada())
    shop.tick()
    receiver.answers = [410]
    shop.send()
    assert "410" in shop.the_hook().disabled
    shop.now += DAY
    assert shop.send() == 0
    assert len(receiver.got) == 1


def test_a_receiver_that_fails_for_days_is_disabled_with_the_reason(shop: Shop) -> None:
    shop.hook("http://127.0.0.1:1/")
    shop.say(ada())
    shop.tick()
    for _ in range(40):
        shop.send()
        shop.now += DAY // 4
    assert "failed for 5 days" in shop.the_hook().disabled
    shop.tb.world.hooks.mark(shop.the_hook().id)
    assert shop.the_hook().disabled == ""


def test_a_notice_can_be_sent_again_by_hand(shop: Shop, receiver: Receiver) -> None:
    shop.hook(receiver.url)
    shop.say(ada())
    shop.tick()
    shop.send()
    (notice,) = shop.notices()
    assert shop.tb.world.hooks.again(notice.id, shop.now)
    assert not shop.tb.world.hooks.again("msg_none", shop.now)
    assert shop.send() == 1
    assert receiver.ids() == [notice.id] * 2


def test_a_redirect_is_not_followed(shop: Shop, receiver: Receiver) -> None:
    shop.hook(receiver.url)
    shop.say(ada())
    shop.tick()
    receiver.answers = [302]
    assert shop.send() == 0
    assert len(receiver.got) == 1
    assert shop.notices()[0].status == 302


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1",
        "fec0::1",
    ],
)  # fmt: skip
def test_webhooks_go_to_no_address_that_is_not_public(address: str) -> None:
    assert not posting.allowed(address, HooksOut())


def test_leave_is_given_for_loopback_and_private_networks_apart() -> None:
    loopback, private = HooksOut(allow_loopback=True), HooksOut(allow_private=True)
    assert posting.allowed("1.1.1.1", HooksOut())
    assert posting.allowed("2606:4700::1111", HooksOut())
    assert posting.allowed("127.0.0.1", loopback)
    assert not posting.allowed("10.0.0.1", loopback)
    assert posting.allowed("10.0.0.1", private)
    assert not posting.allowed("169.254.169.254", private)
    assert not posting.allowed("127.0.0.1", private)


@pytest.mark.parametrize(
    "url",
    ["http://x.example/", "ftp://x.example/", "https://user@x.example/", "https:///x",
     "https://x.example:port/", "https://x..example/", f"https://{'x' * 64}.example/",
     "https://x.example/\u00fc", "https://x.example/?\u00fc", "https://\u202ex.example/"],
)  # fmt: skip
def test_webhooks_go_by_https_to_a_plain_address(url: str) -> None:
    with pytest.raises(UsageError):
        posting.checked(url, HooksOut())
    assert Poster(HooksOut())(url, {}, b"{}").status == 0


def test_a_name_that_leads_to_this_machine_is_not_posted_to(receiver: Receiver) -> None:
    port = receiver.url.rpartition(":")[2]
    answer = Poster(HooksOut(allow_private=True))(f"http://localhost:{port}/", {}, b"{}")
    assert answer.status == 0
    assert "not public" in answer.text
    assert receiver.got == []


def test_the_secret_is_sealed_on_the_disk(shop: Shop, receiver: Receiver) -> None:
    _, secret = shop.hook(receiver.url)
    assert shop.tb.world.hooks.secret(shop.the_hook().id) == secret
    shop.tb.close()
    kept = b"".join(path.read_bytes() for path in shop.folder.glob("tailorbird.sqlite*"))
    assert secret not in kept
    shop.tb = shop._opened()


def test_a_slow_receiver_keeps_no_other_waiting(shop: Shop, receiver: Receiver) -> None:
    quick: list[str] = []
    done = threading.Event()
    slow, _ = shop.hook("http://slow.example/")
    fast, _ = shop.hook("http://fast.example/")
    shop.say(ada())
    shop.tick()
    started = threading.Event()

    def post(url: str, headers: Any, body: bytes) -> Answer:
        if "slow" in url:
            started.set()
            done.wait(30)
        quick.append(url)
        return Answer(200, "")

    sender = HookSender(shop.tb.world, lambda: shop.now)
    sender._sending = shop.with_post(post)
    sender.start()
    assert started.wait(30)
    while quick != ["http://fast.example/"]:
        assert not done.is_set()
    done.set()
    sender.stop()
    assert quick == ["http://fast.example/", "http://slow.example/"]
    assert {notice.state for notice in shop.notices()} == {"delivered"}
    assert slow.id != fast.id


def test_the_server_sends_by_itself(receiver: Receiver, tmp_path: Path) -> None:
    leave = {"TAILORBIRD_HOOKS_OUT__ALLOW_LOOPBACK": "true"}
    with Tailorbird.open(tmp_path / "served", environment=leave) as tb:
        tb.world.hooks.add(
            *notify.make_hook(receiver.url, (), (), now=tb.clock(), entropy=os.urandom)
        )
        sender = HookSender(tb.world, tb.clock)
        sender.start()
        flow.tick(tb.world, tb.clock())
        body = json.dumps(ada()).encode()
        tb.world.log.append([Body("import", tb.clock(), body)])
        flow.tick(tb.world, tb.clock())
        deadline = time.monotonic() + 30
        while not receiver.got:
            assert time.monotonic() < deadline
        sender.stop()
    assert receiver.types() == ["person.created"]


def test_nobody_listening_costs_nothing_and_keeps_nothing(shop: Shop, receiver: Receiver) -> None:
    hook, _ = shop.hook(receiver.url)
    shop.say(ada())
    shop.tick()
    assert shop.tb.world.hooks.remove(hook.id, shop.now)
    shop.tick()
    assert shop.tb.world.hooks.progress("people") == ""
    assert shop.tb.world.hooks.told([1]) == {}
    assert {notice.state for notice in shop.notices()} == {"given_up"}


def test_keys_and_hooks_are_kept_by_commands_beside_an_open_folder(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*words: str) -> Any:
        assert cli.run([*words, "-C", str(shop.folder), "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    made = run("hooks", "create", "https://shop.example/x", "--type", "person.created")
    assert made["secret"].startswith("whsec_")
    assert shop.the_hook().types == ("person.created",)
    shop.tick()
    shop.say(ada())
    shop.tick()
    (notice,) = run("hooks", "deliveries")["notices"]
    assert run("hooks", "redeliver", notice["id"]) == {"redeliver": notice["id"]}
    shop.tb.world.hooks.mark(made["id"], disabled="it failed")
    assert [each["disabled"] for each in run("hooks", "list")] == ["it failed"]
    run("hooks", "enable", made["id"])
    assert shop.the_hook().disabled == ""
    run("hooks", "remove", made["id"])
    assert run("hooks", "list") == []
    assert run("keys", "create", "app")["key"].startswith("tbp_")
    assert run("keys", "rotate", "app", "--keep-hours", "0")["name"] == "app"
    assert run("keys", "revoke", "app") == {"name": "app", "revoked": 1}
    assert run("keys", "list")["collector"] == "registered keys only"


def test_a_hook_is_tried_out_by_a_command(
    shop: Shop,
    receiver: Receiver,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hook, _ = shop.hook(receiver.url)
    shop.tb.close()
    monkeypatch.setenv("TAILORBIRD_HOOKS_OUT__ALLOW_LOOPBACK", "true")
    assert cli.run(["hooks", "test", hook.id, "-C", str(shop.folder)]) == 0
    assert "200" in capsys.readouterr().out
    assert receiver.types() == ["test"]
    shop.tb = shop._opened()


@pytest.mark.parametrize(("url", "types"), [("x", ()), ("https://a b", ()), ("https://a", ("y",))])
def test_a_hook_that_makes_no_sense_is_not_made(url: str, types: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        notify.make_hook(url, types, (), now=START, entropy=os.urandom)
