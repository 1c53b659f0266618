"""A model that was trained elsewhere is judged beside the naive rule, kept, and asked."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from tailorbird import asking, bringing, learning, serving
from tailorbird.app import Tailorbird
from tailorbird.errors import ModelError, UsageError
from tailorbird.posting import Answer

URL = "https://models.example/churn"
TRAITS = ("recency_days", "orders")


def exported(weights: tuple[float, float] = (-0.02, 0.3)) -> bytes:
    """Return a logistic model of recency and orders, as another tool exports it."""
    onnx = pytest.importorskip("onnx")
    helper, kinds = onnx.helper, onnx.TensorProto
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["X", "W"], ["logit"]),
            helper.make_node("Sigmoid", ["logit"], ["probability"]),
        ],
        "logistic",
        [helper.make_tensor_value_info("X", kinds.FLOAT, [None, 2])],
        [helper.make_tensor_value_info("probability", kinds.FLOAT, [None, 1])],
        [helper.make_tensor("W", kinds.FLOAT, [2, 1], list(weights))],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    return bytes(model.SerializeToString())


class Server:
    """Stands for a server at the address: keeps what it was posted, fails as often as told."""

    def __init__(self, fails: int = 0, status: int = 503) -> None:
        self.fails = fails
        self.status = status
        self.posts: list[tuple[str, dict[str, str], bytes]] = []

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        self.posts.append((url, dict(headers), body))
        if self.fails:
            self.fails -= 1
            return Answer(self.status, "not now")
        rows = json.loads(body)["rows"]
        scores = [1 / (1 + (recency or 0) / 30) for recency, _ in rows]
        return Answer(200, json.dumps({"scores": scores}))


def answered_by(tb: Tailorbird, server: Server) -> None:
    object.__setattr__(tb.world, "post", server)


def test_an_onnx_file_becomes_a_version_and_scores_everybody(
    tb: Tailorbird, tmp_path: Path
) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(exported())
    card = bringing.onnx(tb.world, "repeat_purchase", file, {"": TRAITS}, tb.clock(), unknown=0.0)
    assert card.version == tb.world.models.latest("repeat_purchase")
    assert card.why
    people = learning.trainees(tb.world, tb.clock(), "personalisation")
    told = learning.scored(tb.world, "repeat_purchase", people, tb.clock())
    assert told.num_rows > 0
    assert learning.score(tb.world, tb.clock(), "repeat_purchase") == told.num_rows


def test_a_file_that_is_none_is_refused(tb: Tailorbird, tmp_path: Path) -> None:
    absent = tmp_path / "absent.onnx"
    with pytest.raises(UsageError, match="cannot be read"):
        bringing.onnx(tb.world, "repeat_purchase", absent, {"": TRAITS}, tb.clock())
    absent.write_bytes(b"<html>")
    with pytest.raises(ModelError, match="no model that can be read"):
        bringing.onnx(tb.world, "repeat_purchase", absent, {"": TRAITS}, tb.clock())
    with pytest.raises(UsageError, match="'next_order', which no model from outside is asked for"):
        bringing.onnx(tb.world, "next_order", absent, {"": TRAITS}, tb.clock())


def test_a_misspelt_trait_is_refused_by_its_name(tb: Tailorbird, tmp_path: Path) -> None:
    file = tmp_path / "linear.onnx"
    file.write_bytes(linear((-0.02, 0.2)))
    with pytest.raises(ModelError, match="unknown trait 'recency_dayz'; did you mean 'recency_d"):
        bringing.onnx(
            tb.world, "repeat_purchase", file, {"": ("recency_dayz", "orders")}, tb.clock()
        )
    with pytest.raises(ModelError, match="'country' is no number here"):
        bringing.onnx(tb.world, "repeat_purchase", file, {"": ("country", "orders")}, tb.clock())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("recency_dayz", "unknown trait 'recency_dayz'; did you mean 'recency_days'?"),
        ("count(purchas, 90d)", "unknown event 'purchas'; did you mean 'purchase'?"),
    ],
)
def test_an_address_is_not_asked_about_a_misspelt_trait(
    tb: Tailorbird, name: str, words: str
) -> None:
    server = Server()
    answered_by(tb, server)
    with pytest.raises(ModelError) as refused:
        bringing.address(tb.world, "repeat_purchase", URL, (name, "orders"), tb.clock(), ours=True)
    assert str(refused.value) == words
    assert server.posts == []


def linear(weights: tuple[float, float]) -> bytes:
    """Return a model of values: so much of an order's worth, and so much an order."""
    onnx = pytest.importorskip("onnx")
    helper, kinds = onnx.helper, onnx.TensorProto
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["X", "W"], ["minor_units"])],
        "linear",
        [helper.make_tensor_value_info("X", kinds.FLOAT, [None, 2])],
        [helper.make_tensor_value_info("minor_units", kinds.FLOAT, [None, 1])],
        [helper.make_tensor("W", kinds.FLOAT, [2, 1], list(weights))],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    return bytes(model.SerializeToString())


