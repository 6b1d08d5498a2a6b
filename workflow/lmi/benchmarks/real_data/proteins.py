"""Protein embeddings of UniProt: HDF5 files with one dataset a protein."""

import h5py
import numpy as np

from lmi.base import files
from lmi.base.errors import InputError
from lmi.benchmarks.real_data.download import sha256

SPECIES = ("ecoli", "athaliana")


def read_embeddings(path):
    """Read per-protein embeddings in the format of UniProt.

    Parameters
    ----------
    path : str or Path
        HDF5 file: a dataset of shape (n_features,) a protein, named by its accession.

    Returns
    -------
    accessions : list of str
        In the order of the names.
    embeddings : float16 array, shape (n_proteins, n_features)

    Raises
    ------
    InputError
        Not an HDF5 file, or datasets of other shapes, or values that are not finite.
    """
    mend = (
        "Give a file per-protein.h5 of https://www.uniprot.org/help/embeddings, "
        "or delete it to download it again"
    )
    try:
        with h5py.File(path, "r") as file:
            files.refuse_foreign(file)
            accessions = sorted(file)
            rows = [np.asarray(file[name]) for name in accessions]
    except (OSError, TypeError) as error:
        raise InputError(
            f"{path}: expected HDF5 with a dataset a protein, cannot read it ({error}). {mend}"
        ) from error
    shapes = {row.shape for row in rows}
    if len(shapes) != 1 or len(next(iter(shapes))) != 1:
        found = ", ".join(map(str, sorted(shapes)[:3])) or "no datasets"
        raise InputError(
            f"{path}: expected datasets of one shape (n_features,), found {found}. {mend}"
        )
    embeddings = np.stack(rows).astype(np.float16)
    bad = ~np.isfinite(embeddings).all(axis=1)
    if bad.any():
        name = accessions[int(bad.argmax())]
        raise InputError(
            f"{path}: expected finite numbers, found others in {bad.sum()} proteins, {name} first. "
            f"{mend}"
        )
    return accessions, embeddings


def prepare(ecoli, athaliana, out, standin=False):
    """Join the embeddings of two proteomes into one file, which the task `proteins` reads.

    Parameters
    ----------
    ecoli, athaliana : str or Path
        Files for `read_embeddings`. All proteins are kept, and all features as they are.
    out : str or Path
        HDF5: `embedding` (n_proteins, n_features) float16, `accession`, `species` (0 or 1).
    standin : bool
        The files are a stand-in; the output says so.

    Raises
    ------
    InputError
        See `read_embeddings`; or the files have different numbers of features.
    """
    read = [read_embeddings(path) for path in (ecoli, athaliana)]
    widths = [embeddings.shape[1] for _, embeddings in read]
    if widths[0] != widths[1]:
        raise InputError(
            f"{ecoli}, {athaliana}: expected embeddings of one model, found {widths[0]} and "
            f"{widths[1]} features. Take both files from the same release of UniProt"
        )
    arrays = {
        "embedding": np.concatenate([embeddings for _, embeddings in read]),
        "accession": [name for accessions, _ in read for name in accessions],
        "species": np.repeat([0, 1], [len(accessions) for accessions, _ in read]).astype(np.int8),
    }
    attributes = {
        "stage": "proteins",
        "standin": standin,
        "species": SPECIES,
        "sha256": [sha256(ecoli), sha256(athaliana)],
    }
    files.write(out, arrays, attributes)
