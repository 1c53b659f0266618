"""Logging in with a token instead of a password, as Google and Microsoft want it.

Somebody else renews the token: it is read anew for every connection. Nothing is run for it, because
whoever may write settings must not be able to run programs.

Source: RFC 7628 (OAUTHBEARER); XOAUTH2 as Google and Microsoft document it.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tailorbird.errors import CarrierError

TOKEN: Final = re.compile(r"[!-~]{1,8192}", re.ASCII)
GO_ON: Final = b"AQ=="
"""What a server waits for that has said in a challenge why it refuses (RFC 7628, 3.2.3)."""


@dataclass(slots=True, frozen=True)
class AccessToken:
    """A token as settings give it: itself, or the file in which it stands alone."""

    said: str = field(default="", repr=False)
    file: Path | None = None

    @property
    def mend(self) -> str:
        """Return what to do when it is refused."""
        return f"renew the token in {self.file}" if self.file else "renew access_token"

    def read(self, where: str) -> str:
        """Return the token as it is now.

        Raises:
            CarrierError: the file cannot be read, or what is there is no token.
        """
        said = self.said
        if self.file is not None:
            try:
                said = self.file.read_text("ascii").strip()
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "it is no plain text"
                raise CarrierError(
                    f"the token cannot be read: {reason}", where=where, mend=f"look at {self.file}"
                ) from None
        if not TOKEN.fullmatch(said):
            raise CarrierError("what is there is no token", where=where, mend=self.mend)
        return said


def bearing(
    token: str, user: str, offered: Sequence[str], place: tuple[str, int]
) -> tuple[bytes, bytes] | None:
    """Return the command that logs in, and what to say to a challenge; None: no way is offered."""
    if "XOAUTH2" in offered:
        said = f"user={user}\1auth=Bearer {token}\1\1"
        return b"AUTH XOAUTH2 " + b64encode(said.encode()), b""
    if "OAUTHBEARER" in offered:
        host, port = place
        name = user.replace("=", "=3D").replace(",", "=2C")
        said = f"n,a={name},\1host={host}\1port={port}\1auth=Bearer {token}\1\1"
        return b"AUTH OAUTHBEARER " + b64encode(said.encode()), GO_ON
    return None
