"""Writes src/api/types.ts from the OpenAPI document: `python web/types_from_openapi.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from tailorbird.web.api import routes

TARGET = Path(__file__).parent / "src" / "api" / "types.ts"
HEAD = "// Written by web/types_from_openapi.py from the server's OpenAPI document. Do not edit.\n"
PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean"}
WRITTEN_BY_CALLERS: Final = frozenset(
    {
        "Draft", "ImageText", "NewList", "NewTemplate", "NewVersion", "Problem", "SegmentDraft",
        "TemplateDraft",
    }
)  # fmt: skip
"""What the pages write themselves, or what may miss a part."""


def typescript() -> str:
    """Return one interface a schema, in the order of their names."""
    document = routes().openapi_schema.to_schema()
    schemas = document["components"]["schemas"]
    return HEAD + "".join(interface(name, schemas[name]) for name in sorted(schemas))


def interface(name: str, schema: dict[str, Any]) -> str:
    """Return the interface of one struct. The server leaves nothing out, but a problem may."""
    optional = set(schema["properties"]) - set(schema.get("required", ()))
    mark = "?" if name in WRITTEN_BY_CALLERS else ""
    fields = "".join(
        f"  {field}{mark if field in optional else ''}: {written(kind)};\n"
        for field, kind in schema["properties"].items()
    )
    return f"\nexport interface {name} {{\n{fields}}}\n"


def written(schema: dict[str, Any]) -> str:
    """Return a JSON schema as a TypeScript type."""
    match schema:
        case {"$ref": str(ref)}:
            return ref.rpartition("/")[2]
        case {"enum": [*values]}:
            return " | ".join("null" if each is None else f'"{each}"' for each in values)
        case {"oneOf": [*kinds]}:
            return " | ".join(dict.fromkeys(written(kind) for kind in kinds))
        case {"type": "null"}:
            return "null"
        case {"type": "array", "items": dict(kind)}:
            inner = written(kind)
            return f"({inner})[]" if " " in inner else f"{inner}[]"
        case {"type": "object", "additionalProperties": dict(kind)}:
            return f"Record<string, {written(kind)}>"
        case {"type": str(plain)} if plain in PLAIN:
            return PLAIN[plain]
        case _:
            return "unknown"


if __name__ == "__main__":
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(typescript(), encoding="utf-8")
