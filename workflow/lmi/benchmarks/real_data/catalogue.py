"""The files of the published figures and where they lie."""

from lmi.tasks.real import INTERACTIONS

FOLDER = "resources"
STANDIN = "resources/standin"

# Files by source: name here -> path below the source's URL, and sha256 where the file never
# changes. UniProt and OmniPath publish new releases under the same addresses, and no digests of
# the LARRY files are published: the first download records theirs, see `download`.
FILES = {
    "uniprot": {
        "ecoli.h5": "UP000000625_83333/per-protein.h5",
        "athaliana.h5": "UP000006548_3702/per-protein.h5",
        "human.h5": "UP000005640_9606/per-protein.h5",
    },
    "omnipath": {
        "ligand_receptor.tsv": "interactions?datasets=ligrecextra&organisms=9606&format=tsv",
        "kinase_target.tsv": "interactions?datasets=kinaseextra&organisms=9606&format=tsv",
    },
    "larry": {
        name: f"stateFate_inVitro_{name}"
        for name in (
            "normed_counts.mtx.gz",
            "clone_matrix.mtx.gz",
            "metadata.txt.gz",
            "gene_names.txt.gz",
            "neutrophil_pseudotime.txt.gz",
        )
    },
}

PREPARED = ("proteins", *INTERACTIONS, "lineages")
"""Prepared files: resources/<name>.h5, and resources/standin/<name>.h5 for the stand-in."""


def path(name, standin=False):
    """Return the path of a prepared file."""
    return f"{STANDIN if standin else FOLDER}/{name}.h5"


def url(source, name, base):
    """Return the address of a file below the URL `base` of its source."""
    return f"{base.rstrip('/')}/{FILES[source][name]}"
