"""The config: checked against its schema and against the headers of its files, defaults filled.

The schema (workflow/lmi/planning/config.schema.yaml) is the one list of keys, types, defaults and
descriptions. What it cannot say, about files and names, is checked here, before any job starts.
"""

import functools
import json
import math
import unicodedata
from collections import Counter
from pathlib import Path

import jsonschema
import yaml

from lmi.base.errors import InputError
from lmi.data.sources import check_file, some, suggest
from lmi.data.variables import (
    LEAST_SAMPLES_OF_DATASET,
    count_samples,
    list_variables,
    read_given,
    read_strata,
)
from lmi.planning import tiles

SCHEMA = Path(__file__).with_name("config.schema.yaml")

# Names in results/<run>/ that a dataset of the same name would get in the way of.
RESERVED = ("accuracy", "benchmark", "benchmarks", "calibration", "figures", "logs", "real_data")
DATA_KEYS = ("source", "spikes", "task")
MATRIX_KEYS = (
    "layer",
    "key",
    "transpose",
    "sample_column",
    "drop_columns",
    "time_series",
    "strata",
)

# Bounds of a config: far above any sensible one, far below what takes a machine down.
MAX_FILE_BYTES = 50e6
MAX_DEPTH = 50
MAX_EXPANDED = 1_000_000
"""Most entries that a config with aliases (*name) may have once they are written out."""
MAX_NAME = 200
"""Characters of a name: folders and files are named after it."""
MAX_TEXT = 4000
MAX_NUMBER = 2**64
NAMED = ("run", "list", "between")
"""Keys whose text is a name, or a list of them; the others' may be a path."""

TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping (key: value)",
    "array": "a list",
}


