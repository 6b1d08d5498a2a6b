"""The figures of a report: their names, files, titles and captions. It loads no matplotlib."""

import re

DATASET_FIGURES = ("heatmap", "top_pairs", "embedding", "training")
"""Figures of every dataset."""
SETTING_FIGURES = ("lags", "strata")
"""Figures of the datasets that have the key of the same name in the config."""
RUN_FIGURES = ("distribution", "volcano", "truth")
"""Figures of all datasets together."""

TITLES = {
    "heatmap": "All pairs",
    "top_pairs": "Strongest pairs",
    "embedding": "Embeddings",
    "training": "Training",
    "lags": "Lags",
    "strata": "Within strata",
    "distribution": "All datasets at a glance",
    "volcano": "Strength and evidence",
    "truth": "Truth against estimate",
}

TEXTS = {
    "heatmap": (
        "Each cell is a pair of variables: the darker the blue, the more information they share. "
        "Orange means below zero, which is noise around no dependence. Variables that share much "
        "information stand next to each other; the tree, where there is one, says how closely."
    ),
    "top_pairs": (
        "Filled dots are the headline MI, open diamonds the uncorrected value; bars are 95 % "
        "intervals. Trust the order of two pairs only where their bars lie apart."
    ),
    "embedding": (
        "The strongest pairs. Each dot is a sample, placed by the first learned coordinate of "
        "either variable. Blue samples fit the dependence of the two variables, orange ones "
        "contradict it, and the mean over all samples is the MI above the panel."
    ),
    "training": (
        "The loss says how badly the networks rebuild the data; pairs without networks are left "
        "out. Curves should have flattened at their right end; validation far above training, or "
        "rising, means that the networks learn noise from there on."
    ),
    "lags": (
        "Each curve is a pair: right of zero, y is that many samples later than x. The ring is the "
        "peak, which stands for the pair in all other figures. A peak is the largest of several "
        "noisy values, hence somewhat high; the q values count every lag as a test of its own. A "
        "lag matters only where its bar lies clear of those of the other lags."
    ),
    "strata": (
        "Each line is a pair: the open diamond is its MI over all samples, the filled square the "
        "mean of what is left inside single strata (batches, cell types). Where the square falls "
        "to zero, the strata explain the dependence; where it stays, the variables share "
        "information beyond them. Strata have fewer samples, which can lower the square a little."
    ),
    "volcano": (
        "Each dot is a pair: further right it shares more, further up chance is a worse "
        "explanation. Pairs on or above the dashed line are significant. Right of zero but below "
        "the line: too few samples to tell, or a dependence that strata or slow drift explain. "
        "High but near zero: real, but weak. Dots that line up at the top are at the floor of the "
        "p value. Grey crosses are negative controls, which belong below the line."
    ),
    "distribution": (
        "Each dot is a pair, each hill their distribution, and the bar below the middle half with "
        "its median. Negative controls (grey) show how far the values scatter where nothing is "
        "shared: compare the blue hills with them."
    ),
    "truth": (
        "For synthetic data the true MI is known. Points on the line are right, below it too "
        "low; the two numbers of a pair stand side by side."
    ),
}


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
    """Return the kinds of figures of a dataset, of which its lags and strata add one each.

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
