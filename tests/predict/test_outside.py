"""Models from outside are read, fed and judged, or refused with what would fit."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tailorbird import predict
from tailorbird.errors import ModelError
from tailorbird.predict import onnx as outside
from tailorbird.predict import remote, stored
from tailorbird.predict.blend import mean_of
from tailorbird.schema import Instant

Worlds = Callable[..., Any]
PEOPLE = pa.table(
    {
        "person": [1, 2, 3],
        "recency_days": [1.0, 40.0, None],
        "loyalty": [2.0, -1.0, 0.0],
        "country": ["GB", None, "FR"],
    }
)


def logistic(
    weights: Sequence[float] = (-0.02, 1.5), *, width: int | None = None, sigmoid: bool = True
) -> bytes:
    """Return a logistic model over one matrix, as another tool would export it."""
    onnx = pytest.importorskip("onnx")
    helper, kinds = onnx.helper, onnx.TensorProto
    count = len(weights)
    nodes = [helper.make_node("MatMul", ["X", "W"], ["logit"])]
    if sigmoid:
        nodes.append(helper.make_node("Sigmoid", ["logit"], ["probability"]))
    last = "probability" if sigmoid else "logit"
    graph = helper.make_graph(
        nodes,
        "logistic",
        [helper.make_tensor_value_info("X", kinds.FLOAT, [None, width or count])],
        [helper.make_tensor_value_info(last, kinds.FLOAT, [None, 1])],
        [helper.make_tensor("W", kinds.FLOAT, [count, 1], list(weights))],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    return bytes(model.SerializeToString())


def two_classes() -> bytes:
    """Return a model with texts and numbers as inputs of their own, and a column a class."""
    onnx = pytest.importorskip("onnx")
    helper, kinds = onnx.helper, onnx.TensorProto
    nodes = [
        helper.make_node(
            "LabelEncoder",
            ["country"],
            ["number"],
            domain="ai.onnx.ml",
            keys_strings=["GB"],
            values_floats=[1.0],
            default_float=0.0,
        ),
        helper.make_node("Mul", ["number", "share"], ["yes"]),
        helper.make_node("Sub", ["one", "yes"], ["no"]),
        helper.make_node("Concat", ["no", "yes"], ["probabilities"], axis=1),
        helper.make_node("Identity", ["loyalty"], ["label"]),
    ]
    graph = helper.make_graph(
        nodes,
        "classes",
        [
            helper.make_tensor_value_info("country", kinds.STRING, [None, 1]),
            helper.make_tensor_value_info("loyalty", kinds.FLOAT, [None, 1]),
        ],
        [
            helper.make_tensor_value_info("label", kinds.FLOAT, [None, 1]),
            helper.make_tensor_value_info("probabilities", kinds.FLOAT, [None, 2]),
        ],
        [
            helper.make_tensor("share", kinds.FLOAT, [1], [0.8]),
            helper.make_tensor("one", kinds.FLOAT, [1], [1.0]),
        ],
    )
    sets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=sets, ir_version=10)
    return bytes(model.SerializeToString())


def brought(content: bytes, inputs: dict[str, tuple[str, ...]], **how: Any) -> outside.Foreign:
    return outside.bring(content, inputs, PEOPLE, task=how.pop("task", "classification"), **how)


def test_one_matrix_is_fed_from_traits_in_their_order() -> None:
    model = brought(logistic(), {"": ("recency_days", "loyalty")}, unknown=0.0)
    logit = np.array([-0.02 + 3.0, -0.8 - 1.5, 0.0])
    assert model.estimates(PEOPLE) == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-6)
    assert model.estimates(PEOPLE.slice(0, 0)).shape == (0,)


def test_inputs_by_name_take_texts_and_the_class_is_a_column() -> None:
    model = brought(two_classes(), {"country": ("country",), "loyalty": ("loyalty",)})
    assert (model.output, model.column) == ("probabilities", -1)
    assert model.estimates(PEOPLE) == pytest.approx([0.8, 0.0, 0.0], abs=1e-6)


def test_it_is_kept_and_told_as_every_model() -> None:
    model = brought(logistic(), {"": ("recency_days", "loyalty")}, unknown=0.0)
    served = stored.served(model, horizon_days=30, now=0, task="classification")
    again = predict.load(served.files())
    scored = again.score(PEOPLE)
    assert scored.column_names == ["person", "probability", "top_reason"]
    assert scored["top_reason"].to_pylist()[0] == "loyalty is 2: raises it by 45.7 points"
    assert again.files() == served.files()


@pytest.mark.parametrize(
    ("content", "inputs", "how", "words"),
    [
        (b"no model", {"": ("loyalty",)}, {}, "no model that can be read"),
        (logistic(), {"": ("loyalty",)}, {}, "not 1 columns; name as many traits"),
        (logistic(), {"Y": ("loyalty",)}, {}, r"its inputs are X \[None, 2\]"),
        (logistic(), {"": ("recency_days", "loyalty")}, {}, "what is no number"),
        (logistic(), {"": ("absent", "loyalty")}, {}, "'absent' is missing"),
        (
            logistic((5.0, 1.0), sigmoid=False),
            {"": ("recency_days", "loyalty")},
            {"unknown": 0.0},
            "no probabilities; choose the output",
        ),
        (logistic(), {"": ("recency_days", "loyalty")}, {"output": "x"}, "has no output 'x'"),
        (two_classes(), {"country": ("country",), "loyalty": ("loyalty",)}, {"column": 7}, "read"),
    ],
)
def test_what_does_not_fit_is_refused_when_it_comes(
    content: bytes, inputs: dict[str, tuple[str, ...]], how: dict[str, Any], words: str
) -> None:
    with pytest.raises(ModelError, match=words):
        brought(content, inputs, **how)


def test_a_model_from_outside_is_judged_before_it_serves(world: Worlds, now: Instant) -> None:
    known = world(people=3000)
    good = outside.bring(
        logistic((-0.5 / 30, 1.5)),
        {"": ("recency_days", "loyalty")},
        known.features(now),
        task="classification",
        unknown=0.0,
    )
    model, card = predict.judge(
        known.features, known.outcomes, now=now, algorithm=predict.Outside(good)
    )
    assert (card.serves, card.algorithm, model.rule) == (True, "outside", "onnx")
    assert card.validations == ()
    bad = outside.bring(
        logistic((0.5 / 30, -1.5)),
        {"": ("recency_days", "loyalty")},
        known.features(now),
        task="classification",
        unknown=0.0,
    )
    model, card = predict.judge(
        known.features, known.outcomes, now=now, algorithm=predict.Outside(bad)
    )
    assert (card.serves, model.rule) == (False, "recency")


class Address:
    """A model at an address that answers as it is told, and keeps what was posted."""

    def __init__(self, answer: bytes | None = None) -> None:
        self.answer = answer
        self.posted: list[Any] = []

    def __call__(self, url: str, body: bytes) -> bytes:
        asked = json.loads(body)
        self.posted.append(asked)
        return self.answer or json.dumps({"scores": [0.25] * len(asked["rows"])}).encode()


def test_a_model_at_an_address_gets_values_in_order_and_no_person() -> None:
    address = Address()
    found = remote.bring(
        "churn", "https://x", ("loyalty", "country"), PEOPLE, task="classification", ask=address
    )
    assert found.estimates(PEOPLE).tolist() == [0.25, 0.25, 0.25]
    assert address.posted[-1] == {
        "model": "churn",
        "features": ["loyalty", "country"],
        "rows": [[2.0, "GB"], [-1.0, None], [0.0, "FR"]],
    }
    again = stored.fitted(found.files(), address)
    assert again.estimates(PEOPLE).tolist() == [0.25, 0.25, 0.25]
    with pytest.raises(ModelError, match="is not done here"):
        stored.fitted(found.files()).estimates(PEOPLE)
    blended = mean_of((found, found), "classification")
    assert stored.fitted(blended.files(), address).estimates(PEOPLE).tolist() == [0.25, 0.25, 0.25]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"<html>", "answer cannot be read"),
        (b'{"scores": [0.1]}', "for 3 people"),
        (b'{"scores": [0.1, 7, 0.1]}', "no probabilities"),
        (b'{"scores": ["a", "b", "c"]}', "answer cannot be read"),
        (b'{"scores": [0, 1, 1]}', "0 and 1 alone, which are labels"),
    ],
)
def test_what_an_address_answers_must_be_a_score_a_row(answer: bytes, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        remote.bring(
            "churn",
            "https://x",
            ("loyalty",),
            PEOPLE,
            task="classification",
            ask=Address(answer),
        )


def values(*weights: tuple[float, ...], names: Sequence[str] = ("value",)) -> bytes:
    """Return a linear model of recency and loyalty with a column an entry of `weights`' rows."""
    onnx = pytest.importorskip("onnx")
    helper, kinds = onnx.helper, onnx.TensorProto
    width = len(weights[0])
    flat = [each for row in weights for each in row]
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["X", "W"], [name]) for name in names],
        "linear",
        [helper.make_tensor_value_info("X", kinds.FLOAT, [None, 2])],
        [helper.make_tensor_value_info(name, kinds.FLOAT, [None, width]) for name in names],
        [helper.make_tensor("W", kinds.FLOAT, [2, width], flat)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    return bytes(model.SerializeToString())


@pytest.mark.parametrize(
    ("content", "how", "words"),
    [
        (values((1.0,), (-90.0,)), {}, "no value is below 0; let it predict what orders"),
        (values((0.001,), (0.0,)), {}, "labels or shares, and no values; let it predict money"),
        (values((1.0,), (1.0,)), {"unknown": None}, "what is no number"),
        (values((1.0, 2.0), (0.0, 0.0)), {}, "2 columns; say by `column` which"),
        (values((9.0,), (0.0,), names=("a", "b")), {}, "outputs a, b; say by `output` which"),
    ],
)
def test_a_value_that_is_none_is_refused_when_it_comes(
    content: bytes, how: dict[str, Any], words: str
) -> None:
    settings = {"unknown": 0.0, **how}
    with pytest.raises(ModelError, match=words):
        outside.bring(
            content, {"": ("recency_days", "loyalty")}, PEOPLE, task="regression", **settings
        )


def test_a_value_is_read_from_the_column_that_is_said() -> None:
    found = outside.bring(
        values((0.0, 50.0), (0.0, 0.0)),
        {"": ("recency_days", "loyalty")},
        PEOPLE,
        task="regression",
        column=1,
        unknown=0.0,
    )
    recency = [each or 0.0 for each in PEOPLE["recency_days"].to_pylist()]
    assert found.estimates(PEOPLE).tolist() == pytest.approx([50 * each for each in recency])
    assert found.effects(PEOPLE).link == "identity"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b'{"scores": [1250, -1, 3]}', "no value is below 0"),
        (b'{"scores": [0, 1, 1]}', "labels or shares, and no values"),
    ],
)
def test_an_address_that_foretells_values_answers_minor_units(answer: bytes, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        remote.bring(
            "value", "https://x", ("loyalty",), PEOPLE, task="regression", ask=Address(answer)
        )


@pytest.mark.parametrize(("weight", "serves"), [(1.5, True), (-1.5, False)])
def test_a_value_from_outside_is_judged_beside_the_naive_rule(
    world: Worlds, now: Instant, weight: float, serves: bool
) -> None:
    known = world(people=2500)

    def came(after: Instant, until: Instant) -> pa.Table:
        people = known.outcomes(after, until)["person"]
        return pa.table({"person": people, "value": np.full(len(people), 2_000.0)})

    def ask(url: str, body: bytes) -> bytes:
        rows = json.loads(body)["rows"]
        logit = [-days / 60 + weight * (loyal or 0) for days, loyal in rows]
        return json.dumps({"scores": [2_000 / (1 + math.exp(-each)) for each in logit]}).encode()

    traits = ("recency_days", "loyalty")
    sample = known.features(now).slice(0, 50)
    model = remote.bring("value", "https://x", traits, sample, task="regression", ask=ask)
    served, card = predict.judge(
        known.features, came, now=now, task="regression", algorithm=predict.Outside(model)
    )
    assert card.serves is serves
    assert (served.rule == "remote") is serves
    assert "variance explained" in card.why
    assert {each.name for each in card.measures} >= {"variance explained", "mean absolute error"}
    if serves:
        reason = served.score(sample, currency="EUR")["top_reason"].to_pylist()[0]
        assert reason.endswith(" EUR")