@functools.cache
def schema():
    """Return the schema of the config."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(SCHEMA.read_text(encoding="utf-8"), Loader=loader)


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
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            _check_events(path, yaml.parse(text, Loader=loader))
        except yaml.YAMLError as error:
            raise InputError(
                f"config: {path}: expected YAML, found what is none: {' '.join(str(error).split())}"
                ". Mend that line (often the indentation, or a quote that is missing)"
            ) from error


def _no_key_twice(path, pairs):
    """Return the mapping of a JSON object, or refuse it."""
    twice = [key for key, n in Counter(key for key, _ in pairs).items() if n > 1]
    if twice:
        raise InputError(_told_twice(path, twice[0], ""))
    return dict(pairs)


def _told_twice(path, key, where):
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
        keys = open_nodes[-1]["keys"] if open_nodes else None
        if isinstance(event, yaml.ScalarEvent):
            if keys is not None and open_nodes[-1]["n"] % 2 == 0:
                line = event.start_mark.line + 1
                if event.value in keys:
                    first = keys[event.value]
                    raise InputError(
                        _told_twice(path, event.value, f", in the lines {first} and {line}")
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


def load(raw):
    """Check a config and fill in its defaults.

    Parameters
    ----------
    raw : dict
        What the YAML file holds. It is left as it is.

    Returns
    -------
    dict
        All keys of the schema, in plain types. Keys without a default stay absent.

    Raises
    ------
    InputError
        Unknown keys, wrong types and values, missing files, unknown or duplicate names, sources
        that do not fit together, too few samples.
    """
    config = _plain(raw, ())
    validator = jsonschema.Draft202012Validator(schema())
    errors = sorted(validator.iter_errors(config), key=_rank)
    if errors:
        others = len({_path(error.absolute_path) for error in errors}) - 1
        more = f" ({others} more to mend after this one)" if others else ""
        raise InputError(f"config: {_told(errors[0])}{more}")
    if config.get("cache") is True:
        raise InputError("config: cache: expected a folder or off, found on. Name the folder")
    for name, dataset in config["datasets"].items():
        _check_choices(name, dataset)
    config = _filled(config, schema())
    _check_numbers(config, ())
    needed = min_samples(config["estimate"]["k"])
    for name, dataset in config["datasets"].items():
        if "source" not in dataset:
            del dataset["transpose"], dataset["time_series"]
        if "lags" in dataset and config["embed"]["preset"] != "default":
            raise InputError(
                f"config: datasets.{name}.lags: lags go with `embed.preset: default`, found "
                f"{config['embed']['preset']}"
            )
        if "given" in dataset and config["embed"]["preset"] != "default":
            raise InputError(
                f"config: datasets.{name}.given: it goes with `embed.preset: default`, found "
                f"{config['embed']['preset']}"
            )
        try:
            _check_data(dataset, config["block_size"], needed)
        except InputError as error:
            raise InputError(f"dataset '{name}': {error}") from error
    _check_benchmark(config["benchmark"])
    return config


def min_samples(k):
    """Return the fewest samples that can be estimated with k neighbours.

    Each of the two folds is cut into up to ten parts for the error bar, and each part needs a
    few more samples than k.
    """
    return max(LEAST_SAMPLES_OF_DATASET, 20 * (k + 2))


# ---- the schema's errors, in words


def _plain(value, path):
    """Copy the config into plain types; refuse keys, texts and numbers that mean nothing."""
    if len(path) > MAX_DEPTH:
        raise InputError(
            f"config: {_path(path[:3])}...: expected at most {MAX_DEPTH} levels of nesting, found "
            "more. Remove brackets"
        )
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise InputError(
                    f"config: {_path(path)}: expected text as a key, found {key!r}. Put it in "
                    "quotes (YAML reads on, off, yes, no, true and false as truth values)"
                )
            _check_text(key, f"a key of {_path(path)}", MAX_NAME)
        copy = {key: _plain(item, (*path, key)) for key, item in value.items()}
        # A section whose keys are all commented out is read as nothing: it means the defaults.
        sections = schema()["properties"] if not path else {}
        return {
            key: {} if item is None and sections.get(key, {}).get("default") == {} else item
            for key, item in copy.items()
        }
    if isinstance(value, list | tuple):
        return [_plain(item, (*path, i)) for i, item in enumerate(value)]
    if isinstance(value, str):
        _check_text(value, _path(path), MAX_NAME if set(path) & set(NAMED) else MAX_TEXT)
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"config: {_path(path)}: expected a finite number, found {value}")
    return value


def _check_text(text, where, longest):
    """Refuse text that no name or path is: line breaks and the like, or endless."""
    odd = [c for c in text if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
    if not odd and len(text) <= longest:
        return
    shown = repr(text if len(text) <= 60 else f"{text[:60]}...")
    if odd:
        raise InputError(
            f"config: {where}: expected text on one line, found {odd[0]!r} in {shown}. Remove it "
            "(a line break in quotes or after `|` belongs to the text)"
        )
    raise InputError(
        f"config: {where}: expected at most {longest} characters, found {len(text)}: {shown}. "
        "Shorten it"
    )


def _check_numbers(value, path):
    """Refuse whole numbers that do not fit 64 bits, in a config with its defaults."""
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            _check_numbers(item, (*path, key))
    elif isinstance(value, int) and abs(value) >= MAX_NUMBER:
        digits = f"{value}" if abs(value) < 10**40 else f"one of {value.bit_length()} bits"
        raise InputError(
            f"config: {_path(path)}: expected a whole number below 2^64 = {MAX_NUMBER}, found "
            f"{digits}. Give a smaller one"
        )


def _path(path):
    """Return a key path as text: datasets.cells.variables.list[3]."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "top level"


def _rank(error):
    """Order errors: unknown keys first, since a mistyped key often causes another error."""
    return error.validator != "additionalProperties", [str(p) for p in error.absolute_path]


