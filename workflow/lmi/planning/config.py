"""The config: checked against its schema and against the headers of its files, defaults filled.

The schema (workflow/lmi/planning/config.schema.yaml) is the one list of keys, types, defaults and
descriptions. What it cannot say, about files and names, is checked here, before any job starts.
"""

import jsonschema

from lmi.base.errors import InputError
from lmi.base.messages import first_duplicates
from lmi.data import preprocess
from lmi.data.feature_groups import FORMS
from lmi.data.intervals import n_partners
from lmi.data.label_variables import read_labels_of
from lmi.data.labels import ANNOTATED
from lmi.data.matrix_values import joined_given, read_strata
from lmi.data.sources import check_source, some, suggest
from lmi.data.variables import (
    LEAST_SAMPLES_OF_DATASET,
    count_samples,
    interval_sizes,
    list_variables,
)
from lmi.planning import questions, tiles
from lmi.planning.plain import check_numbers, path_text, plain
from lmi.planning.schema import filled, schema
from lmi.planning.schema_errors import message, rank

# Names in results/<run>/ that a dataset of the same name would get in the way of.
RESERVED = (
    "accuracy",
    "benchmark",
    "benchmarks",
    "calibration",
    "exports",
    "figures",
    "logs",
    "real_data",
)
DATA_KEYS = ("source", "spikes", "task")
CONDITIONAL_KEYS = ("given", "direct", "select")
"""Keys of a dataset that ask for conditional information."""
MATRIX_KEYS = (
    "layer",
    "obsm",
    "modality",
    "key",
    "transpose",
    "sample_column",
    "drop_columns",
    "time_series",
    "strata",
    "where",
    "downsample",
    "pairing",
    "resample",
    "images",
    "preprocess",
    "intervals",
)


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
    config = plain(raw, ())
    validator = jsonschema.Draft202012Validator(schema())
    errors = sorted(validator.iter_errors(config), key=rank)
    if errors:
        others = len({path_text(error.absolute_path) for error in errors}) - 1
        more = f" ({others} more to mend after this one)" if others else ""
        raise InputError(f"config: {message(errors[0])}{more}")
    if config.get("cache") is True:
        raise InputError("config: cache: expected a folder or off, found on. Name the folder")
    if isinstance(size := config.get("block_size", 1), str) and size != "auto":
        raise InputError(
            f"config: block_size: expected a whole number, at least 1, or auto; found {size!r}"
        )
    for name, dataset in config["datasets"].items():
        _check_choices(name, dataset)
    config = filled(config, schema())
    check_numbers(config, ())
    needed = min_samples(config["estimate"]["k"])
    for name, dataset in config["datasets"].items():
        if "source" not in dataset:
            del dataset["transpose"], dataset["time_series"]
        if "lags" in dataset and config["embed"]["preset"] != "default":
            raise InputError(
                f"config: datasets.{name}.lags: lags go with `embed.preset: default`, found "
                f"{config['embed']['preset']}"
            )
        for key in (*CONDITIONAL_KEYS, "compare", "transfer"):
            if key in dataset and config["embed"]["preset"] != "default":
                raise InputError(
                    f"config: datasets.{name}.{key}: it goes with `embed.preset: default`, found "
                    f"{config['embed']['preset']}"
                )
            needs_p = key in ("direct", "select")
            if key in dataset and needs_p and not config["estimate"]["permutations"]["max"]:
                raise InputError(
                    f"config: datasets.{name}.{key}: it needs p values, found "
                    "`estimate.permutations.max: 0`. Raise it, or remove the key"
                )
        try:
            _check_data(dataset, needed)
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
    if isinstance(strata, str) and not first.lower().endswith(ANNOTATED):
        raise InputError(
            f"config: datasets.{name}.strata: expected a mapping with `table` and `column`: "
            f"'{first}' is no {', '.join(ANNOTATED)} file with labels of its own; found {strata!r}"
        )
    if "intervals" in dataset and not dataset.get("time_series"):
        raise InputError(
            f"config: datasets.{name}.intervals: it goes with `time_series: true`. Add that, or "
            "remove it"
        )
    for key in ("where", "downsample", "intervals"):
        found = dataset.get(key)
        has_table = isinstance(found, dict) and "table" in found
        needs_table = isinstance(found, str) or "by" in (found or {})
        if needs_table and not has_table and not first.lower().endswith(ANNOTATED):
            raise InputError(
                f"config: datasets.{name}.{key}: expected a mapping with `table`: '{first}' is no "
                f"{', '.join(ANNOTATED)} file with columns of its own; found {found!r}"
            )
    if "downsample" in dataset and dataset.get("time_series"):
        raise InputError(
            f"config: datasets.{name}.downsample: samples of a time series cannot be drawn at "
            "random: those that are left would be taken for neighbours. Remove one of the two"
        )
    for key in CONDITIONAL_KEYS:
        if key in dataset and "lags" in dataset:
            raise InputError(
                f"config: datasets.{name}.{key}: it does not go with `lags`. Remove one of the two"
            )
    pairs = dataset.get("pairs", "all")
    if "select" in dataset and not (isinstance(pairs, dict) and "target" in pairs):
        raise InputError(
            f"config: datasets.{name}.select: it goes with `pairs: {{target: ...}}`, found "
            f"{pairs!r}. Name the target, or remove the key"
        )
    if "direct" in dataset and (pairs == "shifted" or "target" in pairs):
        raise InputError(
            f"config: datasets.{name}.direct: it goes with pairs that make triangles, found "
            f"{pairs!r}. Take `pairs: all`, or remove the key"
        )
    _check_pairing(name, dataset)
    _check_resample(name, dataset)
    _check_given(name, dataset, first)
    questions.check_form(name, dataset, first)
    variables = dataset.get("variables", "each")
    if isinstance(variables, dict):
        forms = [key for key in FORMS if key in variables]
        _check_labels(name, variables.get("labels", []), given, first)
        if len(forms) != 1 and not ("labels" in variables and not forms):
            raise InputError(
                f"config: datasets.{name}.variables: expected exactly one of "
                f"{', '.join(FORMS)}, found {' and '.join(forms) or 'none'}"
            )
        if variables.get("min_features", 1) > 1 and variables.get("unknown_features") != "drop":
            raise InputError(
                f"config: datasets.{name}.variables.min_features: it goes with "
                "`unknown_features: drop`. Add that, or remove it"
            )


