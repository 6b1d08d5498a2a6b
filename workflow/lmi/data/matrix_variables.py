"""Variables of a matrix: groups of the columns of one or several sources."""

from lmi.base.errors import InputError
from lmi.data.feature_groups import FORMS, check_descriptions, feature_groups
from lmi.data.modalities import as_in_headers
from lmi.data.sources import (
    first_duplicates,
    header,
    id_message,
    n_samples,
    some,
    sources_of,
    suggest,
)
from lmi.data.variable import Variable

MAX_VARIABLES = 200_000
"""Features that are variables of their own: there are half as many pairs as its square."""


def list_source_variables(dataset):
    """List the variables of a dataset with sources: its files, its features, or groups of them."""
    sources, choice = sources_of(dataset), dataset["variables"]
    if choice in ("files", "each"):
        _refuse_ids(sources, "pairing" in dataset or "resample" in dataset)
    if choice == "files":
        return _file_variables(sources)
    if choice == "each":
        _check_count(sources)
    where, text, twice = feature_places(sources)
    if choice == "each":
        groups = {name: (name,) for name in where}
        described = "variables: each"
        _check_features(groups, where, text, twice, sources, described)
        return [Variable(name, features) for name, features in groups.items()]
    groups, described = feature_groups(choice, sources)
    groups = as_in_headers(groups, sources, described)
    variables = []
    if "gene_sets" in choice:
        check_descriptions(choice["gene_sets"], where)
    listed_twice = {name: first_duplicates(features) for name, features in groups.items()}
    for name, repeated in listed_twice.items():
        if repeated and "list" in choice:
            raise InputError(
                f"{described}: variable '{name}' lists a feature twice: {some(repeated)}. "
                "List it once"
            )
    groups = {name: tuple(dict.fromkeys(features)) for name, features in groups.items()}
    if choice.get("unknown_features", "error") == "error":
        form = next(key for key in FORMS if key in choice)
        _check_known(groups, where, described, sources, form)
    for name, features in groups.items():
        present = tuple(feature for feature in features if feature in where)
        if len(present) < max(1, choice.get("min_features", 1)):
            continue
        absent = tuple(feature for feature in features if feature not in where)
        notes = [f"{len(absent)} of its {len(features)} features are not in the data"]
        notes = notes if absent else []
        if listed_twice[name]:
            notes.append(f"listed more than once, taken once: {some(listed_twice[name])}")
        variables.append(Variable(name, present, note="; ".join(notes), absent=absent))
    if not variables:
        raise InputError(
            f"{described}: none of its {len(groups)} variables has at least "
            f"{choice.get('min_features', 1)} features in the data, whose features are "
            f"{some(where)}. Names must be equal, letter by letter; or lower min_features"
        )
    _check_features(
        {one.name: one.features for one in variables}, where, text, twice, sources, described
    )
    return variables


def _check_count(sources):
    """Refuse more variables of a feature each than a run can have, before there are any."""
    n_features = sum(len(header(source).features) for source in sources)
    if n_features > MAX_VARIABLES:
        raise InputError(
            f"variables: each: expected at most {MAX_VARIABLES:,} features in "
            f"{some(repr(str(source.path)) for source in sources)}, found {n_features:,}, which "
            "make as many variables. Name groups of features (`gene_sets`, `table`, `list`), or "
            "select features before"
        )


def _refuse_ids(sources, apart):
    """Refuse columns that seem to name or count the samples where every column is a feature."""
    for source in sources:
        top = header(source)
        if ids := [name for name in top.ids if name in top.features]:
            if not apart:
                n_samples(sources)  # sources without a common sample are told first
            raise InputError(id_message(source, ids))


def _file_variables(sources):
    variables = []
    for source in sources:
        top = header(source)
        if top.text:
            odd = [f"{name} ({top.held[name]})" for name in sorted(top.text)]
            raise InputError(
                f"variables: files: '{source.path}' has columns that hold no numbers: "
                f"{some(odd)}. Every "
                "column must hold numbers, but for one of sample names; leave others out with "
                "`drop_columns`"
            )
        variables.append(Variable(source.variable))
    return variables


def feature_places(sources):
    """Return {feature: (source, column)}, features of text, and features that occur twice."""
    where, text, twice, first = {}, set(), {}, {}
    for i, source in enumerate(sources):
        top = header(source)
        text |= top.text
        for column, name in enumerate(top.features):
            if name in where:
                twice[name] = first[name], source.path
            else:
                where[name], first[name] = (i, column), source.path
    return where, text, twice


def _check_features(groups, where, text, twice, sources, described):
    """Refuse features that are used and hold text, or that could be either of two columns."""
    for name, features in groups.items():
        for feature in features:
            if feature in text:
                source = sources[where[feature][0]]
                raise InputError(
                    f"{described}: variable '{name}' uses the column '{feature}' of "
                    f"'{source.path}', which holds {header(source).held[feature]}; expected "
                    "numbers. Leave it out with `drop_columns`, list the features to use with "
                    "`variables`, or name the column of sample names with `sample_column`"
                )
            if feature in twice:
                one, other = twice[feature]
                place = f"twice in '{one}'" if one == other else f"in '{one}' and in '{other}'"
                n_more = len(twice) - 1
                more = f" (and {n_more} more such names)" if n_more else ""
                raise InputError(
                    f"{described}: the feature '{feature}' of variable '{name}' is {place}{more}; "
                    "expected unique names. Rename one"
                    + ("" if one == other else ", or use `variables: files`")
                )


def _check_known(groups, where, described, sources, form):
    """Refuse features that no source has; name the first few and what comes close to them."""
    unknown = {}
    for name, features in groups.items():
        for feature in features:
            if feature not in where:
                unknown.setdefault(feature, []).append(name)
    if not unknown:
        return
    total = len({feature for features in groups.values() for feature in features})
    files = "'" + "', '".join(source.path for source in sources) + "'"
    if len(unknown) == total:
        raise InputError(
            f"{described}: none of its {total} features is in {files}. It lists "
            f"{some(unknown, 3)}; the data have {some(where, 3)}. Names must be equal, letter by "
            "letter (is `transpose` missing?)"
        )

    def show(feature):
        owners = unknown[feature]
        whose = f"variable{'s' if len(owners) > 1 else ''} '{some(owners, 3)}'"
        return f"'{feature}' of {whose}{suggest(feature, where)}"

    concerned = list(dict.fromkeys(name for names in unknown.values() for name in names))
    raise InputError(
        f"{described}: {len(unknown)} of its {total} features are not in "
        f"{files}: {some(unknown, show=show)}. Variables concerned: "
        f"{len(concerned)} of {len(groups)} ({some(concerned, 20)}). Correct the names, or go on "
        "without them: `variables: {" + form + ": ..., unknown_features: drop}`"
    )
