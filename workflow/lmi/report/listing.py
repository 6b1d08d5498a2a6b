"""The figures of a run, by name and file, and the plots of its page. It loads no matplotlib."""

import re

DATASET_FIGURES = ("heatmap", "top_pairs", "embedding", "training")
"""Figures of every dataset."""
SETTING_FIGURES = ("lags", "strata", "select")
"""Figures of the datasets that have the key of the same name in the config."""
RUN_FIGURES = ("distribution", "volcano", "truth")
"""Figures of all datasets together."""

PLOTS = {
    "distribution": (
        "All datasets at a glance",
        "Each dot is a pair, each hill the distribution of a dataset. Negative controls (grey) "
        "show how far values scatter where nothing is shared: compare the other hills with them.",
    ),
    "volcano": (
        "Strength and evidence",
        "Each dot is a pair: further right it shares more, further up chance is a worse "
        "explanation. Pairs on or above the dashed line are significant. Right of zero but below "
        "the line: too few samples to tell, or a dependence that strata or slow drift explain. "
        "High but near zero: real, but weak. Grey crosses are negative controls, which belong "
        "below the line.",
    ),
    "heatmap": (
        "All pairs",
        "Each cell is a pair of variables: the further towards blue, the more information they "
        "share; orange is below zero, which is noise around no dependence. Variables that share "
        "much information stand next to each other. More names appear as you zoom in.",
    ),
    "network": (
        "Network",
        "Variables that share information are joined, and drawn to each other. Larger ones are "
        "hubs: the MI of their significant pairs adds up to more. Colours are communities, groups "
        "that share more within than with the rest.",
    ),
    "strongest": (
        "Strongest pairs",
        "Filled dots are the headline MI, open diamonds the uncorrected value. The order of two "
        "pairs is sure only where their intervals lie apart.",
    ),
    "groups": (
        "One group against the other",
        "Each dot is a pair: its information in one group of samples, and in the other. Filled "
        "dots differ at the level of the false discovery rate; on the line, both groups share as "
        "much. The most changed pairs have their names.",
    ),
    "changes": (
        "Most changed pairs",
        "The difference between the two groups, of the pairs with the smallest p values first. "
        "Right of zero the first group shares more.",
    ),
    "transfer": (
        "Directions",
        "Each dot is a pair: what the past of one variable tells of the other beyond its own past, "
        "either way. The stronger direction is to the right, so that dots far below the line have "
        "one direction. Filled dots are significant in that direction.",
    ),
    "truth": (
        "Truth against estimate",
        "For synthetic data the true MI is known. Points on the line are right, below it too low.",
    ),
}
"""What the page draws: its title and its caption."""


def figure_stem(kind, dataset=None):
    """Return the file name of a figure without suffix: ``heatmap-cells``, ``distribution``.

    Parameters
    ----------
    kind : str
        One of `DATASET_FIGURES` or `RUN_FIGURES`.
    dataset : str, optional
        Name of the dataset; characters that do not belong in a file name become ``_``.
    """
    return kind if dataset is None else f"{kind}-{re.sub(r'[^A-Za-z0-9_.@+-]', '_', dataset)}"


def dataset_figures(settings):
    """Return the kinds of figures of a dataset; its lags, strata and selection add one each.

    Parameters
    ----------
    settings : dict
        The dataset of the config.
    """
    return (*DATASET_FIGURES, *(kind for kind in SETTING_FIGURES if kind in settings))


def figure_stems(datasets):
    """Return the file names, without suffix, of all figures that a report always writes.

    A figure that has nothing to show holds a sentence that says why, so that the files of a run
    are known from its config.

    Parameters
    ----------
    datasets : dict of str to dict
        The datasets of the config.
    """
    return [
        *(
            figure_stem(kind, name)
            for name, settings in datasets.items()
            for kind in dataset_figures(settings)
        ),
        *RUN_FIGURES,
    ]