def _check_pairing(name, dataset):
    """Check which keys go with pairs of samples."""
    if "pairing" not in dataset:
        return
    pairing, where = dataset["pairing"], f"config: datasets.{name}.pairing"
    if ("table" in pairing) == ("keys" in pairing):
        raise InputError(
            f"{where}: expected one of `table` (with `columns`) and `keys`, found "
            f"{'both' if 'table' in pairing else 'neither'}"
        )
    if ("columns" in pairing) != ("table" in pairing):
        raise InputError(f"{where}: `table` and `columns` go together. Add or remove one")
    if "unknown" in pairing and "table" not in pairing:
        raise InputError(f"{where}.unknown: it goes with `table`. Remove it")
    for key in ("where", "time_series"):
        if dataset.get(key):
            hint = "put a condition for each source into it" if key == "where" else "remove one"
            raise InputError(f"{where}: it does not go with `{key}` of the dataset; {hint}")
    sources = dataset["source"]
    paths = [sources] * 2 if isinstance(sources, str) else sources
    for side, place in enumerate(pairing.get("keys", [])[: len(paths)]):
        if isinstance(place, str) and not paths[side].lower().endswith(ANNOTATED):
            raise InputError(
                f"{where}.keys: expected a mapping with `table` and `column`: '{paths[side]}' is "
                f"no {', '.join(ANNOTATED)} file with columns of its own; found {place!r}"
            )


