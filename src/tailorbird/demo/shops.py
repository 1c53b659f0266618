"""The two inputs of the demo, and what is simulated of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tailorbird.app import Tailorbird
from tailorbird.schema import DAY, HOUR, Body, Instant, Names, PersonId, Product

if TYPE_CHECKING:
    from tailorbird.demo.plan import Plan
    from tailorbird.simulator import Effects, Outcomes, Prospect, Shop, Window

Progress = Callable[[int, int], None]

BODIES_AT_ONCE: Final = 64
WINDOW_DAYS: Final = 14
SUBJECTS: Final = {"plain": 1.0, "personal": 1.15}
"""The true difference: the personal subject is read 1.15 times as often as the plain one."""

SIMULATED_NOTICE: Final = (
    "Demo: everything here is simulated: the shop, its people, their addresses and what they do."
)
REAL_NOTICE: Final = (
    "Demo: orders up to {until} are real (UCI Online Retail, Chen 2015, CC BY 4.0); names, "
    "addresses, consents, mail behaviour and purchases after that are simulated."
)
SIMULATED_SETTINGS: Final = """\
demo = true
demo_notice = "{notice}"

[shop]
name = "Tailorbird demo shop"
currency = "EUR"
"""
REAL_SETTINGS: Final = """\
demo = true
demo_notice = "{notice}"

[shop]
name = "Online Retail (demo)"
currency = "GBP"
zone = "Europe/London"

[sender]
name = "Online Retail (demo)"
"""


def append_all(
    tb: Tailorbird, reader: str, bodies: Iterator[Body], total: int, on_progress: Progress
) -> int:
    """Append bodies that a reader has not appended yet; `bodies` starts where it left off."""
    done = int(tb.world.log.progress(reader) or 0)
    while chunk := list(islice(bodies, BODIES_AT_ONCE)):
        done += len(chunk)
        tb.world.log.append_from(reader, chunk, str(done))
        on_progress(done, total)
    return done


def finished(tb: Tailorbird, reader: str) -> int:
    """Return how many bodies a reader has appended."""
    return int(tb.world.log.progress(reader) or 0)


class SimulatedShop:
    """The seeded shop: history, and what its people buy after the campaign."""

    kind: Final = "simulated"

    def __init__(self, plan: Plan) -> None:
        from tailorbird.simulator import Shop

        self.plan = plan
        self.shop: Shop = Shop(plan.seed, plan.people)

    def settings(self) -> str:
        """Return `tailorbird.toml` of the demo folder."""
        return SIMULATED_SETTINGS.format(notice=SIMULATED_NOTICE)

    def history(self, tb: Tailorbird, on_progress: Progress) -> None:
        """Put the shop's history into the log."""
        bodies = self.shop.bodies(after=finished(tb, "simulator"))
        append_all(tb, "simulator", bodies, self.shop.total_bodies(), on_progress)

    def contacts(self, tb: Tailorbird) -> None:
        """Add nothing: the shop's own events say who the people are."""

    def now(self, tb: Tailorbird) -> Instant:
        """Return the instant at which the history ends."""
        return self.shop.end

    def notice(self, tb: Tailorbird) -> str:
        """Return the sentence that every page and report carries."""
        return SIMULATED_NOTICE

    def aftermath(
        self, keys: Sequence[str], treated: dict[str, bool], variants: dict[str, str], now: Instant
    ) -> Iterator[bytes]:
        """Yield what people buy after the campaign, in the world in which it was sent."""
        return self.shop.aftermath(keys, treated, variants, window(now), effects())

    def truth(self, keys: Sequence[str], variants: dict[str, str], now: Instant) -> Outcomes:
        """Return what each person would do with a mail, and without."""
        return self.shop.outcomes(keys, variants, window(now), effects())

    def export_truth(self, folder: Path) -> None:
        """Write down the truth about people and products, for proofs."""
        from tailorbird.simulator import truth_files

        if not (folder / "people.parquet").exists():
            truth_files(self.shop, folder)


