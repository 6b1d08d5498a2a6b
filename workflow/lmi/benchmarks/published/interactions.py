"""Figure 5: protein embeddings of ligands and receptors, of kinases and targets; shuffle tests.

The truth is unknown, but that of shuffled pairs (0) and of the stand-in. A protein is in many
pairs, so that these are no independent samples. The prediction of unseen pairs is the rule
`pair_prediction`.
"""

from lmi.benchmarks.published._real import STANDIN, at_hand, draw_estimates, resources

TITLE = "Interacting proteins"
SOURCE = "figure 5"
CONDITIONS = ("data",)
ESTIMATORS = ["default", "conservative", "paper", "ksg", "cca", "latentmi"]
WIDTH = 1024

LABELS = {"ligand_receptor": "ligand and receptor", "kinase_target": "kinase and target"}
RESOURCE = resources(*LABELS)
# bits, of real pairs: 4,496 and 22,229
PUBLISHED_BITS = {
    "ligand_receptor": {"LMI": 2.826, "KSG": 1.887},
    "kinase_target": {"LMI": 0.819, "KSG": 0.142},
}
SHUFFLES = {"smoke": 1, "quick": 3, "full": 10}
# Below the published numbers of pairs: releases of OmniPath differ.
N_SAMPLES = {
    "smoke": {"ligand_receptor": 1000},
    STANDIN: {"ligand_receptor": 2900, "kinase_target": 5800},
    "quick": {"ligand_receptor": 4400, "kinase_target": 8000},
    "full": {"ligand_receptor": 4400, "kinase_target": 20_000},
}


def cells(scale):
    """Return both tables as they are, and shuffled (10 times as published; 3 at quick, 1 at smoke).

    smoke: ligands and receptors alone.
    """
    listed = []
    for kind in list(LABELS)[: 1 if scale == "smoke" else 2]:
        path, data = at_hand(kind, scale)
        sizes = N_SAMPLES[STANDIN if data == STANDIN and scale == "quick" else scale]
        for draw in range(1 + SHUFFLES[scale]):
            listed.append(
                {
                    "task": "interactions",
                    "path": path,
                    "kind": kind,
                    "n_samples": sizes[kind],
                    "independent": draw > 0,
                    "data": data,
                    "draw": draw,
                }
            )
    return listed


def draw(table):
    """Draw the estimates of real and of shuffled pairs."""
    return draw_estimates(table, "kind", LABELS, PUBLISHED_BITS)
