"""Name servers asked by dnspython: the adapter behind `dns_records.Resolver`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from tailorbird.errors import UsageError

if TYPE_CHECKING:
    from tailorbird.delivery.dns_records import RecordKind

PATIENCE_SECONDS: Final = 5.0


class DnsResolver:
    """Asks the name servers of this machine, or those that are given as `ADDRESS[:PORT]`.

    Raises:
        OSError: this machine knows no name server.
        UsageError: a given one is no address.
    """

    def __init__(
        self, nameservers: Sequence[str] = (), *, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        # Loaded late: only who looks at the DNS needs it.
        import dns.resolver

        try:
            self._resolver = dns.resolver.Resolver(configure=not nameservers)
            if nameservers:
                self._resolver.nameservers = [_server(each) for each in nameservers]
        except dns.resolver.NoResolverConfiguration as error:
            raise OSError("this machine knows no name server") from error
        except ValueError as error:
            raise UsageError(
                f"a name server is given by its address: {error}", mend="write 127.0.0.1:53"
            ) from None
        self._resolver.lifetime = patience_seconds
        self._known: dict[tuple[str, str], list[str]] = {}

    def look_up(self, name: str, kind: RecordKind) -> list[str]:
        """Return what is there, each text whole and without quotes; nothing is an empty list.

        Raises:
            OSError: no name server answers.
        """
        if (name, kind) not in self._known:
            self._known[name, kind] = self._asked(name, kind)
        return self._known[name, kind]

    def _asked(self, name: str, kind: str) -> list[str]:
        import dns.exception
        import dns.name
        import dns.resolver

        try:
            answer = self._resolver.resolve(f"{name}.", kind, raise_on_no_answer=False)
        except (dns.resolver.NXDOMAIN, dns.name.LabelTooLong, dns.name.EmptyLabel):
            return []
        except (dns.resolver.NoNameservers, dns.exception.Timeout) as error:
            raise OSError(f"no name server answers for {name}") from error
        return sorted(_text(record) for record in answer)


def _server(text: str) -> Any:
    import dns.inet
    import dns.nameserver

    address, colon, port = text.rpartition(":")
    if not colon or ":" in address:
        address, port = text, "53"
    dns.inet.af_for_address(address)
    return dns.nameserver.Do53Nameserver(address, int(port))


def _text(record: Any) -> str:
    strings = getattr(record, "strings", None)
    if strings is None:
        return str(record)
    return b"".join(cast("tuple[bytes, ...]", strings)).decode("utf-8", "replace")
