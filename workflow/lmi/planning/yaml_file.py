"""What a parser of YAML or JSON lets pass in silence in a config file."""

import functools
import json
from collections import Counter
from pathlib import Path

import yaml

from lmi.base.errors import InputError
from lmi.planning.plain import MAX_DEPTH
from lmi.planning.schema import LOADER

# Bounds of a config: far above any sensible one, far below what takes a machine down.
MAX_FILE_BYTES = 50e6
MAX_EXPANDED = 1_000_000
"""Most entries that a config with aliases (*name) may have once they are written out."""
CORE = "tag:yaml.org,2002:"
TAGS = ("!", "str", "int", "float", "bool", "null", "seq", "map")
"""Types that a value may be said to have: `!!str 5`."""


def check_yaml(path):
    """Check what a parser of YAML or JSON lets pass in silence in a config file.

    To be called on each file (`workflow.configfiles` of Snakemake), before what Snakemake has made
    of them goes to `load`: where a key stands twice, the last has won there, and the other one and
    all below it are gone.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    InputError
        A key that stands twice; aliases that grow without bounds or contain themselves; text that
        is not UTF-8; a file that is too large, nested too deeply, or no YAML.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"config: {path}: expected a file, cannot read it ({error})") from error
    if len(content) > MAX_FILE_BYTES:
        raise InputError(
            f"config: {path}: expected at most {MAX_FILE_BYTES / 1e6:g} MB, found "
            f"{len(content) / 1e6:.0f} MB. Give long lists as tables"
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"config: {path}: expected text in UTF-8, found other bytes ({error.reason} at byte "
            f"{error.start}). Save the file as UTF-8"
        ) from error
    try:
        json.loads(text, object_pairs_hook=functools.partial(_no_key_twice, path))
    except InputError:
        raise
    except (ValueError, RecursionError):  # as most configs: YAML, not JSON
        try:
            _check_events(path, yaml.parse(text, Loader=LOADER))
        except yaml.YAMLError as error:
            raise InputError(
                f"config: {path}: expected YAML, found what is none: {' '.join(str(error).split())}"
                ". Mend that line (often the indentation, or a quote that is missing)"
            ) from error


def read(path):
    """Return what a config file holds, a mapping, checked by `check_yaml`.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    InputError
        As `check_yaml`; also a file that holds no mapping.
    """
    check_yaml(path)
    content = yaml.load(Path(path).read_text(encoding="utf-8-sig"), Loader=LOADER)
    if not isinstance(content, dict):
        raise InputError(f"config: {path}: expected a mapping (key: value), found {content!r}")
    return content


def _no_key_twice(path, pairs):
    """Return the mapping of a JSON object, or refuse it."""
    twice = [key for key, n in Counter(key for key, _ in pairs).items() if n > 1]
    if twice:
        raise InputError(_twice(path, twice[0], ""))
    return dict(pairs)


def _twice(path, key, where):
    return (
        f"config: {path}: the key {key!r} stands twice in one mapping{where}: one of them would be "
        "lost with all below it. Join the two, or remove one"
    )


def _check_events(path, events):
    """Go through a YAML file in order; nothing is built, so that nothing can grow.

    Parameters
    ----------
    path : str or Path
    events : iterable of yaml.Event
    """
    open_nodes = []  # of each: entries so far with aliases written out, anchor, lines of the keys
    sizes, has_alias = {}, False

    def fail(event, message):
        raise InputError(f"config: {path}, line {event.start_mark.line + 1}: {message}")

    def ended(event, size, anchor):
        """Add a complete node to the one around it."""
        if anchor:
            sizes[anchor] = size
        if has_alias and size > MAX_EXPANDED:
            fail(
                event,
                f"expected at most {MAX_EXPANDED:,} entries with the aliases (*name) written out, "
                "found more. Write shorter lists",
            )
        if open_nodes:
            around = open_nodes[-1]
            around["size"] += size
            around["n"] += 1

    for event in events:
        tag = getattr(event, "tag", None)
        if tag and tag.removeprefix(CORE) not in TAGS:
            fail(event, f"expected no tags but those of YAML itself, found {tag}. Remove it")
        keys = open_nodes[-1]["keys"] if open_nodes else None
        if isinstance(event, yaml.ScalarEvent):
            if keys is not None and open_nodes[-1]["n"] % 2 == 0:
                line = event.start_mark.line + 1
                if event.value in keys:
                    first = keys[event.value]
                    raise InputError(
                        _twice(path, event.value, f", in the lines {first} and {line}")
                    )
                keys[event.value] = line
            ended(event, 1, event.anchor)
        elif isinstance(event, yaml.AliasEvent):
            has_alias = True
            if event.anchor not in sizes:
                fail(event, f"the alias *{event.anchor} stands for nothing, or contains itself")
            ended(event, sizes[event.anchor], None)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            if len(open_nodes) == MAX_DEPTH:
                fail(event, f"expected at most {MAX_DEPTH} levels of nesting, found more")
            if event.anchor:
                sizes.pop(event.anchor, None)
            is_mapping = isinstance(event, yaml.MappingStartEvent)
            open_nodes.append(
                {"size": 1, "n": 0, "anchor": event.anchor, "keys": {} if is_mapping else None}
            )
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            node = open_nodes.pop()
            ended(event, node["size"], node["anchor"])
