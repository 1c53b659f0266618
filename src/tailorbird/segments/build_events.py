"""Conditions on events in Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any as Anything
from typing import Self, TypeAlias, Unpack, overload

from tailorbird.errors import DefinitionError
from tailorbird.segments.build_clauses import Asked, Bounds, Leaf, Value, bounds_of, merged, place

_Properties: TypeAlias = Mapping[str, Asked] | None


class Windowed(Leaf):
    """A condition on events in a window of time."""

    __slots__ = ()

    def where(self, properties: _Properties = None, /, **others: Asked) -> Self:
        """Return the same of events with these properties.

        >>> did("purchase").where({"context.device": "phone"}, value_minor={"at_least": 5000})
        did('purchase').where({'context.device': 'phone', 'value_minor': {'at_least': 5000}})
        """
        return self._filtered("where", properties, others)

    def within(self, length: str) -> Self:
        """Return the same of what is younger than this, such as `24h` or `30d`."""
        return self._with(within=length)

    def older_than(self, length: str) -> Self:
        """Return the same of what is at least so old."""
        return self._with(older_than=length)

    def since(self, instant: Value) -> Self:
        """Return the same of what happened from this instant or day on."""
        return self._with(after=instant)

    def before(self, instant: Value) -> Self:
        """Return the same of what happened before this instant or day."""
        return self._with(before=instant)

    def on(self, *weekdays: str) -> Self:
        """Return the same of what happened on these days of the week.

        >>> did("purchase").on("sat", "sun").between_hours(18, 23)
        did('purchase').on('sat', 'sun').between_hours(18, 23)
        """
        return self._with(weekdays=list(weekdays))

    def between_hours(self, start: int, end: int) -> Self:
        """Return the same of what happened from one hour of the day up to another."""
        return self._with(between_hours=[start, end])


class DidNotDo(Windowed):
    """That something was not done."""

    __slots__ = ()


class Done(Windowed):
    """That something was done."""

    __slots__ = ()

    def times(self, exactly: int | None = None, **bounds: Unpack[Bounds]) -> Self:
        """Return the same, done so often.

        >>> did("purchase").times(at_least=2).within("365d")
        did('purchase').times(at_least=2).within('365d')
        """
        return self._with(times=bounds_of(exactly, bounds))

    def sum(self, of: str, exactly: float | None = None, **bounds: Unpack[Bounds]) -> Self:
        """Return the same, where a property adds up to this; money is in minor units.

        >>> did("purchase").sum("value_minor", at_least=5000)
        did('purchase').sum('value_minor', at_least=5000)
        """
        return self._with(sum={"of": of, **bounds_of(exactly, bounds)})

    def average(self, of: str, exactly: float | None = None, **bounds: Unpack[Bounds]) -> Self:
        """Return the same, where the average of a property is this."""
        return self._with(average={"of": of, **bounds_of(exactly, bounds)})

    def min(self, of: str, exactly: float | None = None, **bounds: Unpack[Bounds]) -> Self:
        """Return the same, where the least value of a property is this."""
        return self._with(min={"of": of, **bounds_of(exactly, bounds)})

    def max(self, of: str, exactly: float | None = None, **bounds: Unpack[Bounds]) -> Self:
        """Return the same, where the greatest value of a property is this."""
        return self._with(max={"of": of, **bounds_of(exactly, bounds)})

    def distinct(self, of: str, exactly: int | None = None, **bounds: Unpack[Bounds]) -> Self:
        """Return the same, where so many different values of a property occur."""
        return self._with(distinct={"of": of, **bounds_of(exactly, bounds)})

    def per(self, of: str) -> Self:
        """Return the same, where events that share one value of a property are so many.

        >>> did("product_viewed").times(at_least=3).per("item")
        did('product_viewed').times(at_least=3).per('item')
        """
        return self._with(per=of)

    def first(self, **window: Value) -> Self:
        """Return that it was done for the first time then.

        >>> did("purchase").first(within="30d")
        did('purchase').first(within='30d')
        """
        return self._with(first=window)

    def last(self, **window: Value) -> Self:
        """Return that it was done for the last time then."""
        return self._with(last=window)

    def then(self, event: str) -> Sequel:
        """Return that another event followed this one; what is told from here on is about it.

        >>> did("add_to_cart").within("2d").then("purchase").within("24h")
        did('add_to_cart').within('2d').then('purchase').within('1d')
        """
        return self._followed("then", event)

    def then_not(self, event: str) -> Sequel:
        """Return that another event did not follow this one."""
        return self._followed("then_not", event)

    @overload
    def after(self, first: Done) -> Sequel: ...
    @overload
    def after(self, first: Value) -> Self: ...
    def after(self, first: Done | Value) -> Sequel | Self:
        """Return that this was done after another (`first.then(this)`), or from an instant on.

        >>> ~did("purchase").after(did("add_to_cart").within("24h"))
        ~did('add_to_cart').within('1d').then('purchase')
        >>> did("purchase").after("2026-01-31")
        did('purchase').since('2026-01-31')
        """
        if not isinstance(first, Done):
            return self.since(first)
        if set(self._keyed) - {"did", "where"}:
            mend = "say `within` and `older_than` of the other; `.within` after `.after` is the gap"
            what = "what comes after another has no window or count of its own"
            raise DefinitionError(what, where=place(), mend=mend)
        followed = first.then(str(self._keyed["did"]))
        filters = self._keyed.get("where")
        return followed.where(filters) if filters else followed

    def of_last(
        self, number: int, *, answered_by: str, times: Mapping[str, Anything] | int
    ) -> LatestAnswered:
        """Return that so many of the latest events were answered.

        >>> did("email_sent").of_last(5, answered_by="email_opened", times={"at_least": 2})
        did('email_sent').of_last(5, answered_by='email_opened', times={'at_least': 2})
        """
        told = {"of_last": number, "answered_by": answered_by, "times": times}
        return LatestAnswered({**self._keyed, **told})

    def every(
        self, length: str, *, periods: int, times: Mapping[str, Anything] | int
    ) -> DoneRegularly:
        """Return that it was done so often in each of the last periods.

        >>> did("session_started").every("7d", periods=4, times={"at_least": 3})
        did('session_started').every('7d', periods=4, times={'at_least': 3})
        """
        told = {"times": times, "every": length, "periods": periods}
        return DoneRegularly({**self._keyed, **told})

    def _followed(self, word: str, event: str) -> Sequel:
        keyed = {("since" if key == "within" else key): each for key, each in self._keyed.items()}
        return Sequel({**keyed, word: event})


class LatestAnswered(Windowed):
    """That so many of the latest events were answered."""

    __slots__ = ()

    def linked_by(self, of: str) -> Self:
        """Return the same where an answer has this property in common with what it answers.

        >>> solved = did("ticket_opened").of_last(3, answered_by="ticket_closed", times=3)
        >>> solved.linked_by("ticket_id")
        did('ticket_opened').of_last(3, ..., times={'is': 3}).linked_by('ticket_id')
        """
        return self._with(linked_by=of)

    def answer_where(self, properties: _Properties = None, /, **others: Asked) -> Self:
        """Return the same where the answer has these properties."""
        return self._filtered("answer_where", properties, others)

    def answered_within(self, length: str) -> Self:
        """Return the same where the answer comes so soon."""
        return self._with(answered_within=length)


class DoneRegularly(Windowed):
    """That something was done so often in each of the last periods."""

    __slots__ = ()

    def in_at_least(self, periods: int) -> Self:
        """Return the same in at least so many of the periods.

        >>> did("purchase").every("30d", periods=6, times={"at_least": 1}).in_at_least(4)
        did('purchase').every('30d', periods=6, times={'at_least': 1}).in_at_least(4)
        """
        return self._with(in_at_least=periods)


class Sequel(Leaf):
    """That one thing was done and then, or then not, another."""

    __slots__ = ()

    def where(self, properties: _Properties = None, /, **others: Asked) -> Self:
        """Return the same where the second event has these properties."""
        return self._filtered("then_where", properties, others)

    def within(self, length: str) -> Self:
        """Return the same where the second comes, or fails to come, so soon after the first."""
        return self._with(within=length)

    def then(self, event: str) -> Steps:
        """Return that a third event followed the second, and so on.

        >>> did("product_viewed").then("add_to_cart").within("1d").then("purchase")
        did('product_viewed').then('add_to_cart').within('1d').then('purchase')
        """
        return self._steps({"did": event})

    def then_not(self, event: str) -> Steps:
        """Return that no such third event followed the second."""
        return self._steps({"did_not": event})

    def _steps(self, step: dict[str, Anything]) -> Steps:
        keyed = dict(self._keyed)
        word = "did" if "then" in keyed else "did_not"
        second = {word: keyed.pop("then", None) or keyed.pop("then_not", None)}
        if "then_where" in keyed:
            second["where"] = keyed.pop("then_where")
        if "within" in keyed:
            second["within"] = keyed.pop("within")
        return Steps({**keyed, "then": [second, step]})


class Steps(Leaf):
    """That several things were done, or not done, one after the other."""

    __slots__ = ()

    def where(self, properties: _Properties = None, /, **others: Asked) -> Self:
        """Return the same where the last of the events has these properties."""
        where = merged(self._keyed["then"][-1].get("where", {}), properties, others)
        return self._ending(where=where)

    def within(self, length: str) -> Self:
        """Return the same where the last comes, or fails to come, so soon after that before it."""
        return self._ending(within=length)

    def then(self, event: str) -> Self:
        """Return that yet another event followed."""
        return self._with(then=[*self._keyed["then"], {"did": event}])

    def then_not(self, event: str) -> Self:
        """Return that no such event followed."""
        return self._with(then=[*self._keyed["then"], {"did_not": event}])

    def first_within(self, length: str) -> Self:
        """Return the same where the first event is younger than this.

        It is `did(...).within(length)`, told at the end: a wait on the way may be longer.

        >>> waited = did("product_viewed").then_not("add_to_cart").within("9d").then("purchase")
        >>> waited.first_within("5d")
        did('product_viewed').then_not('add_to_cart').within('9d').then('purchase').first_within('5d')
        """
        return self._with(since=length)

    def _ending(self, **keys: Anything) -> Self:
        *before, last = self._keyed["then"]
        return self._with(then=[*before, {**last, **keys}])


def did(event: str) -> Done:
    """Return that a person did something.

    Raises:
        DefinitionError: `file:line` of the call, what is wrong and how to mend it; so does
            everything here.
    """
    return Done({"did": event})


def did_not(event: str) -> DidNotDo:
    """Return that a person did not do something."""
    return DidNotDo({"did_not": event})