def _told(error):
    """Return one message for a schema error: where, expected, found, how to mend."""
    where, found, rule = _path(error.absolute_path), error.instance, error.validator_value
    meaning = " ".join(error.schema.get("description", "").split())
    meaning = f". {where.split('.')[-1]}: {meaning}" if meaning else ""
    if "propertyNames" in error.absolute_schema_path:
        return (
            f"{where}: the name '{found}' should start with a letter or digit and have only "
            "letters, digits, '.', '_' and '-', because folders are named after it. Rename it"
        )
    match error.validator:
        case "additionalProperties":
            return _told_unknown(where, found, error.schema)
        case "required":
            missing = next(key for key in rule if key not in found)
            return f"{where}: the key '{missing}' is missing. Add it{meaning}"
        case "type":
            return _told_type(where, found, rule) + meaning
        case "enum":
            near = suggest(found, rule)
            return f"{where}: expected one of {', '.join(rule)}; found {found!r}{near}{meaning}"
        case "minimum":
            return f"{where}: expected at least {rule}, found {found}{meaning}"
        case "maximum":
            return f"{where}: expected at most {rule}, found {found}{meaning}"
        case "exclusiveMinimum":
            return f"{where}: expected more than {rule}, found {found}{meaning}"
        case "minItems" | "minProperties" | "maxItems" | "maxProperties":
            bound = "at least" if error.validator.startswith("min") else "at most"
            return f"{where}: expected {bound} {rule} entries, found {len(found)}{meaning}"
        case "minLength":
            return f"{where}: expected some text, found an empty one{meaning}"
        case "pattern":
            return (
                f"{where}: expected letters, digits, '.', '_' and '-', with a letter or digit "
                f"first; found {found!r}{meaning}"
            )
        case "uniqueItems":
            return f"{where}: expected each entry once, found {found}{meaning}"
    return f"{where}: {error.message}{meaning}"


def _told_unknown(where, found, rules):
    known = list(rules["properties"])
    unknown = [key for key in found if key not in known]
    prefix = "" if where == "top level" else f"{where}."
    return (
        f"unknown key '{prefix}{unknown[0]}'{suggest(unknown[0], known)}. Expected keys: "
        f"{', '.join(known)}. Correct or remove it"
    )


def _told_type(where, found, types):
    types = [types] if isinstance(types, str) else types
    message = f"{where}: expected {' or '.join(TYPES[t] for t in types)}, found "
    if found is None:
        return message + "nothing. Give a value, or remove the key"
    message += "a mapping" if isinstance(found, dict) else repr(found)
    if isinstance(found, bool) and "string" in types:
        return f"{message}. Put it in quotes (YAML reads on, off, yes and no as truth values)"
    if isinstance(found, int | float) and types == ["string"]:
        return f"{message}. Put it in quotes"
    if isinstance(found, str) and {"number", "integer"} & set(types):
        try:
            number = float(found)
        except ValueError:
            return message
        if "e" not in found.lower():
            return f"{message}, which is text. Remove the quotes"
        mantissa, exponent = found.lower().split("e")
        plain = f"{mantissa if '.' in mantissa else mantissa + '.0'}e{int(exponent):+d}"
        return (
            f"{message}, which YAML reads as text: it needs a decimal point and a signed "
            f"exponent. Write {plain} ({number:g}), without quotes"
        )
    return message


# ---- defaults


def _filled(value, rules):
    """Return `value` with the defaults of its part of the schema, and whole numbers as int."""
    if "$ref" in rules:
        rules = schema()["$defs"][rules["$ref"].removeprefix("#/$defs/")]
    if isinstance(value, float) and rules.get("type") == "integer":
        return int(value)
    if isinstance(value, list):
        return [_filled(item, rules.get("items", {})) for item in value]
    if not isinstance(value, dict):
        return value
    known, others = rules.get("properties", {}), rules.get("additionalProperties", False)
    filled = {}
    for key, rule in known.items():
        if key in value or "default" in rule:
            filled[key] = _filled(value.get(key, rule.get("default")), rule)
    for key in value:
        if key not in known:
            filled[key] = _filled(value[key], others if isinstance(others, dict) else {})
    return filled


def defaults(section):
    """Return the settings of a section of the config where nothing is set."""
    return _filled({}, schema()["properties"][section])


# ---- what the schema cannot say


