"""Verdicts in sentences: what is wrong with the data, how many, and how it is mended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tailorbird import money
from tailorbird.views.quality import (
    Breach,
    FieldProfile,
    Finding,
    HeldCode,
    ImportedFile,
    OrderProfile,
    PeopleProfile,
    SchemaChange,
    SourceProfile,
)

HISTORICAL: Final = frozenset({"import", "simulator"})
"""Sources that bring history: whatever they bring is late."""
MUCH: Final = 0.05
"""From this share on, late events and duplicates are more than a note."""
_LEVELS: Final = ("alarm", "warning", "note")


def ordered(findings: Iterator[Finding]) -> tuple[Finding, ...]:
    """Return findings, the gravest and then the largest first."""
    return tuple(sorted(findings, key=lambda each: (_LEVELS.index(each.level), -each.count)))


def verdict(findings: Sequence[Finding]) -> str:
    """Return the whole in one sentence."""
    number = {level: sum(each.level == level for each in findings) for level in _LEVELS}
    if not findings:
        return "Nothing stands out."
    told = [
        f"{number[level]} {level}{'s' if number[level] != 1 else ''}"
        for level in _LEVELS
        if number[level]
    ]
    return f"{', '.join(told)}."


def of_sources(sources: Sequence[SourceProfile]) -> Iterator[Finding]:
    """Yield what is odd about how events arrive."""
    for one in sources:
        if one.volume is not None and one.volume.alarm:
            found = one.volume
            yield Finding(
                "alarm", "arrivals",
                f"{one.source} brought {found.events:,} events on {found.day}, where about "
                f"{found.expected:,} were expected from {found.history_days} days "
                f"(by chance on {_share(found.chance)} of days)",
                abs(found.events - found.expected),
                "look at the source; if that day was special, there is nothing to mend",
            )  # fmt: skip
        if one.source not in HISTORICAL and one.late:
            yield Finding(
                "warning" if one.late >= MUCH * one.events else "note", "arrivals",
                f"{one.late:,} of {one.events:,} events from {one.source} came more than a day "
                "after they happened",
                one.late,
                "send events when they happen; late ones are taken and repair what they change",
            )  # fmt: skip
        if one.duplicates:
            came = one.events + one.duplicates
            yield Finding(
                "warning" if one.duplicates >= MUCH * came else "note", "arrivals",
                f"{one.duplicates:,} of {came:,} events from {one.source} had come before",
                one.duplicates,
                "each counts once; many of them mean that a sender repeats what was acknowledged",
            )  # fmt: skip


def of_imports(files: Sequence[ImportedFile]) -> Iterator[Finding]:
    """Yield what the imports of files left out."""
    for one in files:
        if one.duplicates:
            yield Finding(
                "note", "imports",
                f"{one.duplicates:,} of {one.lines:,} rows of {_name(one)} are exact duplicates, "
                "and were left out",
                one.duplicates,
                "say `duplicates: keep` in the mapping if each of them happened",
            )  # fmt: skip
        for reason, rows in one.refused.items():
            yield Finding(
                "warning", "imports",
                f"{rows:,} of {one.lines:,} rows of {_name(one)} were refused: {reason}",
                rows,
                "mend them in the file of refused rows and import that, or change the mapping",
            )  # fmt: skip


def _name(one: ImportedFile) -> str:
    return Path(one.file).name


def of_orders(orders: OrderProfile) -> Iterator[Finding]:
    """Yield what is odd about orders."""
    if orders.without_person:
        yield Finding(
            "warning", "orders",
            f"{orders.without_person:,} of {orders.orders:,} orders have no customer",
            orders.without_person,
            "send a userId or an anonymousId with them; they count in revenue and in no segment",
        )  # fmt: skip
    if orders.unpriced_lines:
        yield Finding(
            "warning", "orders",
            f"{orders.unpriced_lines:,} of {orders.lines:,} products in orders have a price of "
            "zero",
            orders.unpriced_lines,
            "gifts and samples are right; otherwise send the price",
        )  # fmt: skip
    if orders.worthless:
        yield Finding(
            "warning", "orders",
            f"{orders.worthless:,} of {orders.orders:,} orders are worth nothing",
            orders.worthless,
            "send the total, or the price of each product",
        )  # fmt: skip
    if orders.returns:
        yield Finding(
            "note", "orders",
            f"{orders.returns:,} cancellations and returns beside {orders.orders:,} orders",
            orders.returns,
            "they reduce revenue; nothing to mend unless the share surprises you",
        )  # fmt: skip


def of_outliers(orders: OrderProfile, currency: str) -> Iterator[Finding]:
    """Yield the orders that are far from all others."""
    if orders.outliers:
        low, high = (
            money.major(fence, currency)
            for fence in (orders.low_fence_minor, orders.high_fence_minor)
        )
        yield Finding(
            "note", "orders",
            f"{orders.outliers:,} orders are worth less than {low:,} or more than "
            f"{high:,} {currency}, far from all others",
            orders.outliers,
            "look at the furthest; a wrong one is mended by a return or at its source",
        )  # fmt: skip


def of_people(people: PeopleProfile) -> Iterator[Finding]:
    """Yield what keeps people from being reached."""
    if people.without_address:
        yield Finding(
            "note", "contacts",
            f"{people.without_address:,} of {people.sampled:,} people looked at have no address",
            people.without_address,
            "they cannot be written to; ask for it in a form, or import it",
        )  # fmt: skip
    for number, what, mend in (
        (people.invalid_addresses, "gave an address that is none", "ask them again"),
        (
            people.disposable_addresses,
            "use an address of a disposable domain",
            "leave them out of campaigns by the trait `email_disposable`",
        ),
        (
            people.invalid_phones,
            "gave a telephone number that no plan has",
            "send it with + and the country's code",
        ),
    ):
        if number:
            yield Finding("warning", "contacts", f"{number:,} people {what}", number, mend)
    for name, number in people.implausible.items():
        yield Finding(
            "warning", "traits",
            f"{number:,} people have a {name} that cannot be, or could mean two",
            number,
            f"they are found by the trait `{name}_invalid`; ask them, or mend the source",
        )  # fmt: skip
    if people.outdated:
        yield Finding(
            "note", "people",
            f"nothing was heard of {people.outdated:,} of {people.people:,} people for "
            f"{people.outdated_days} days",
            people.outdated,
            "win them back, or think about erasing them",
        )  # fmt: skip


def of_fields(fields: Sequence[FieldProfile]) -> Iterator[Finding]:
    """Yield traits that are blank for some, and values of mixed types."""
    for one in fields:
        blank = one.among - one.filled
        kinds = [n for n in (one.texts, one.numbers, one.booleans) if n]
        where = f"of {one.of}" if one.of else ""
        if not one.of and not one.sealed and blank > 0 and one.filled:
            yield Finding(
                "warning" if one.share >= 0.5 else "note", "traits",
                f"{one.name} is blank for {blank:,} of {one.among:,} people",
                blank,
                "ask for it, import it, or say in imputation.yaml how to fill it",
            )  # fmt: skip
        if len(kinds) > 1 and not one.sealed:
            yield Finding(
                "warning", "events" if one.of else "traits",
                f"{one.name} {where}".rstrip() + f" is a number {one.numbers:,} times, a text "
                f"{one.texts:,} times and true or false {one.booleans:,} times",
                sum(kinds) - max(kinds),
                "send one type; a tracking plan can quarantine the others",
            )  # fmt: skip


def of_schema(changes: Sequence[SchemaChange]) -> Iterator[Finding]:
    """Yield what the last week's events say otherwise than those before."""
    for one in changes:
        what = f"{one.property} of {one.event}" if one.property else f"the event {one.event}"
        match one.change:
            case "new":
                yield Finding("note", "events", f"{what} is new this week", 1, _PLAN)
            case "vanished":
                text = f"{what} has not come for a week"
                yield Finding("warning", "events", text, 1, "ask its sender what has changed")
            case "type":
                text = f"{what} changed its type this week"
                yield Finding("warning", "events", text, 1, "ask its sender what has changed")
            case _:
                text = f"{what} is in {_share(one.after)} of them, after {_share(one.before)}"
                yield Finding("warning", "events", text, 1, "ask its sender what has changed")


_PLAN: Final = "add it to the tracking plan, if it is meant"


def of_plan(breaches: Sequence[Breach], held: Sequence[HeldCode]) -> Iterator[Finding]:
    """Yield what breaks the tracking plan, and what the quarantine holds."""
    for one in breaches:
        what = f"{one.property} of {one.event}" if one.property else one.event
        yield Finding(
            "warning", "plan",
            f"{one.events:,} times {what} broke line {one.line} of version {one.plan_version} "
            f"of the tracking plan ({one.problem.replace('_', ' ')})",
            one.events,
            f"send {one.wants}, or change the plan",
        )  # fmt: skip
    for each in held:
        if each.held:
            yield Finding(
                "warning", "events",
                f"{each.held:,} records are held in the quarantine as {each.code}",
                each.held,
                f"`tailorbird quarantine list --code {each.code}` shows why and how to mend them",
            )  # fmt: skip


def _share(share: float) -> str:
    return f"{share:.1%}"
