"""Models and recommendations in Chromium: challengers, refusals, empty shops, long names."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from playwright.sync_api import BrowserContext, Page, Route, ViewportSize, expect
from tests.browser.looking import violations
from tests.shown import shown

from tailorbird.model_cards import Tried
from tailorbird.recommender_cards import (
    BesideRule,
    ExposureAudit,
    ExposureShare,
    ReportFigure,
    ReportSection,
)
from tailorbird.views.models import (
    Drifted,
    DriftLook,
    Measured,
    ModelDetail,
    ModelReport,
    ModelRow,
    ModelTurn,
    ModelVersion,
    TraitShare,
)
from tailorbird.views.recommendations import RecommenderReport, RuleSet
from tailorbird.views.trainings import Training

pytestmark = pytest.mark.browser
PHONE: ViewportSize = {"width": 390, "height": 844}
NewContext = Callable[..., BrowserContext]

LONG = "buys_again_of_everybody_who_came_by_the_autumn_fairs_of_last_year"
FROM = datetime(2011, 5, 1, tzinfo=UTC)
MEASURES = (
    Measured("auc", 0.741, 0.712, "rfm", 0.014, 0.046),
    Measured("brier", 0.15, 0.155, "rfm", -0.008, -0.002),
    Measured("auc", 0.741, 0.5, "chance", 0.208, 0.276),
)
CARD = ModelReport(
    name="repeat_purchase",
    kind="propensity",
    version=60,
    trained_at=FROM,
    train_from=FROM,
    train_until=FROM + timedelta(days=120),
    test_from=FROM + timedelta(days=90),
    test_until=FROM + timedelta(days=120),
    people=1_235,
    features=("orders", "recency_days"),
    parameters={"horizon_days": 30},
    measures=MEASURES,
    serves=True,
    why="It beats the naive rule on the last window.",
    algorithm="bg_nbd",
    outcomes=264,
    threshold=0.224,
    calibration="none: gain in log loss on the window after: sigmoid +0.0018; isotonic -0.0058",
)
REFUSED = msgspec.structs.replace(
    CARD,
    measures=(),
    serves=False,
    algorithm="",
    threshold=None,
    calibration="",
    why="Only 5 people had the outcome in a window of 30 days, 50 are needed.",
)


def version(number: int, *, serves: bool = False, why: str = "") -> ModelVersion:
    """Return one version of a model; it became what says whether it serves."""
    became = "promoted" if serves else "kept"
    return ModelVersion(number, FROM, serves, True, "blend", MEASURES, became, why)


DETAIL = ModelDetail(
    name="repeat_purchase",
    target="repeat_purchase",
    serving=60,
    latest=60,
    card=CARD,
    challenger=None,
    versions=(version(60, serves=True),),
    turns=(ModelTurn(60, 60, "promoted", FROM, "", "it beats the champion"),),
    drift=None,
    scheduled="weekly",
    spent=(),
)
LOST = "the champion keeps 0.756 against 0.741"
CHALLENGED = msgspec.structs.replace(
    DETAIL,
    serving=7,
    latest=60,
    challenger=CARD,
    versions=(
        version(60, why=LOST),
        *(version(number) for number in range(59, 10, -1)),
        version(7, serves=True),
    ),
)
NOBODY = msgspec.structs.replace(REFUSED, kind="uplift", scores=False)
ROWS = (
    ModelRow("churn", "churn", 0, 0, None, False, ""),
    ModelRow(LONG, "repeat_purchase", 7, 60, CARD, True, "weekly"),
    ModelRow("engagement", "engagement", 1, 1, REFUSED, False, ""),
    ModelRow("value", "value", 3, 3, None, False, ""),
    ModelRow("uplift_recall", "uplift", 1, 1, NOBODY, False, ""),
)
FIGURES = tuple(
    ReportFigure(
        name,
        0.448,
        0.402,
        0.496,
        (
            BesideRule("own repeat, then popular", 0.379, -0.012, 0.097),
            BesideRule("popularity", 0.13, 0.276, 0.367),
        ),
    )
    for name in ("recall@10", "ndcg@10", "mrr@20", "novelty@10 (bits)")
)
REPORT = RecommenderReport(
    version=1,
    serves=True,
    why="It beats the naive rules on the last window.",
    after=FROM,
    until=FROM + timedelta(days=30),
    people=259,
    sections=(
        ReportSection("everybody", "", 259, FIGURES),
        ReportSection("purchases before", "2 to 4 days", 92, FIGURES[:3]),
    ),
)
RULES = RuleSet(
    name=LONG,
    version=3,
    description="Varied, and new things first",
    says=("only what is in stock", "never secret-product-with-a-long-name-1", "at most 2 of one"),
    allowed=377,
    products=400,
    used_by=("campaign win-back (recommended_by)",),
    text=f"name: {LONG}",
)
AUDIT = ExposureAudit(
    "category",
    0.8,
    True,
    (
        ExposureShare("Stationery", 25, 0.04, 0.036, 0.044, 0.1, True),
        ExposureShare("Coffee", 27, 0.122, 0.114, 0.131, 0.072, False),
    ),
)
EXPOSED = {
    "rules": LONG,
    "rules_version": 3,
    "people": 1_745,
    "shown": 360,
    "products": 377,
    "gini": 0.76,
    "ndcg": 0.3,
    "audits": (AUDIT,),
}


def answered(page: Page, where: str, answer: object) -> None:
    """Have one address of the API answer as another shop would."""

    def tell(route: Route) -> None:
        route.fulfill(body=msgspec.json.encode(answer), content_type="application/json")

    page.route(re.compile(f"/api/v1{where}$"), tell)


def scrolled(page: Page) -> list[str]:
    """Return which tables are wider than their place, and the page if it is."""
    return [
        *page.evaluate(
            "[...document.querySelectorAll('.scroller')]"
            ".filter(each => each.scrollWidth > each.clientWidth + 1)"
            ".map(each => each.getAttribute('aria-label'))"
        ),
        *page.evaluate("document.documentElement.scrollWidth > innerWidth ? ['the page'] : []"),
    ]


def test_a_challenger_is_shown_with_its_measures_and_why_it_is_not_in_use(
    page: Page, shop: str
) -> None:
    answered(page, "/models/repeat_purchase", CHALLENGED)
    shown(page, f"{shop}/models/repeat_purchase")
    card = page.get_by_role("region", name="Challenger: version 60")
    expect(card).to_contain_text(LOST)
    expect(card.get_by_role("row", name="AUC 0.741 0.712 rfm")).to_contain_text("+0.014 to +0.046")


def test_of_many_versions_the_newest_and_the_one_in_use_are_shown_until_all_are_asked_for(
    page: Page, shop: str
) -> None:
    answered(page, "/models/repeat_purchase", CHALLENGED)
    shown(page, f"{shop}/models/repeat_purchase")
    table = page.get_by_role("table", name="Versions, the newest first")
    expect(table.get_by_role("row")).to_have_count(1 + 8 + 1)
    expect(table.get_by_role("row").last).to_contain_text("in use")
    page.get_by_role("button", name="Show all 51 versions").click()
    expect(table.get_by_role("row")).to_have_count(52)
    expect(page.get_by_label("Version", exact=True).get_by_role("option")).to_have_count(50)


def test_the_figures_of_one_measure_stand_together(page: Page, shop: str) -> None:
    answered(page, "/models/repeat_purchase", DETAIL)
    shown(page, f"{shop}/models/repeat_purchase")
    rows = page.get_by_role("table", name="Measures of repeat_purchase").get_by_role("rowheader")
    expect(rows).to_contain_text(["AUC", "AUC", "Brier score"])


def test_what_was_tried_is_told_without_the_words_of_the_program(page: Page, shop: str) -> None:
    own = "bg_nbd (horizon_days 60, asks is silent, way bg_nbd, scaled False)"
    tried = Tried("blend", 0.737, f"{own} + lightgbm (rounds 60, leaves 4)", chosen=True)
    card = msgspec.structs.replace(CARD, tried=(tried,))
    answered(page, "/models/repeat_purchase", msgspec.structs.replace(DETAIL, card=card))
    shown(page, f"{shop}/models/repeat_purchase")
    table = page.get_by_role("table", name="Algorithms that were tried")
    expect(table).to_contain_text("BG/NBD + LightGBM (rounds 60, leaves 4)")
    expect(table).not_to_contain_text("asks")


def test_a_model_that_was_refused_says_why_and_what_to_do_and_shows_no_empty_table(
    page: Page, shop: str
) -> None:
    answered(page, "/models/repeat_purchase", msgspec.structs.replace(DETAIL, card=REFUSED))
    shown(page, f"{shop}/models/repeat_purchase")
    expect(page.get_by_text("Only 5 people had the outcome")).to_be_visible()
    expect(page.get_by_text("Train it again when more has happened")).to_be_visible()
    expect(page.get_by_role("table", name="Measures of repeat_purchase")).to_have_count(0)


def test_a_model_whose_files_cannot_be_read_is_not_called_untrained(page: Page, shop: str) -> None:
    answered(page, "/models/repeat_purchase", msgspec.structs.replace(DETAIL, card=None))
    shown(page, f"{shop}/models/repeat_purchase")
    expect(page.get_by_role("alert")).to_contain_text("The files of version 60 were changed")
    expect(page.get_by_text("Not trained yet")).to_have_count(0)
    expect(page.get_by_role("button", name="Train it anew")).to_be_enabled()


def test_the_list_of_models_tells_each_interval_each_refusal_and_what_else_comes_along(
    page: Page, shop: str
) -> None:
    answered(page, "/learning", ROWS)
    shown(page, f"{shop}/models")
    trained = page.get_by_role("region", name="Trained models")
    expect(trained.get_by_role("row", name=LONG)).to_contain_text("+0.014 to +0.046")
    expect(trained).not_to_contain_text("churn")
    refused = page.get_by_role("row", name="engagement")
    expect(refused).to_contain_text("Only 5 people had the outcome")
    expect(refused).to_contain_text("its naive rule answers")
    expect(page.get_by_role("row", name="uplift_recall")).to_contain_text("scores nobody")
    expect(page.get_by_role("row", name="value")).to_contain_text("its files cannot be read")
    more = page.get_by_role("table", name="Models that are not trained yet")
    expect(more.get_by_role("row", name="churn")).to_contain_text("a customer stops buying")
    expect(more.get_by_role("row")).to_have_count(1 + 1)


def test_a_model_that_names_what_nobody_sends_says_so(page: Page, shop: str) -> None:
    note = "models/repeat_purchase.yaml:3: unknown event 'joined_wifi'"
    answered(page, "/models/repeat_purchase", msgspec.structs.replace(DETAIL, notes=(note,)))
    shown(page, f"{shop}/models/repeat_purchase")
    unknown = page.get_by_role("region", name="Names that nobody knows here yet")
    expect(unknown.get_by_role("listitem")).to_have_text([note])
    answered(page, "/models/repeat_purchase", DETAIL)
    shown(page, f"{shop}/models/repeat_purchase")
    expect(unknown).to_have_count(0)


def test_a_model_that_cannot_be_read_says_why_and_is_not_to_be_trained(
    page: Page, shop: str
) -> None:
    why = "models/churn.yaml:3: unknown event 'joined_wifi'"
    listed = msgspec.structs.replace(ROWS[0], trouble=why)
    broken = msgspec.structs.replace(DETAIL, trouble=why)
    answered(page, "/learning", (listed, *ROWS[1:]))
    answered(page, "/models/repeat_purchase", broken)
    shown(page, f"{shop}/models")
    expect(page.get_by_role("row", name="churn")).to_contain_text("unknown event")
    expect(page.get_by_role("button", name="Train churn")).to_be_disabled()
    shown(page, f"{shop}/models/repeat_purchase")
    expect(page.get_by_text("Until that is mended, it cannot be trained")).to_be_visible()
    expect(page.get_by_role("button", name="Train it anew")).to_be_disabled()


def test_a_model_that_was_never_trained_is_trained_from_the_list(page: Page, shop: str) -> None:
    """The list is asked for anew, and what the training found is said."""
    done = msgspec.structs.replace(ROWS[0], serving=1, latest=1, card=CARD)
    training = Training("churn", "done", "anew", FROM, FROM)
    answered(page, "/learning", ROWS[:1])
    answered(page, "/models/churn/train", training)
    answered(page, "/models/churn", msgspec.structs.replace(DETAIL, name="churn"))
    shown(page, f"{shop}/models")
    expect(page.get_by_text("No model is trained yet.")).to_be_visible()
    answered(page, "/learning", (done,))
    with page.expect_request(re.compile("/models/churn/train$")) as asked:
        page.get_by_role("button", name="Train churn").click()
    assert asked.value.method == "POST"
    expect(page.get_by_text("churn is trained: It beats the naive rule")).to_be_visible()
    expect(page.get_by_role("table", name="Models", exact=True)).to_contain_text("churn")
    expect(page.get_by_role("button", name="Train churn")).to_have_count(0)


def test_traits_are_called_in_words_beside_their_names(page: Page, shop: str) -> None:
    recency = ("recency_days", "days since the last order")
    card = msgspec.structs.replace(CARD, importances=(TraitShare(recency[0], 0.61, recency[1]),))
    moved = Drifted("trait", recency[0], 0.31, 0.2, True, "", recency[1])
    outcome = Drifted("label", "outcome", 1.1, 1.5, False, "")
    drift = DriftLook(FROM, 60, 1_200, True, "Drift.", (moved, outcome))
    answered(
        page, "/models/repeat_purchase", msgspec.structs.replace(DETAIL, card=card, drift=drift)
    )
    shown(page, f"{shop}/models/repeat_purchase")
    for table in ("Share of each trait", "What moved since"):
        row = page.get_by_role("table", name=table).get_by_role("row", name=recency[0])
        expect(row).to_contain_text("Days since the last order")
    expect(page.get_by_role("row", name="outcome")).to_contain_text("1.10 times")


@pytest.mark.parametrize(("word", "title"), [("Models", "Models"), ("Products", "Recommendations")])
def test_on_a_phone_the_navigation_leads_to_models_and_products(
    new_context: NewContext, shop: str, word: str, title: str
) -> None:
    page = new_context("light", PHONE).new_page()
    shown(page, shop)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="More").click()
    page.get_by_role("main").get_by_role("link", name=word).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(title)


def test_a_model_and_a_naive_rule_are_held_against_each_other_with_an_interval(
    page: Page, shop: str
) -> None:
    answered(page, "/recommendations/report", REPORT)
    shown(page, f"{shop}/recommendations")
    everybody = page.get_by_role("table", name="Everybody, 259 people")
    recall = everybody.get_by_role("row", name="Recall@10")
    expect(recall).to_contain_text("0.402 to 0.496")
    expect(recall).to_contain_text("-0.012 to +0.097")
    expect(recall.locator(".good")).to_contain_text("+0.276 to +0.367")
    expect(recall.locator(".good")).to_have_count(1)
    expect(page.get_by_role("table", name="Purchases before")).to_be_hidden()


def test_a_shop_with_nothing_to_show_says_what_is_missing(page: Page, shop: str) -> None:
    nothing = RecommenderReport(0, False, "No recommender has been judged yet.")
    answered(page, "/recommendations/report", nothing)
    nobody = EXPOSED | {"people": 0, "shown": 0, "products": 0}
    answered(page, "/recommendations/default/exposure", nobody)
    shown(page, f"{shop}/recommendations")
    link = page.get_by_role("link", name="Train the recommender")
    expect(link).to_have_attribute("href", "/models/recommender")
    shown(page, f"{shop}/recommendations/default")
    expect(page.get_by_text("it needs people, and products that pass these rules")).to_be_visible()
    expect(page.get_by_role("table", name="By category")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_long_names_and_many_figures_fit_a_phone(
    new_context: NewContext, shop: str, axe: str, scheme: str
) -> None:
    page = new_context(scheme, PHONE).new_page()
    answered(page, "/learning", ROWS)
    answered(page, "/models/repeat_purchase", CHALLENGED)
    answered(page, "/recommendations", (RULES,))
    answered(page, "/recommendations/report", REPORT)
    answered(page, "/recommendations/default", RULES)
    answered(page, "/recommendations/default/exposure", EXPOSED)
    faults: dict[str, list[str]] = {}
    for route in (
        "/models",
        "/models/repeat_purchase",
        "/recommendations",
        "/recommendations/default",
    ):
        shown(page, shop + route)
        for summary in page.locator("main summary").all():
            summary.click()
        found = scrolled(page) + violations(page, axe, frames=False)
        if found:
            faults[route] = found
    assert faults == {}


def test_words_and_their_values_share_a_line_fairly_on_a_phone(
    new_context: NewContext, shop: str
) -> None:
    page = new_context("light", PHONE).new_page()
    answered(page, "/models/repeat_purchase", DETAIL)
    shown(page, f"{shop}/models/repeat_purchase")
    for value in ("22.4%", "none"):
        drawn = page.get_by_role("definition").filter(has_text=re.compile(f"^{value}$"))
        assert drawn.evaluate("each => each.getClientRects().length && each.offsetHeight") < 30


def test_a_training_whose_server_goes_away_says_so_and_can_be_asked_for_again(
    page: Page, shop: str
) -> None:
    answered(page, "/models/repeat_purchase", DETAIL)
    page.route(re.compile("/models/repeat_purchase/train$"), lambda route: route.abort())
    shown(page, f"{shop}/models/repeat_purchase")
    page.get_by_role("button", name="Train it anew").click()
    expect(page.get_by_role("alert").filter(has_text="does not answer")).to_be_visible()
    expect(page.get_by_role("button", name="Train it anew")).to_be_enabled()