def _check_choices(name, dataset):
    """Check which keys of a dataset go together."""
    if name in RESERVED:
        raise InputError(
            f"config: datasets: the name '{name}' is taken by a folder of the results. Rename it"
        )
    given = [key for key in DATA_KEYS if key in dataset]
    if len(given) != 1:
        raise InputError(
            f"config: datasets.{name}: expected exactly one of {', '.join(DATA_KEYS)}, found "
            f"{' and '.join(given) or 'none'}"
        )
    if given != ["source"] and (odd := [key for key in MATRIX_KEYS if key in dataset]):
        raise InputError(
            f"config: datasets.{name}.{odd[0]}: it goes with `source`, not with "
            f"`{given[0]}`. Remove it"
        )
    if given == ["task"] and dataset.get("variables", "each") != "each":
        raise InputError(
            f"config: datasets.{name}.variables: a task has the variables x and y. Remove the key"
        )
    if "lags" in dataset and not (given == ["spikes"] or dataset.get("time_series")):
        raise InputError(
            f"config: datasets.{name}.lags: lags need samples in time: `spikes`, or `source` with "
            "`time_series: true`. Add that, or remove the key"
        )
    strata = dataset.get("strata")
    sources = dataset.get("source", "")
    first = sources if isinstance(sources, str) else sources[0]
    if isinstance(strata, str) and not first.lower().endswith(".h5ad"):
        raise InputError(
            f"config: datasets.{name}.strata: expected a mapping with `table` and `column`: "
            f"'{first}' is no .h5ad file with labels of its own; found {strata!r}"
        )
    _check_given(name, dataset, first)
    variables = dataset.get("variables", "each")
    if isinstance(variables, dict):
        forms = [key for key in ("gene_sets", "table", "list") if key in variables]
        if len(forms) != 1:
            raise InputError(
                f"config: datasets.{name}.variables: expected exactly one of gene_sets, table "
                f"and list, found {' and '.join(forms) or 'none'}"
            )
        if variables.get("min_features", 1) > 1 and variables.get("unknown_features") != "drop":
            raise InputError(
                f"config: datasets.{name}.variables.min_features: it goes with "
                "`unknown_features: drop`. Add that, or remove it"
            )


def _check_given(name, dataset, first):
    """Check the form of what a dataset conditions on; `first` is its first source."""
    if "given" not in dataset:
        return
    given, where = dataset["given"], f"config: datasets.{name}.given"
    if ("variable" in given) == ("column" in given) or ("table" in given and "column" not in given):
        raise InputError(
            f"{where}: expected one of `variable` and `column` (which may have a `table`), found "
            f"{' and '.join(given) or 'neither'}"
        )
    if "lags" in dataset:
        raise InputError(f"{where}: it does not go with `lags`. Remove one of the two")
    if "column" not in given:
        return
    if "source" not in dataset:
        raise InputError(f"{where}.column: labels go with `source`. Give a variable instead")
    if "table" not in given and not first.lower().endswith(".h5ad"):
        raise InputError(
            f"{where}: expected `table` beside `column`: '{first}' is no .h5ad file with labels "
            "of its own"
        )


def _check_data(dataset, block_size, needed):
    """Check a dataset's files, names, pairs and number of samples, from headers."""
    sources = dataset.get("source", [])
    for path in [sources] if isinstance(sources, str) else sources:
        check_file(path, "source")
    variables = list_variables(dataset)
    tiles.tiles(dataset, variables, block_size)
    found = count_samples(dataset)
    if found is not None and (longest := max(map(abs, dataset.get("lags", [0])))) > found // 4:
        raise InputError(
            f"lags: expected at most {found // 4}, a quarter of the samples, found {longest}"
        )
    if "strata" in dataset:
        read_strata(dataset)
    given = dataset.get("given", {})
    if "column" in given:
        read_given(dataset)
    names = [variable.name for variable in variables]
    if "variable" in given and given["variable"] not in names:
        raise InputError(
            f"given.variable: there is no variable '{given['variable']}'"
            f"{suggest(given['variable'], names)}"
        )
    if found is not None and found < needed:
        hint = " (is `transpose` missing?)" if "source" in dataset else ""
        raise InputError(
            f"expected at least {needed} samples, found {found}. The estimator compares each "
            f"sample with its neighbours and needs more of them{hint}"
        )


def _check_benchmark(benchmark):
    """Check the names of figures and estimators, where the config gives any."""
    if benchmark["figures"]:
        from lmi.benchmarks.published import FIGURES

        _check_known("figures", benchmark["figures"], FIGURES)
    if benchmark["estimators"]:
        from lmi.benchmarks.estimators import ESTIMATORS

        _check_known("estimators", benchmark["estimators"], ESTIMATORS)


def _check_known(key, names, known):
    if unknown := [name for name in names if name not in known]:
        raise InputError(
            f"config: benchmark.{key}: there is no '{unknown[0]}'{suggest(unknown[0], known)}. "
            f"Known: {some(list(known), len(known))}"
        )