def test_a_value_is_judged_beside_the_rule_and_told_in_money(
    tb: Tailorbird, tmp_path: Path
) -> None:
    file, traits = tmp_path / "value.onnx", {"": ("average_order_minor", "orders")}
    file.write_bytes(linear((0.2, 90.0)))
    with pytest.raises(ModelError, match=r"models/value.yaml: .*`horizon_days: \d+`") as caught:
        bringing.onnx(tb.world, "value", file, traits, tb.clock(), unknown=0.0)
    days = int(caught.value.mend.partition("horizon_days: ")[2].partition("`")[0])
    tb.put("model", "value", f"name: value\nhorizon_days: {days}\n")
    card = bringing.onnx(tb.world, "value", file, traits, tb.clock(), unknown=0.0)
    assert card.kind == "value"
    assert "are needed to train, validate and test" in card.why  # the demo is a small shop
    assert card.parameters["judged_days"] == days
    people = learning.trainees(tb.world, tb.clock(), "personalisation")
    told = learning.scored(tb.world, "value", people, tb.clock())
    assert told.num_rows > 0
    assert all(reason.endswith(("EUR", "GBP", "it")) for reason in told["top_reason"].to_pylist())
    assert learning.score(tb.world, tb.clock(), "value") == told.num_rows


def test_an_address_is_asked_signed_and_without_a_person(tb: Tailorbird) -> None:
    server = Server()
    answered_by(tb, server)
    now = tb.clock()
    bringing.address(tb.world, "repeat_purchase", URL, TRAITS, now, ours=True)
    url, headers, body = server.posts[0]
    said = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = hmac.digest(asking.secret_of(tb.world), said, "sha256")
    assert headers["webhook-signature"] == f"v1,{b64encode(expected).decode()}"
    assert url == URL
    asked = msgspec.json.decode(body)
    assert asked.keys() == {"model", "features", "rows"}
    assert asked["features"] == list(TRAITS)
    people = learning.trainees(tb.world, now, "personalisation")
    assert learning.scored(tb.world, "repeat_purchase", people, now).num_rows > 0


def test_a_server_that_stumbles_is_asked_again_and_one_that_refuses_is_not(
    tb: Tailorbird,
) -> None:
    ask_twice = Server(fails=2)
    answered_by(tb, ask_twice)
    ask = asking.ask_of(tb.world, tb.clock())
    assert ask is not None
    assert json.loads(ask(URL, b'{"rows": [[30, 1]]}')) == {"scores": [0.5]}
    assert len({headers["webhook-id"] for _, headers, _ in ask_twice.posts}) == 1
    refusing = Server(fails=1, status=401)
    answered_by(tb, refusing)
    ask = asking.ask_of(tb.world, tb.clock())
    assert ask is not None
    with pytest.raises(ModelError, match="answered 401: not now; look at its own log"):
        ask(URL, b'{"rows": []}')
    assert len(refusing.posts) == 1


def test_nothing_is_posted_before_somebody_says_whose_the_address_is(tb: Tailorbird) -> None:
    server = Server()
    answered_by(tb, server)
    with pytest.raises(UsageError, match="shared with whoever runs this address"):
        bringing.address(tb.world, "repeat_purchase", URL, TRAITS, tb.clock(), ours=False)
    plain = URL.replace("https", "http")
    with pytest.raises(UsageError, match="by https only"):
        bringing.address(tb.world, "repeat_purchase", plain, TRAITS, tb.clock(), ours=True)
    assert server.posts == []


def test_an_address_inside_the_network_is_not_asked(tb: Tailorbird) -> None:
    """By the rules of webhooks: what answers at a private address is never reached."""
    with pytest.raises(ModelError, match=r"did not answer.*which is not public"):
        bringing.address(
            tb.world, "repeat_purchase", "https://127.0.0.1/x", TRAITS, tb.clock(), ours=True
        )


def test_what_is_brought_in_and_wins_serves_and_what_loses_stands_beside(
    tb: Tailorbird, tmp_path: Path
) -> None:
    """The nightly training holds it to its own, and does not take it for one of ours."""
    file = tmp_path / "model.onnx"
    file.write_bytes(exported())
    brought = bringing.onnx(
        tb.world, "repeat_purchase", file, {"": TRAITS}, tb.clock(), unknown=0.0
    )
    before = brought.version - 1
    assert before == 1  # the demo has one of its own
    said = tb.world.model_record.turns("repeat_purchase", 1)[0]
    assert (said.version, said.how) == (
        (brought.version, "promoted") if brought.serves else (before, "kept")
    )
    file.write_bytes(exported((0.02, -0.3)))
    worse = bringing.onnx(tb.world, "repeat_purchase", file, {"": TRAITS}, tb.clock(), unknown=0.0)
    assert not worse.serves
    assert serving.version(tb.world, "repeat_purchase") == said.version
    tb.learn(["repeat_purchase"])
    assert tb.world.models.latest("repeat_purchase") > worse.version