class RealShop:
    """A file of real orders; contacts, mail behaviour and later purchases are simulated."""

    kind: Final = "online_retail"

    def __init__(self, plan: Plan, tb_of: Callable[[], Tailorbird]) -> None:
        self.plan = plan
        self._tb = tb_of

    def settings(self) -> str:
        """Return `tailorbird.toml` of the demo folder."""
        return REAL_SETTINGS.format(notice=REAL_NOTICE.format(until="the end of the file"))

    def history(self, tb: Tailorbird, on_progress: Progress) -> None:
        """Import the file."""
        assert self.plan.data is not None  # noqa: S101 - for the type; run() chose this class by it
        tb.import_file(self.plan.data, on_progress=on_progress)

    def contacts(self, tb: Tailorbird) -> None:
        """Give everybody a synthetic name and address under a reserved domain, and consents."""
        from tailorbird.simulator import contacts

        at = self.now(tb) - HOUR
        keys = sorted(user_ids(tb).values())
        made = (Body("simulator", at, content) for content in contacts(keys, self.plan.seed, at))
        done = finished(tb, "contacts")
        append_all(tb, "contacts", islice(made, done, None), -(-len(keys) // 500), _unseen)

    def now(self, tb: Tailorbird) -> Instant:
        """Return the midnight after the file's last order."""
        row = tb.world.facts.read(
            'SELECT MAX("at") AS latest FROM facts WHERE source = ?', ("import",)
        ).to_pylist()[0]
        return (int(row["latest"] or 0) // DAY + 1) * DAY

    def notice(self, tb: Tailorbird) -> str:
        """Return the sentence that every page and report carries."""
        from datetime import UTC, datetime

        until = datetime.fromtimestamp((self.now(tb) - DAY) / 1_000_000, UTC).date()
        return REAL_NOTICE.format(until=until.isoformat())

    def aftermath(
        self, keys: Sequence[str], treated: dict[str, bool], variants: dict[str, str], now: Instant
    ) -> Iterator[bytes]:
        """Yield what people buy after the campaign, at rates of their own history."""
        from tailorbird.simulator import aftermath

        tb = self._tb()
        return aftermath(
            prospects(tb, keys, now),
            treated,
            variants,
            window(now),
            seed=self.plan.seed,
            products=bestsellers(tb, now),
            effects=effects(),
        )

    def truth(self, keys: Sequence[str], variants: dict[str, str], now: Instant) -> Outcomes:
        """Return what each person would do with a mail, and without."""
        from tailorbird.simulator import outcomes

        people = prospects(self._tb(), keys, now)
        return outcomes(people, variants, window(now), seed=self.plan.seed, effects=effects())

    def export_truth(self, folder: Path) -> None:
        """Write nothing: the people of a real file have no truth beside the file."""


def window(now: Instant) -> Window:
    """Return the time in which purchases after the campaign are watched."""
    from tailorbird.simulator import Window

    return Window(now, now + WINDOW_DAYS * DAY)


def effects() -> Effects:
    """Return what a mail truly does in the demo: 5 more buyers in 100 people."""
    from tailorbird.simulator import Effects

    return Effects(lift=0.05)


def user_ids(tb: Tailorbird) -> dict[PersonId, str]:
    """Return everybody's user id."""
    people = tb.world.facts.read("SELECT person FROM people ORDER BY person")
    profiles = tb.world.people.profiles(people.column("person").to_pylist())
    return {
        person: str(profile.traits["user_id"])
        for person, profile in profiles.items()
        if profile.traits.get("user_id")
    }


_HISTORIES: Final = """
SELECT f.person, COUNT(DISTINCT f.order_id) AS orders, MIN(f."at") AS first_at,
    MAX(f."at") AS last_at
FROM facts AS f WHERE f.event = ? AND f."at" < ? AND f.person IS NOT NULL
GROUP BY f.person
"""
_OWN_ITEMS: Final = """
SELECT person, LIST(item ORDER BY bought DESC, item)[1:10] AS items FROM (
    SELECT person, item, COUNT(*) AS bought FROM lines
    WHERE event = ? AND "at" < ? AND person IS NOT NULL GROUP BY person, item)
GROUP BY person
"""
_BESTSELLERS: Final = """
SELECT p.item FROM products AS p LEFT JOIN lines AS l
    ON l.item = p.item AND l.event = ? AND l."at" < ?
WHERE p.price_minor > 0
GROUP BY p.item ORDER BY COUNT(l.position) DESC, p.item
"""


def prospects(tb: Tailorbird, keys: Sequence[str], now: Instant) -> list[Prospect]:
    """Return what the file says of these customers, in order of their ids."""
    from tailorbird.simulator import Prospect

    asked = (Names.PURCHASE, now)
    histories = {row["person"]: row for row in tb.world.facts.read(_HISTORIES, asked).to_pylist()}
    own = {
        row["person"]: row["items"] for row in tb.world.facts.read(_OWN_ITEMS, asked).to_pylist()
    }
    numbers = {key: person for person, key in user_ids(tb).items()}
    return [
        Prospect(
            key, row["orders"], row["first_at"], row["last_at"], tuple(own.get(numbers[key], ()))
        )
        for key in keys
        for row in (histories[numbers[key]],)
    ]


def bestsellers(tb: Tailorbird, now: Instant) -> list[Product]:
    """Return the catalogue, the most bought first."""
    rows = tb.world.facts.read(_BESTSELLERS, (Names.PURCHASE, now))
    items = rows.column("item").to_pylist()
    found = tb.world.facts.products(items)
    return [found[item] for item in items]


def _unseen(done: int, total: int) -> None:
    """Show nothing."""
