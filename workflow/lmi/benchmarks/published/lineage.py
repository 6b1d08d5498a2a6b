"""Figure 6: what early blood progenitors tell of the fate of their clone; the Markov test.

If the expression of a day-2 cell decided its fate, two sets of wells split after day 2 could share
no more information than day 2 shares with day 6. The truth is unknown, but that of shuffled pairs
(0) and of the stand-in. Pointwise information along pseudotime is the rule `pseudotime`.
"""

from lmi.benchmarks.published._real import STANDIN, at_hand, draw_estimates, resources

TITLE = "Lineage-traced blood cells"
SOURCE = "figure 6"
CONDITIONS = ("data",)
ESTIMATORS = ["default", "conservative", "paper", "ksg", "cca", "latentmi"]
RESOURCE = resources("lineages")
WIDTH = 1000

LABELS = {"2-6": "day 2 and day 6", "6-6": "day 6, two wells", "early-6": "days 2, 4 and day 6"}
# bits, means over 20 and 50 pairings of 1,243 and 677 clones
PUBLISHED_BITS = {"2-6": {"LMI": 0.299}, "6-6": {"LMI": 0.984}}
DRAWS = {"smoke": 1, "quick": 3, "full": 20}
N_SAMPLES = {
    "smoke": dict.fromkeys(LABELS, 500),
    STANDIN: dict.fromkeys(LABELS, 800),
    "real": {"2-6": 1240, "6-6": 670, "early-6": 3300},
}


def cells(scale):
    """Return pairings of cells and their shuffles (20 of each as published; 3 at quick).

    smoke: the two comparisons of the Markov test.
    """
    path, data = at_hand("lineages", scale)
    sizes = N_SAMPLES["smoke" if scale == "smoke" else data]
    listed = []
    for comparison in LABELS:
        for independent in (False, True):
            if scale == "smoke" and (independent or comparison == "early-6"):
                continue
            for draw in range(DRAWS[scale]):
                listed.append(
                    {
                        "task": "lineages",
                        "path": path,
                        "comparison": comparison,
                        "n_samples": sizes[comparison],
                        "independent": independent,
                        "data": data,
                        "draw": draw,
                    }
                )
    return listed


def draw(table):
    """Draw the estimates of pairs of relatives, and of unrelated cells."""
    return draw_estimates(table, "comparison", LABELS, PUBLISHED_BITS)
