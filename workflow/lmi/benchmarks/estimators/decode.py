"""Information about a label that a classifier reads off the data, for labels one can check."""

import numpy as np

TITLE = "label decoded"
FIGURES = ("assumptions",)


def estimate(x, y, seed, folds=5):
    """Return the mutual information of labels and their cross-validated predictions, in bits.

    y is one indicator feature a class. A logistic regression on the principal components of x
    predicts the labels of samples it has not seen. By the data-processing inequality this is at
    most the information of x and y; it reaches the label's entropy where labels can be decoded,
    which is what the resampled figures assume. `detail` has the share that was predicted.
    """
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline

    from lmi.embedding.published import standardise
    from lmi.tasks.labels import label_mi_bits

    labels = np.asarray(y).argmax(axis=1)
    x = standardise(x)
    n_components = min(50, x.shape[1])
    model = make_pipeline(
        PCA(n_components, svd_solver="randomized", random_state=seed),
        LogisticRegression(max_iter=200),
    )
    split = StratifiedKFold(folds, shuffle=True, random_state=seed)
    predicted = cross_val_predict(model, x, labels, cv=split)
    table = np.zeros((y.shape[1], y.shape[1]))
    np.add.at(table, (labels, predicted), 1 / len(labels))
    accuracy = float((labels == predicted).mean())
    return {"mi_bits": label_mi_bits(table), "detail": {"accuracy": accuracy}}
