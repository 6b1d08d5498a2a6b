"""The machine-readable record of a run: an RO-Crate (https://w3id.org/ro/crate/1.1)."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import mimetypes
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

import lmi
from lmi.base.errors import InputError
from lmi.base.files import replacing, versions
from lmi.base.paths import files_in, of_folder
from lmi.data.sources import data_files

PROCESS = "https://w3id.org/ro/wfrun/process/0.5"
"""The profile: a program, run once, with what went in and what came out."""
MEDIA_TYPES = {
    ".tsv": "text/tab-separated-values",
    ".parquet": "application/vnd.apache.parquet",
    ".npz": "application/x-npz",
    ".graphml": "application/graphml+xml",
    ".yaml": "application/yaml",
}
MEANING = {
    "mi.tsv": "mutual information of all pairs, one row a pair and lag, in bits",
    "mi.parquet": "the table of mi.tsv in full precision",
    "report.html": "the report, one page that opens offline",
    "exports/config.yaml": "the config of the run with all defaults",
    "mi_bits.tsv": "square matrix of mutual information, bits",
    "q_value.tsv": "square matrix of q values",
    "matrices.npz": "the square matrices for numpy, in full precision",
    "network.graphml": "variables, and the pairs that are significant",
    "network.tsv": "the pairs that are significant, and whether each is direct",
    "targets.tsv": "which variables tell of the target, and what each adds",
}


def write(
    out: str | Path, config_out: str | Path, config: Mapping[str, Any], files: Iterable[str | Path]
) -> None:
    """Write the record of a run, and its config.

    Files of data are named by the SHA-256 of their content, those of results by their place in
    the folder of the run.

    Parameters
    ----------
    out : str or Path
        `results/<run>/ro-crate-metadata.json`.
    config_out : str or Path
        YAML file in the same folder or below.
    config : dict
        Of the run, defaults included.
    files : iterable of str or Path
        Results, in the same folder or below.
    """
    from rocrate.model import ContextEntity, DataEntity, SoftwareApplication
    from rocrate.rocrate import ROCrate

    folder = Path(out).parent
    with replacing(config_out) as path:
        path.write_text(yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True), "utf-8")
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    crate = ROCrate(version="1.1")
    crate.name = f"lmi-workflow run {config['run']}"
    crate.description = "Mutual information of pairs of high-dimensional variables, in bits."
    crate.datePublished = now
    # RO-Crate wants one, or words on how the crate may be used; the data's own is not known here
    crate.license = "Not stated: as the data allow that the results were made from."
    crate.root_dataset["conformsTo"] = crate.add(
        ContextEntity(crate, PROCESS, {"@type": "CreativeWork", "name": "Process Run Crate"})
    )

    def result(path: str | Path) -> Any:
        place = Path(path).relative_to(folder).as_posix()
        kind = MEDIA_TYPES.get(Path(path).suffix) or mimetypes.guess_type(path)[0]
        size, digest = _content(path)
        about = {
            "name": place,
            "description": MEANING.get(place, MEANING.get(Path(path).name, "")),
            "contentSize": str(size),
            "sha256": digest.hex(),
            "encodingFormat": kind or "application/octet-stream",
        }
        return crate.add_file(path, place, properties=about)

    def data(path: str) -> Any:
        if Path(path).is_dir():
            held = {file: _content(file) for file in files_in(path)}
            key = of_folder(path, lambda file: held[file][1].hex())
            size = sum(size for size, _ in held.values())
            about = {"@type": "Dataset", "name": path, "contentSize": str(size)}
            return crate.add(DataEntity(crate, f"urn:lmi-workflow:folder:{key}/", about))
        size, digest = _content(path)
        short = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        about = {
            "@type": "File",
            "name": path,
            "contentSize": str(size),
            "sha256": digest.hex(),
        }
        # the URI of a content (RFC 6920), for data lie anywhere
        return crate.add(DataEntity(crate, f"ni:///sha-256;{short}", about))

    libraries = versions()
    software = [
        crate.add(
            SoftwareApplication(
                crate,
                f"#{name}",
                {"name": name, "version": libraries[name], "softwareVersion": libraries[name]},
            )
        )
        for name in libraries
    ]
    program = next(one for one in software if one.id == "#lmi-workflow")
    program["softwareRequirements"] = [one for one in software if one is not program]
    sources = dict.fromkeys(
        path for dataset in config["datasets"].values() for path in data_files(dataset)
    )
    settings = result(config_out)
    action = crate.add_action(
        program,
        identifier="#run",
        object=[settings, *(data(path) for path in sources)],
        result=[result(path) for path in files],
        properties={
            "name": f"lmi-workflow {lmi.__version__}, run {config['run']}, seed {config['seed']}",
            "endTime": now,
        },
    )
    crate.root_dataset["mentions"] = action
    with replacing(out) as path:
        path.write_text(
            json.dumps(crate.metadata.generate(), indent=2, ensure_ascii=False), "utf-8"
        )


def _content(path: str | Path) -> tuple[int, bytes]:
    """Return the size of a file, bytes, and its SHA-256."""
    try:
        with open(path, "rb") as file:
            return os.fstat(file.fileno()).st_size, hashlib.file_digest(file, "sha256").digest()
    except FileNotFoundError as error:
        raise InputError(
            f"{path}: expected a file of the run, found no such file. Put it back if it is an "
            "input, and run the same command again."
        ) from error
