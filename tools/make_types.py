"""Write web/src/types.ts, the page's types, from the record's structs; `--check` compares only.

Every event, and what `Manifest` and `Beside` hold, becomes an interface of the same name. A field
that JSON may leave out (it has its default) is optional there.
"""

from __future__ import annotations

import sys
import typing
from pathlib import Path
from typing import Any

import msgspec

from goingdeep.record.events import KNOWN
from goingdeep.view.contract import Beside, Manifest

FILE = Path(__file__).parent.parent / "web" / "src" / "types.ts"
HEAD = """// Made by tools/make_types.py from the structs of src/goingdeep/record and view/contract.py.
// A number that is not finite is written as "nan", "inf" or "-inf", or null in statistics.

"""
SIMPLE = {
    "integer": "number",
    "number": "number",
    "string": "string",
    "boolean": "boolean",
    "null": "null",
}


def types() -> str:
    """The whole file."""
    kinds = typing.get_args(KNOWN)
    _, components = msgspec.json.schema_components([Manifest, Beside, *kinds])
    blocks = [_interface(name, schema) for name, schema in sorted(components.items())]
    names = {kind.__name__ for kind in kinds}
    union = " | ".join(sorted(names))
    return f"{HEAD}{''.join(blocks)}export type Event = {union};\n"


def _interface(name: str, schema: dict[str, Any]) -> str:
    fields = schema["properties"]
    required = set(schema.get("required", ()))
    always = {"kind", *(() if "kind" not in fields else ("time",))}
    lines = [f"/** {_first_line(schema)} */\n" if schema.get("description") else ""]
    lines.append(f"export interface {name} {{\n")
    # Every event that reaches the page has its place in the order; see docs/page.md.
    if "kind" in fields:
        lines.append("  seq: number;\n")
    for field, content in fields.items():
        mark = "" if field in required | always else "?"
        lines.append(f"  {field}{mark}: {_type(content)};\n")
    return "".join([*lines, "}\n\n"])


def _first_line(schema: dict[str, Any]) -> str:
    return " ".join(str(schema["description"]).split("\n\n")[0].split()).replace("*/", "")


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema:
        return " | ".join(f'"{value}"' for value in schema["enum"])
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_type(part) for part in schema["anyOf"]))
    kind = schema.get("type")
    if kind == "array":
        return _array(schema)
    inside = schema.get("additionalProperties")
    if isinstance(inside, dict):
        return f"Record<string, {_type(inside)}>"
    return SIMPLE.get(str(kind), "Record<string, unknown>" if kind == "object" else "unknown")


def _array(schema: dict[str, Any]) -> str:
    if "prefixItems" in schema:
        return f"[{', '.join(_type(part) for part in schema['prefixItems'])}]"
    inside = _type(schema["items"]) if isinstance(schema.get("items"), dict) else "unknown"
    return f"({inside})[]" if " | " in inside else f"{inside}[]"


def main() -> int:
    """Write the file, or say that it is another one."""
    made = types()
    if "--check" in sys.argv:
        same = FILE.read_text(encoding="utf-8") == made
        if not same:
            print(f"{FILE.name} is not what the structs say: python tools/make_types.py")
        return int(not same)
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