def _check_resample(name, dataset):
    """Check which keys go with steps of time into which samples are averaged."""
    if "resample" not in dataset:
        return
    where = f"config: datasets.{name}.resample"
    if not dataset.get("time_series"):
        raise InputError(f"{where}: it goes with `time_series: true`. Add that, or remove it")
    variables = dataset.get("variables")
    odd = [key for key in ("where", "intervals", "strata", "pairing") if key in dataset]
    odd += ["given.column"] if "column" in dataset.get("given", {}) else []
    odd += ["variables.labels"] if isinstance(variables, dict) and "labels" in variables else []
    steps = dataset.get("preprocess", [])
    steps = steps if isinstance(steps, list) else [one for own in steps.values() for one in own]
    names = {one if isinstance(one, str) else next(iter(one), "") for one in steps}
    odd += [f"preprocess: {one}" for one in ("normalise", preprocess.SELECTION) if one in names]
    if odd:
        raise InputError(
            f"{where}: it does not go with `{odd[0]}`, since a sample is then the mean of several. "
            "Remove one of the two"
        )


def _check_labels(name, labels, given, first):
    """Refuse labels as variables where there is no matrix, or where they cannot be found."""
    where = f"config: datasets.{name}.variables.labels"
    if labels and given != ["source"]:
        raise InputError(f"{where}: it goes with `source`, not with `{given[0]}`. Remove it")
    columns = [place if isinstance(place, str) else place["column"] for place in labels]
    if repeated := first_duplicates(columns):
        raise InputError(
            f"{where}: variables are called as their columns; more than once: {some(repeated)}. "
            "Rename a column"
        )
    for place in labels:
        if isinstance(place, str) and not first.lower().endswith(ANNOTATED):
            raise InputError(
                f"{where}: expected a mapping with `table` and `column`: '{first}' is no .h5ad "
                f"file with labels of its own; found {place!r}"
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
    if "column" not in given:
        return
    if "source" not in dataset:
        raise InputError(f"{where}.column: labels go with `source`. Give a variable instead")
    if "table" not in given and not first.lower().endswith(ANNOTATED):
        raise InputError(
            f"{where}: expected `table` beside `column`: '{first}' is no {', '.join(ANNOTATED)} "
            "file with labels of its own"
        )


def _check_data(dataset, needed):
    """Check a dataset's files, names, pairs and number of samples, from headers."""
    sources = dataset.get("source", [])
    for path in [sources] if isinstance(sources, str) else sources:
        check_source(path, "source")
    preprocess.check(dataset, [sources] if isinstance(sources, str) else sources)
    variables = list_variables(dataset)
    tiles.tiles(dataset, variables, len(variables))
    found = count_samples(dataset)
    if found is not None and (longest := max(map(abs, dataset.get("lags", [0])))) > found // 4:
        raise InputError(
            f"lags: expected at most {found // 4}, a quarter of the samples, found {longest}"
        )
    if "source" in dataset and any(dataset.get("lags", ())) and found is not None:
        sizes = interval_sizes(dataset)
        if (left := n_partners(sizes, longest)) < needed:
            raise InputError(
                f"lags: at a lag of {longest} samples {left} of {found} have a partner in their "
                f"interval, expected at least {needed}. Choose smaller lags"
            )
    if "strata" in dataset:
        read_strata(dataset)
    read_labels_of(dataset, "drop_samples")
    given = dataset.get("given", {})
    if "column" in given:
        joined_given(dataset)
    names = [variable.name for variable in variables]
    if "variable" in given and given["variable"] not in names:
        raise InputError(
            f"given.variable: there is no variable '{given['variable']}'"
            f"{suggest(given['variable'], names)}"
        )
    questions.check_data(dataset, found)
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


def _check_known(key, names, listed):
    if unknown := [name for name in names if name not in listed]:
        raise InputError(
            f"config: benchmark.{key}: there is no '{unknown[0]}'{suggest(unknown[0], listed)}. "
            f"Known: {some(list(listed), len(listed))}"
        )
