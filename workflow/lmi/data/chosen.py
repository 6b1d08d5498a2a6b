"""From the config to sources: files, and parts of files, with the keys that say how to read."""

import itertools
from dataclasses import dataclass, replace
from pathlib import Path

from lmi.base.errors import InputError
from lmi.base.messages import some
from lmi.data.files import ending, files_of, stem, trouble_told
from lmi.data.formats import FORMATS, KEYS, PART_KEYS, annotated, recordings


@dataclass(frozen=True)
class Source:
    """One file, or a part of it, and how to read it: keys of the config.

    Attributes
    ----------
    modalities : tuple of str
        Of the file, those that the config takes.
    shared : bool
        Other sources have the same keys.
    images : tuple of int, or None
        Height, width and perhaps channels of the image that each sample is.
    named : str or None
        What the variable is called where each source is one; by its file when None.
    """

    path: str
    layer: str | None = None
    obsm: str | None = None
    modality: str | None = None
    key: str | None = None
    transpose: bool = False
    sample_column: str | None = None
    drop_columns: tuple | None = None
    shared: bool = False
    modalities: tuple = ()
    named: str | None = None
    images: tuple | None = None

    @property
    def variable(self):
        """The name of the variable that all of its features are."""
        return self.named or stem(self.path)

    @property
    def shown(self):
        """What messages call it: its path, and which part of the file it is."""
        parts = {"modality": self.modality, "obsm": self.obsm, "key": self.key}
        named_parts = [f"{key} {value}" for key, value in parts.items() if value and self.named]
        return f"{self.path} ({', '.join(named_parts)})" if named_parts else self.path


def sources_of(dataset):
    """Return the sources of a dataset of the config, in order.

    Where there are several, a key goes to the files that know it, if there are any. A file of
    which several parts are taken (modalities, matrices of obsm) is a source for each.
    """
    paths = dataset["source"]
    paths = [paths] if isinstance(paths, str) else paths
    options = {key: dataset.get(key) for key in KEYS}
    if isinstance(options["drop_columns"], list):
        options["drop_columns"] = tuple(options["drop_columns"])
    own = {path: options for path in paths} if len(paths) == 1 else _keys_of_files(paths, options)
    sources = []
    for path in paths:
        if ending(path) == ".nwb" and not dataset.get("time_series"):
            raise InputError(
                f"source '{path}': the samples of a series of an NWB file are consecutive in time. "
                "Set `time_series: true`"
            )
        first = Source(
            path,
            transpose=dataset.get("transpose", False),
            shared=len(paths) > 1,
            images=tuple(dataset["images"]) if "images" in dataset else None,
            **{key: value for key, value in own[path].items() if key not in PART_KEYS},
        )
        sources += _parts(first, *(own[path].get(key) for key in PART_KEYS))
    if "pairing" in dataset:
        return _sides(sources, dataset["pairing"])
    return sources


def _sides(sources, pairing):
    """Return the two sources that samples are paired of, with the names of their variables."""
    if len(sources) != 2:
        raise InputError(
            f"pairing: expected two sources, found {len(sources)}: "
            f"{some([source.shown for source in sources])}. One file may be named twice"
        )
    names = pairing.get("names", pairing.get("columns"))
    if names is None:
        return sources
    return [replace(source, named=name) for source, name in zip(sources, names, strict=True)]


def _keys_of_files(paths, options):
    """Return {path: its keys}: a key goes to the files that know it, if there are any."""
    keys_of = {path: getattr(FORMATS.get(ending(path)), "keys", KEYS) for path in paths}
    return {
        path: {
            key: value
            for key, value in options.items()
            if key in keys or not any(key in others for others in keys_of.values())
        }
        for path, keys in keys_of.items()
    }


def _parts(source, obsm, modality, key):
    """Return a source for each modality, matrix of obsm and key that is taken of a file."""
    chosen = [modality] if isinstance(modality, str) else list(modality or ())
    every_obsm, keys = (
        [one] if one is None or isinstance(one, str) else list(one) for one in (obsm, key)
    )
    if not chosen and ending(source.path) in (".h5mu", ".zarr") and Path(source.path).exists():
        chosen = list(trouble_told(_modalities, source))
    if len(chosen) > 1:
        if source.transpose:
            raise InputError(
                f"source '{source.path}': the modalities {some(chosen)} have the same samples, and "
                "with `transpose` features would be samples. Remove `transpose`, or choose one "
                "with `modality`"
            )
        if trouble_told(lambda one: annotated.shared_axis(one.path), source) == 1:
            raise InputError(
                f"source '{source.path}': its modalities {some(chosen)} have features in common "
                "and not samples (axis 1). Choose one with `modality`"
            )
    several = len(chosen) > 1, len(every_obsm) > 1, len(keys) > 1
    sources = []
    for part in itertools.product(chosen or [None], every_obsm, keys):
        told_apart = list(itertools.compress(part, several))
        if told_apart and source.shared:
            told_apart.insert(0, stem(source.path))
        sources.append(
            replace(
                source,
                modality=part[0],
                obsm=part[1],
                key=part[2],
                modalities=tuple(chosen),
                named=":".join(told_apart) or None,
            )
        )
    return sources


def _modalities(source):
    return annotated.modalities(source.path)


def data_files(dataset):
    """Return the paths of the files that a dataset of the config is read from, in order.

    Of a folder those that are read; a .zarr folder as a whole.
    """
    paths = dataset.get("spikes", dataset).get("source", [])
    paths = [paths] if isinstance(paths, str) else paths
    paths = [file for path in paths for file in files_of(path)]
    for key in ("strata", "given", "compare", "where", "downsample", "intervals"):
        if isinstance(dataset.get(key), dict) and "table" in dataset[key]:
            paths.append(dataset[key]["table"])
    paired = dataset.get("pairing", {})
    paths += [paired["table"]] if "table" in paired else []
    places = [*paired.get("keys", ()), *paired.get("where", ())]
    paths += dict.fromkeys(one["table"] for one in places if isinstance(one, dict))
    choice = dataset.get("variables")
    labels = dataset.get("labels", choice.get("labels", []) if isinstance(choice, dict) else [])
    paths += dict.fromkeys(place["table"] for place in labels if isinstance(place, dict))
    recorded = dataset.get("spikes", {}).get("intervals")
    if isinstance(recorded, dict):
        paths.append(recorded["table"])
    elif recordings.is_table(recorded):
        paths.append(recorded)
    tasks = [dataset.get("task", {}), *dataset.get("cells", {}).values()]
    return [*paths, *dict.fromkeys(task["path"] for task in tasks if task.get("path"))]
