"""Interacting proteins: tables of OmniPath joined with the embeddings of the human proteome."""

import csv
import json

import numpy as np

from lmi.base import files
from lmi.base.errors import InputError
from lmi.benchmarks.real_data.download import sha256
from lmi.benchmarks.real_data.proteins import read_embeddings


def read_pairs(path):
    """Return the columns source and target of a table of OmniPath, as a list of pairs.

    Raises
    ------
    InputError
        A table without these columns.
    """
    with open(path, encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        missing = {"source", "target"} - set(reader.fieldnames or ())
        if missing:
            found = ", ".join((reader.fieldnames or ["nothing"])[:5])
            raise InputError(
                f"{path}: expected a tab-separated table with the columns source and target, "
                f"found {found}. Give a table of https://omnipathdb.org/interactions, or delete "
                "it to download it again"
            )
        return [(row["source"], row["target"]) for row in reader]


def prepare(table, human, out, *, kind, truth=None):
    """Join a table of interactions with embeddings, for the task `interactions`.

    Pairs of which a member has no embedding (complexes, proteins outside of the reference
    proteome) are left out, and repeated rows. The order is that of the table.

    Parameters
    ----------
    table, human : str or Path
        Files for `read_pairs` and `lmi.benchmarks.real_data.proteins.read_embeddings`.
    out : str or Path
        HDF5: `embedding` (n_proteins, n_features) float16 of the proteins that occur,
        `accession`, `pair` (n_pairs, 2), rows of source and target in `embedding`.
    kind : str
        What the table holds: one of `lmi.benchmarks.real_data.catalogue.INTERACTIONS`.
    truth : str or Path, optional
        JSON file of a stand-in with the planted mutual information, in bits.

    Raises
    ------
    InputError
        See the two readers; or no pair has embeddings.
    """
    pairs = read_pairs(table)
    accessions, embeddings = read_embeddings(human)
    row = {name: i for i, name in enumerate(accessions)}
    kept = list(dict.fromkeys(p for p in pairs if p[0] in row and p[1] in row))
    if not kept:
        raise InputError(
            f"{table}, {human}: expected pairs whose members have embeddings, found none of "
            f"{len(pairs)}: the accessions {', '.join(pairs[0]) if pairs else '(no row)'} are not "
            "in the proteome. Both must use UniProt accessions of the same organism"
        )
    indices = np.array([(row[source], row[target]) for source, target in kept])
    used, pair = np.unique(indices, return_inverse=True)
    attributes = {
        "stage": "interactions",
        "kind": kind,
        "standin": truth is not None,
        "truth_bits": np.nan,
        "n_rows": len(pairs),
        "sha256": [sha256(table), sha256(human)],
    }
    if truth is not None:
        with open(truth, encoding="utf-8") as file:
            attributes["truth_bits"] = json.load(file)["interactions"]
    arrays = {
        "embedding": embeddings[used],
        "accession": [accessions[i] for i in used],
        "pair": pair.reshape(-1, 2).astype(np.int32),
    }
    files.write(out, arrays, attributes)
