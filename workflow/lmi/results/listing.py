"""Names of the files in the folder of a run."""

TABLE = "mi.parquet"
MATRICES = ("mi_bits", "q_value")
"""Columns of the table that are exported as square matrices."""
EXPORTS = (*(f"{name}.tsv" for name in MATRICES), "matrices.npz", "network.graphml", "network.tsv")
"""What each dataset has in `exports/<dataset>/`."""
TARGETS = "targets.tsv"
"""What the datasets have there whose config has `select`."""
