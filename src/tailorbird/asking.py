"""Asking models that stand elsewhere: posted where webhooks may go, signed, tried a few times.

The rules of `hooks_out` hold here too: https and public addresses unless the settings say
otherwise. Who answers checks `webhook-signature` with the secret that `secret_of` shows.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from tailorbird import posting, predict
from tailorbird.errors import ModelError
from tailorbird.schema import SECOND, Instant
from tailorbird.world import World

TRIES: Final = 3
OK: Final = 200
BUSY: Final = (0, 429)
"""Nobody answered, or too much was asked: worth another try, as is every fault of the server."""


def secret_of(world: World) -> bytes:
    """Return the secret with which is signed what models at addresses are asked."""
    return hmac.digest(world.token_key, b"models at addresses", "sha256")


def ask_of(world: World, now: Instant) -> predict.Ask | None:
    """Return what asks models at addresses; None where this process posts nothing."""
    post = world.post
    if post is None:
        return None
    secret = secret_of(world)

    def ask(url: str, body: bytes) -> bytes:
        # The same question has the same id, so that who answers may answer from memory.
        question = f"model_{hashlib.sha256(body).hexdigest()[:24]}"
        headers = posting.signed(secret, question, now // SECOND, body)
        for _ in range(TRIES):
            answer = post(url, headers, body)
            if answer.status not in BUSY and answer.status < 500:
                break
        if answer.status != OK:
            said = f"answered {answer.status}" if answer.status else "did not answer"
            what = f"it {said}: {answer.text[:200]}"
            raise ModelError(what, where=url, mend="look at its own log, then try again")
        return answer.text.encode()

    return ask
