"""Folders of Kilosort and phy: spike times in samples, their clusters, and what these are."""

import ast
import logging
from pathlib import Path

import numpy as np

from lmi.base.errors import InputError
from lmi.base.messages import some, suggest
from lmi.data.files import KILOSORT_TABLES, TROUBLE, text_rows, told

log = logging.getLogger("lmi")

GOOD = ("good",)
UNSORTED = "unsorted"
# Columns of the tables of clusters: what a person said goes before what the sorter did.
LABELS = ("group", "KSLabel")
IDS = ("cluster_id", "id")


def sampling_rate(recording):
    """Return `sample_rate` of params.py, or None; the file is parsed and never run."""
    path = Path(recording.path, "params.py")
    if not path.is_file():
        return None
    try:
        lines = ast.parse(path.read_text(encoding="utf-8")).body
        values = {
            target.id: line.value
            for line in lines
            if isinstance(line, ast.Assign)
            for target in line.targets
            if isinstance(target, ast.Name)
        }
        if "sample_rate" not in values:
            return None
        rate = float(ast.literal_eval(values["sample_rate"]))
    except (*TROUBLE, RecursionError) as error:
        raise InputError(
            f"spikes '{path}': expected a line like `sample_rate = 30000.`, found: {told(error)}. "
            "Mend it, or remove the file and set `sampling_rate`"
        ) from error
    if not 0 < rate < np.inf:
        raise InputError(f"spikes '{path}': expected a sample_rate above 0, found {rate:g}")
    return rate


def arrays(recording, names):
    """Return `times` and `units` of the clusters that are units, and these with their counts."""
    clusters, times = None, None
    for name in ("spike_clusters.npy", "spike_templates.npy"):
        if clusters is None and Path(recording.path, name).is_file():
            clusters = _vector(recording, name)
    if clusters is None:
        raise InputError(
            f"spikes '{recording.path}': expected spike_clusters.npy beside spike_times.npy, "
            "found none"
        )
    units = _units(recording, np.unique(clusters))
    keep = np.isin(clusters, units)
    if not keep.any():
        raise InputError(
            f"spikes '{recording.path}': none of its clusters of the groups "
            f"{some(_wanted(recording))} has a spike"
        )
    ids, counts = np.unique(clusters[keep], return_counts=True)
    found = {"units": clusters[keep], "unit_ids": ids, "unit_counts": counts}
    if "times" in names:
        times = _vector(recording, "spike_times.npy")
        if len(times) != len(clusters):
            raise InputError(
                f"spikes '{recording.path}': expected a cluster for every spike, found "
                f"{len(times)} times and {len(clusters)} clusters"
            )
        found["times"] = times[keep]
    return {name: found[name] for name in names if name in found}


def _vector(recording, name):
    """Return a vector of whole numbers; Kilosort writes some as a column."""
    path = Path(recording.path, name)
    try:
        values = np.load(path, allow_pickle=False)
    except TROUBLE as error:
        raise InputError(
            f"spikes '{path}': expected a readable .npy file: {told(error)}"
        ) from error
    if values.size != max(values.shape, default=0) or values.dtype.kind not in "iu":
        raise InputError(
            f"spikes '{path}': expected one whole number a spike, found the type {values.dtype} "
            f"and the shape {values.shape}"
        )
    return values.ravel()


def _wanted(recording):
    return GOOD if recording.clusters is None else recording.clusters


def _units(recording, clusters):
    """Return those of the clusters that are in the groups that are wanted."""
    if recording.clusters == "all":
        return clusters
    wanted, groups = _wanted(recording), _groups(recording)
    if groups is None:
        raise InputError(
            f"spikes '{recording.path}': expected a table that says which clusters are "
            f"{some(wanted)} ({', '.join(KILOSORT_TABLES)}), found none. Set `clusters: all` in "
            "`spikes` to take every cluster for a unit"
        )
    own = {cluster: groups.get(cluster, UNSORTED) for cluster in clusters.tolist()}
    present = sorted(set(own.values()))
    if absent := [group for group in wanted if group not in present]:
        raise InputError(
            f"spikes '{recording.path}': no cluster with spikes is in the group "
            f"'{absent[0]}'{suggest(absent[0], present)}. Its groups: "
            f"{some(present, show=repr)}. Choose some with `clusters`, or `clusters: all`"
        )
    units = [cluster for cluster, group in own.items() if group in wanted]
    log.info(
        "%s: %d of %d clusters are units (%s)",
        recording.path,
        len(units),
        len(own),
        some(wanted),
    )
    return np.array(units)


def _groups(recording):
    """Return {cluster: its group}, None where no table says."""
    for name in KILOSORT_TABLES:
        path = Path(recording.path, name)
        if not path.is_file():
            continue
        (_, cells), *rows = [*text_rows(str(path), "spikes", "\t"), (0, [])]
        ids = next((cells.index(one) for one in IDS if one in cells), None)
        label = next((cells.index(one) for one in LABELS if one in cells), None)
        if ids is None or label is None:
            if name == "cluster_info.tsv":  # it may have other columns alone
                continue
            raise InputError(
                f"spikes '{path}': expected the columns cluster_id and group or KSLabel, split by "
                f"tabs, found {some(cells, show=repr) or 'nothing'}"
            )
        groups = {}
        for line, row in rows:
            if not row:
                continue
            if len(row) <= max(ids, label) or not row[ids].strip().isdecimal():
                raise InputError(
                    f"spikes '{path}', line {line}: expected a cluster and its group, found {row}"
                )
            groups[int(row[ids])] = row[label].strip() or UNSORTED
        return groups
    return None
