"""Names of the files in the folder of a run."""

TABLE = "mi.parquet"
MATRICES = ("mi_bits", "q_value")
"""Columns of the table that are exported as square matrices."""
EXPORTS = (*(f"{name}.tsv" for name in MATRICES), "matrices.npz", "network.graphml", "network.tsv")
"""What each dataset has in `exports/<dataset>/`."""
ASKED = {
    "select": ("targets.tsv",),
    "compare": ("delta_bits.tsv", "q_delta.tsv"),
    "transfer": ("transfer_bits.tsv", "q_transfer.tsv", "transfer.graphml"),
}
"""What a dataset with these keys in the config has there too."""


def exports_of(settings):
    """Return what a dataset has in `exports/<dataset>/`.

    Parameters
    ----------
    settings : collection of str
        The dataset of the config, or its keys.
    """
    return (*EXPORTS, *(name for key, names in ASKED.items() if key in settings for name in names))
