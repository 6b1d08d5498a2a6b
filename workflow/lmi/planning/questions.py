"""What a dataset asks of its pairs beside their information, checked before any job.

Differences between groups of samples (`compare`), and directions in time (`transfer`).
"""

from __future__ import annotations

from typing import Any

from lmi.base.errors import InputError
from lmi.base.messages import some, suggest
from lmi.data.groups import group_sizes
from lmi.data.intervals import n_partners
from lmi.data.labels import ANNOTATED
from lmi.data.variables import interval_sizes
from lmi.estimation.limits import MIN_GROUP, MIN_TIMES

Settings = dict[str, Any]


def check_form(name: str, dataset: Settings, first: str) -> None:
    """Check which keys go with `compare` and `transfer`.

    Parameters
    ----------
    name : str
    dataset : dict
        Of the config, before defaults are filled in.
    first : str
        Its first source.

    Raises
    ------
    InputError
        Keys that do not go together.
    """
    if "compare" in dataset:
        where = f"config: datasets.{name}.compare"
        if "source" not in dataset:
            raise InputError(f"{where}: labels of samples go with `source`. Remove it")
        if dataset.get("time_series"):
            raise InputError(
                f"{where}: labels are exchanged between samples, which must not depend on their "
                "neighbours in time. Remove `time_series` or `compare`"
            )
        if "table" not in dataset["compare"] and not first.lower().endswith(ANNOTATED):
            raise InputError(
                f"{where}: expected `table` beside `column`: '{first}' is no "
                f"{', '.join(ANNOTATED)} file with labels of its own"
            )
        groups = [str(one) for one in dataset["compare"]["groups"]]
        if groups[0] == groups[1]:
            raise InputError(f"{where}.groups: expected two labels, found {groups[0]!r} twice")
    if "transfer" in dataset:
        where = f"config: datasets.{name}.transfer"
        if not ("spikes" in dataset or dataset.get("time_series")):
            raise InputError(
                f"{where}: a past needs samples in time: `spikes`, or `source` with "
                "`time_series: true`. Add that, or remove the key"
            )
        if "lags" in dataset:
            raise InputError(f"{where}: it has lags of its own. Remove `lags` of the dataset")
        if "column" in dataset.get("given", {}):
            raise InputError(
                f"{where}: it is beyond `given.variable`, and not beyond labels. Remove "
                "`given.column`"
            )


def check_data(dataset: Settings, n_samples: int | None) -> None:
    """Check the groups that are compared and the length of the past, from headers and labels.

    Parameters
    ----------
    dataset : dict
        With its defaults.
    n_samples : int or None
        As far as headers tell.

    Raises
    ------
    InputError
        A group that is not there or too small; a past that is too long.
    """
    if "compare" in dataset:
        sizes, found = group_sizes(dataset)
        for label, size in sizes.items():
            if not size:
                raise InputError(
                    f"compare.groups: no sample has the label '{label}' in the column "
                    f"'{dataset['compare']['column']}'{suggest(label, found)}. Labels: "
                    f"{some(found)}"
                )
            # which samples are drawn depends on the seed of the run
            if size < MIN_GROUP and "downsample" not in dataset:
                raise InputError(
                    f"compare.groups: expected at least {MIN_GROUP} samples of each group, found "
                    f"{size} of '{label}'"
                )
    if "transfer" in dataset:
        first = past(dataset["transfer"])
        left = n_samples
        if "source" in dataset and n_samples is not None:
            left = n_partners(interval_sizes(dataset), first)
        elif n_samples is not None:
            left = n_samples - first
        if left is not None and left < MIN_TIMES:
            raise InputError(
                f"transfer: expected at least {MIN_TIMES} samples with a past of {first} samples "
                f"in their interval, found {max(left, 0)} of {n_samples}. Choose smaller lags and "
                "a shorter history"
            )


def past(transfer: Settings) -> int:
    """Return how many samples the past of a section `transfer` reaches back."""
    return max(*transfer["lags"], transfer["history"])
