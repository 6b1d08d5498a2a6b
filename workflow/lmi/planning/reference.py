"""The keys of the config as a page, from its schema: `python -m lmi.planning.reference`."""

from collections.abc import Iterator

import yaml

from lmi.planning.schema import schema
from lmi.planning.schema_errors import TYPES

HEAD = """# Keys of the config

Written from the schema by `python -m lmi.planning.reference > config/README.md`: change
`workflow/lmi/planning/config.schema.yaml`. The root's `config.yaml` is an example with every key
explained, and is what a run takes where no `--configfile` says otherwise. Keys of one entry of a
mapping, such as a dataset, stand below `<name>`.

| key | what it may be | default | meaning |
|---|---|---|---|
"""


def rows(node: dict, path: str = "") -> Iterator[tuple[str, str, str, str]]:
    """Yield key, type, default and description of all keys below a node of the schema.

    Parameters
    ----------
    node : dict
        Of the schema.
    path : str
        The node's own key, with those above it.
    """
    node = _whole(node)
    children = dict(node.get("properties", {}))
    entries = node.get("additionalProperties")
    if isinstance(entries, dict):
        children["<name>"] = entries
    for branch in (*node.get("oneOf", ()), *node.get("anyOf", ())):
        for key, child in branch.get("properties", {}).items():
            children.setdefault(key, child)
    for key, child in children.items():
        child = _whole(child)
        its = f"{path}.{key}" if path else key
        default = ""
        if "default" in child:
            default = yaml.safe_dump(child["default"], default_flow_style=True, width=10**6)
            default = default.removesuffix("...\n").strip()
        yield its, kind(child), default, " ".join(child.get("description", "").split())
        yield from rows(child, its)


def _whole(node: dict) -> dict:
    """Return a node with what it refers to in place of the reference."""
    if "$ref" not in node:
        return node
    own = {key: value for key, value in node.items() if key != "$ref"}
    return schema()["$defs"][node["$ref"].rpartition("/")[2]] | own


def kind(node: dict) -> str:
    """Return in words what a key may be."""
    node = _whole(node)
    if "enum" in node:
        return ", ".join(yaml.safe_dump(value).split("\n")[0] for value in node["enum"])
    if "const" in node:
        return str(node["const"])
    branches = (*node.get("oneOf", ()), *node.get("anyOf", ()))
    if branches:
        return " or ".join(dict.fromkeys(kind(branch) for branch in branches))
    types = node.get("type", ())
    types = [types] if isinstance(types, str) else types
    words = " or ".join(TYPES.get(one, one) for one in types)
    low, high = node.get("minimum"), node.get("maximum")
    if low is not None and high is not None:
        return f"{words}, {low} to {high}"
    return f"{words}, at least {low}" if low is not None else words


def page() -> str:
    """Return the page, as Markdown."""

    def cell(text):
        return text.replace("|", "\\|").replace("\n", " ")

    lines = []
    for key, what, default, meaning in rows(schema()):
        shown = f"`{cell(default)}`" if default and len(default) < 80 else ""
        lines.append(f"| `{key}` | {cell(what)} | {shown} | {cell(meaning)} |")
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(), end="")
