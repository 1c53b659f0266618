"""Journeys played with a clock of one's own: the real engine on a folder that is thrown away.

>>> cart = Rehearsal("abandoned-cart", folder).given(first_name="Ada")     # doctest: +SKIP
>>> cart.when("add_to_cart", product_id="mug").after("1h").expect_sent("cart-1")  # doctest: +SKIP
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from tailorbird import (
    as_code,
    content,
    durations,
    flow,
    journey_recipes,
    journeying,
    journeys,
    membership,
    triggering,
)
from tailorbird.app import Tailorbird
from tailorbird.enrolments import Enrolment
from tailorbird.errors import TailorbirdError, UsageError
from tailorbird.journeys.edit_text import with_key
from tailorbird.journeys.library import library
from tailorbird.schema import DAY, SECOND, Body, Decision, Instant, Names
from tailorbird.views import moment

SOURCE: Final = "server"
SHOP: Final = "import"
"""Products are believed of shops and files alone."""
KEY: Final = b"a rehearsal draws the same arms."
MOST_TICKS: Final = 100_000


class Rehearsal:
    """One journey, the people who are given, and a clock that moves when it is told to.

    Whoever is `given` last is the one of whom the others speak. Every method but `expect_...` and
    those that return something gives the rehearsal back; an expectation that fails is an
    `AssertionError` that tells what happened instead.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        definitions: Path | None = None,
        at: str = "2026-03-02 10:00",
        settings: dict[str, str] | None = None,
    ) -> None:
        """Put a journey in force, with the definitions beside it and those that are shipped.

        `at` is when it begins, in UTC; `settings` are as in `tailorbird.toml`, with `__` for the
        point: `shop__zone="Europe/Berlin"`.

        Raises:
            UsageError: there is no such journey. DefinitionError: it is not valid.
        """
        begins = datetime.fromisoformat(at)
        begins = begins if begins.tzinfo else begins.replace(tzinfo=UTC)
        self.now: Instant = round(begins.timestamp()) * SECOND
        environment = {f"TAILORBIRD_{key.upper()}": each for key, each in (settings or {}).items()}
        self.tb = Tailorbird.open(folder, clock=lambda: self.now, environment=environment)
        self.tb.world = replace(self.tb.world, assignment_key=KEY)
        self.user = ""
        self._messages = self._people = 0
        try:
            self.name = self._put(name, definitions)
        except TailorbirdError:
            self.close()
            raise
        self.tick()

    def close(self) -> None:
        """Let go of the folder."""
        self.tb.close()

    # -- what happens -----------------------------------------------------------------------------

    def given(self, person: str | None = None, /, **traits: Any) -> Self:
        """Have a person be there, who agreed to everything; again of the same one, to change her.

        >>> rehearsal.given("ada", first_name="Ada", timezone="Europe/Vienna")  # doctest: +SKIP
        """
        self._people += person is None
        self.user = person or f"person-{self._people}"
        agreed = dict.fromkeys(("email_marketing", "personalisation", "tracking"), True)
        address = {"email": f"{self.user}@mail.example"}
        consent = {"consent": {**agreed, "wordingVersion": "1"}}
        self._says({"type": "identify", "traits": {**address, **traits}, "context": consent})
        return self.tick()

    def withdraws(self, purpose: str = "email_marketing") -> Self:
        """Have her take back what she agreed to."""
        self._says({"type": "identify", "traits": {}, "context": {"consent": {purpose: False}}})
        return self.tick()

    def when(self, event: str, /, **properties: Any) -> Self:
        """Have her do something now: `when("purchase", order_id="1")`."""
        self.now += SECOND
        self._says({"type": "track", "event": event, "properties": properties})
        return self.tick()

    def product(self, item: str, /, **said: Any) -> Self:
        """Have the shop say something of a product: `product("mug", name="Mug", price=9.5)`."""
        self.now += SECOND
        news = {"type": "track", "event": Names.PRODUCT_UPDATED}
        self._says({**news, "properties": {"product_id": item, **said}}, SHOP)
        return self.tick()

    def after(self, length: str) -> Self:
        """Let time pass, as `24h` or `3d`; whatever is due meanwhile happens at its instant."""
        passes = durations.read(length)
        if passes is None:
            raise UsageError(f"{length!r} is no length of time", mend="write `90m`, `24h` or `3d`")
        return self.until(self.now + passes)

    def until(self, instant: Instant) -> Self:
        """Let time pass until an instant."""
        for _ in range(MOST_TICKS):
            asked = (membership.next_due, journeying.next_due, triggering.next_due)
            due = [at for each in asked if (at := each(self.tb.world, self.now)) is not None]
            self.now = min([*due, instant, self.now + DAY])
            self.tick()
            if self.now >= instant:
                return self
        raise UsageError("something is due all the time", mend="let less time pass at once")

    def tick(self) -> Self:
        """Do all that is due now."""
        flow.tick(self.tb.world, self.now)
        flow.ingest(self.tb.world)
        return self

    # -- what is expected -------------------------------------------------------------------------

    def expect_sent(self, step: str, times: int = 1) -> Self:
        """Check that the mail of a step was decided for her, so often."""
        sent = [each for each in self.decisions(step) if each.verdict == "send"]
        self._check(len(sent) == times, f"{step!r} was sent {len(sent)} times, not {times}")
        return self

    def expect_not_sent(self, step: str) -> Self:
        """Check that the mail of a step was not decided for her."""
        return self.expect_sent(step, 0)

    def expect_refused(self, step: str, reason: str = "") -> Self:
        """Check that the mail of a step was refused to her, because of that."""
        refused = [each.reason for each in self.decisions(step) if each.verdict == "refused"]
        self._check(any(reason in each for each in refused), f"{step!r} was not refused")
        return self

    def expect_at(self, step: str) -> Self:
        """Check that she is at a step."""
        steps = [each.step for each in self.enrolments() if not each.ended]
        self._check(step in steps, f"she is not at {step!r}")
        return self

    def expect_left(self, reason: str | None = None) -> Self:
        """Check that she was in the journey and left it; for that reason, where one is named."""
        ways = self.enrolments()
        left = bool(ways) and all(each.ended for each in ways)
        if left and reason is not None:
            last = self.tb.world.enrolments.records(ways[0].id)[-1]
            left = reason in (ways[0].ended, last.reason)
        self._check(left, "she did not leave" + (f" as {reason!r}" if reason else ""))
        return self

    def expect_not_entered(self) -> Self:
        """Check that she was never in the journey."""
        self._check(not self.enrolments(), "she entered")
        return self

    def expect_trait(self, name: str, value: object) -> Self:
        """Check what is known of her."""
        profile = self.tb.world.people.profiles([self._person()]).get(self._person())
        said = profile.traits.get(name) if profile else None
        self._check(said == value, f"{name!r} is {said!r}, not {value!r}")
        return self

    # -- what can be looked at --------------------------------------------------------------------

    def decisions(self, step: str) -> list[Decision]:
        """Return what was decided about a step's mail for her."""
        named = f"{self.name}/{step}"
        return [
            each
            for each in self.tb.world.ledger.decisions(person=self._person())
            if each.campaign == named
        ]

    def mail(self, step: str) -> str:
        """Return the last mail of a step to her, as plain text with its subject above it."""
        sent = [each for each in self.decisions(step) if each.verdict == "send"]
        found = self.tb.readings.mail(max(sent, key=lambda each: each.at).id) if sent else None
        if found is None:
            raise AssertionError(self._told(f"{step!r} is not in her inbox"))
        return f"{found.subject}\n\n{found.text}"

    def enrolments(self) -> list[Enrolment]:
        """Return every way of hers through the journey, the newest first."""
        found = self.tb.world.enrolments.of_person(self._person())
        return [each for each in found if each.journey == self.name]

    def story(self) -> list[str]:
        """Return every step that she made, a line each, for people."""
        lines = []
        for enrolment in reversed(self.enrolments()):
            for record in self.tb.world.enrolments.records(enrolment.id):
                why = f" ({record.reason})" if record.reason else ""
                step = f"{record.step} " if record.step else ""
                lines.append(f"{moment(record.at):%Y-%m-%d %H:%M:%S} {step}{record.outcome}{why}")
            end = f"ended: {enrolment.ended}" if enrolment.ended else f"is at {enrolment.step}"
            lines.append(f"  {end}")
        return lines

    # -- inside -----------------------------------------------------------------------------------

    def _put(self, name: str, definitions: Path | None) -> str:
        """Put everything in force; return the journey's name."""
        world, put = self.tb.world, self.tb.put
        text, file = self._found(name, definitions)
        found = journeys.parse_journey(text, file)
        for each, shipped in content.library().items():
            world.definitions.put("block", each, shipped, author="", reason="", now=self.now)
        if found.name in library():
            for kind, each, needed in journey_recipes.needs(journey_recipes.find(found.name)):
                if kind != "block":
                    put(kind, each, needed)
        if definitions is not None and (definitions / "journeys").is_dir():
            self.tb.install_library()
            files = as_code.read_folder(definitions)
            as_code.apply(world, files, self.now, author="rehearsal", reason="rehearsal")
        for key, value in (("mode", "live"), ("holdout", "0")):
            text = with_key(text, key, value, file, at_end=True)
        put("journey", found.name, text)
        return found.name

    @staticmethod
    def _found(name: str, definitions: Path | None) -> tuple[str, str]:
        """Return the journey's text and its file: beside us, in the folder, or shipped."""
        near = definitions or Path()
        named = [near / name] if name.endswith(".yaml") else [near / "journeys" / f"{name}.yaml"]
        for path in named:
            if path.is_file():
                return path.read_text(encoding="utf-8"), f"journeys/{path.name}"
        if name in library():
            return library()[name], f"journeys/{name}.yaml"
        mend = f"write {named[0]}, or name a recipe: {', '.join(library())}"
        raise UsageError(f"no journey {name!r}", mend=mend)

    def _person(self) -> int:
        person = self.tb.world.people.find(self.user)
        if person is None:
            raise UsageError("nobody is given", mend="write `.given(first_name='Ada')` first")
        return person

    def _says(self, message: dict[str, Any], source: str = SOURCE) -> None:
        self._messages += 1
        named = {"userId": self.user} if source == SOURCE else {}
        told = {"messageId": str(self._messages), "timestamp": moment(self.now).isoformat()}
        body = json.dumps({"batch": [{**told, **named, **message}]}).encode()
        self.tb.world.log.append([Body(source, self.now, body)])

    def _check(self, holds: bool, otherwise: str) -> None:
        if not holds:
            raise AssertionError(self._told(otherwise))

    def _told(self, what: str) -> str:
        lines = "\n".join(f"  {line}" for line in self.story()) or "  she never entered"
        return f"{what}; at {moment(self.now):%Y-%m-%d %H:%M:%S}, {self.user}:\n{lines}"
