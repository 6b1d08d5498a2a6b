"""Figure 4: pairs of protein embeddings whose species share more or less information.

Two proteins of a pair are both of E. coli or both of A. thaliana, but for a share of pairs that is
shuffled; the truth is that of the species. 1,024 features of ProtT5 each, from UniProt.
"""

from lmi.benchmarks.published._real import STANDIN, at_hand, resources

TITLE = "Resampled protein embeddings"
SOURCE = "figure 4, proteins"
CONDITIONS = ("level", "data")
RESOURCE = resources("proteins")
WIDTH = 1024


def cells(scale):
    """Return the published design: n = 4,402, shares s^2 for 200 even steps s from 0 to 1.

    quick: every tenth. The stand-in has 1,200 pairs of 128 features; smoke takes 500 and two
    shares.
    """
    from lmi.benchmarks.published import rounded
    from lmi.tasks.labels import label_mi_bits, label_table

    path, data = at_hand("proteins", scale)
    n_samples = {"smoke": 500}.get(scale, 1200 if data == STANDIN else 4402)
    steps = {"smoke": (20, 100), "quick": range(5, 200, 10), "full": range(200)}[scale]
    listed = []
    for i, step in enumerate(steps):
        share = rounded((step / 199) ** 2)
        level = min(4, int(5 * label_mi_bits(label_table(2, share))))
        listed.append(
            {
                "task": "proteins",
                "path": path,
                "n_samples": n_samples,
                "shuffled": share,
                "level": level,
                "data": data,
                "draw": i,
            }
        )
    return listed


def draw(table):
    """Draw estimate against truth, an axis an estimator; say so where it is the stand-in."""
    from lmi.benchmarks import figures as benchmark_figures

    figure = benchmark_figures.scatter(table)
    if (table["data"] == STANDIN).any():
        figure.suptitle(f"{STANDIN}: no proteins", fontsize=9)
    return figure
