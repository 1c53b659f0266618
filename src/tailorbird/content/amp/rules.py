"""What AMP for Email allows."""

from __future__ import annotations

from tailorbird.content.findings import Finding


def amp_findings(text: str, name: str) -> list[Finding]:
    """Return what the format forbids in an AMP document."""
    return []
