"""The faults: what is changed, and which tests should notice."""

from dataclasses import dataclass

W = "workflow/lmi/"
DATA = ("tests/unit/data",)
TABLE = ("tests/unit/results",)
STATISTICS = ("tests/unit/estimation",)
EMBEDDING = ("tests/unit/embedding", "tests/unit/estimation")
API = ("tests/unit/test_api.py",)


@dataclass(frozen=True)
class Fault:
    """One change of the code.

    Attributes
    ----------
    name : str
        What goes wrong.
    file : str
    before, after : str
        Text that stands once in the file, and what takes its place.
    tests : tuple of str
        What pytest runs.
    """

    name: str
    file: str
    before: str
    after: str
    tests: tuple


FAULTS = [
    # ---- joins
    Fault(
        "strata keep the order of their file where samples are aligned",
        W + "data/matrix_values.py",
        'info["strata"] = labels if rows[0] is None else labels[rows[0]]',
        'info["strata"] = labels if rows[0] is None else labels[: len(rows[0])]',
        DATA,
    ),
    Fault(
        "labels that are given keep the order of their file",
        W + "data/matrix_values.py",
        'info["given"] = labels if rows[0] is None else labels[rows[0]]',
        'info["given"] = labels if rows[0] is None else labels[: len(rows[0])]',
        (*DATA, "tests/unit/pipeline"),
    ),
    Fault(
        "samples are dropped by position in the second source",
        W + "data/samples.py",
        "np.flatnonzero(keep) if one is None else one[keep] for one in rows",
        "np.flatnonzero(keep) if i or one is None else one[keep] for i, one in enumerate(rows)",
        DATA,
    ),
    Fault(
        "values of the second source are not aligned",
        W + "data/matrix_values.py",
        "block if rows[i] is None else block[rows[i]]",
        "block if rows[i] is None or i else block[rows[i]]",
        DATA,
    ),
    Fault(
        "names of dropped samples stay",
        W + "data/samples.py",
        "tuple(itertools.compress(names, keep))",
        "names[: int(keep.sum())]",
        DATA,
    ),
    Fault(
        "an unlabelled cell joins the last category",
        W + "data/labels.py",
        'categories, codes = _texts_or_values(item["categories"]), whole(item["codes"])\n'
        "        return np.array([None if code < 0 else categories[code]",
        'categories, codes = _texts_or_values(item["categories"]), whole(item["codes"])\n'
        "        return np.array([categories[code]",
        DATA,
    ),
    Fault(
        "double entries of sparse matrices are not summed",
        W + "data/formats/matrices.py",
        "np.add.at(dense, (row[wanted], place[column[wanted]]), values[wanted])",
        "dense[row[wanted], place[column[wanted]]] = values[wanted]",
        DATA,
    ),
    Fault(
        "medians count missing values as zero",
        W + "data/matrix_values.py",
        "np.median(finite) if len(finite)",
        "np.median(np.nan_to_num(block[:, column])) if len(finite)",
        DATA,
    ),
    # ---- tables
    Fault(
        "the configured level of the FDR is ignored",
        W + "results/table.py",
        'table["significant"] = q <= fdr',
        'table["significant"] = q <= 0.05',
        TABLE,
    ),
    Fault(
        "the configured method of the FDR is ignored",
        W + "results/table.py",
        "elif tested.any():\n        q[tested] = false_discovery_control(p[tested], method=method)",
        "elif tested.any():\n        q[tested] = false_discovery_control(p[tested])",
        TABLE,
    ),
    Fault(
        "pairs that are no tests enter the FDR",
        W + "results/table.py",
        'tested = np.isfinite(p) & ~np.asarray(left_out)\n    if "lag"',
        'tested = np.isfinite(p)\n    if "lag"',
        TABLE,
    ),
    Fault(
        "a pair's second lag stands for its peak",
        W + "results/table.py",
        'table.drop_duplicates(["dataset", "x", "y"])',
        'table.drop_duplicates(["dataset", "x", "y"], keep="last")',
        TABLE,
    ),
    Fault(
        "padding is zero where it is no value",
        W + "results/join.py",
        "fill = layout.fill(name)",
        "fill = 0",
        (*TABLE, "tests/unit/pipeline"),
    ),
    Fault(
        "the cache does not know the version",
        W + "pipeline/cache.py",
        "[stage, lmi.__version__, SCHEMA, made_from]",
        "[stage, SCHEMA, made_from]",
        ("tests/unit/pipeline/test_cache.py",),
    ),
    # ---- estimates
    Fault(
        "error bars are too small by a quarter",
        W + "estimation/error_bars.py",
        "return float(np.sqrt(variance))",
        "return float(0.75 * np.sqrt(variance))",
        STATISTICS,
    ),
    Fault(
        "error bars are too large by a quarter",
        W + "estimation/error_bars.py",
        "return float(np.sqrt(variance))",
        "return float(1.25 * np.sqrt(variance))",
        STATISTICS,
    ),
    Fault(
        "the two halves count as one",
        W + "estimation/error_bars.py",
        "1 if not embedding.rank.any() else len(variances)",
        "1",
        STATISTICS,
    ),
    Fault(
        "strata weigh the same, whatever their size",
        W + "estimation/within.py",
        "share = np.array(sizes) / np.sum(sizes)",
        "share = np.ones(len(sizes)) / len(sizes)",
        (*STATISTICS, *API),
    ),
    Fault(
        "the drift has the other sign",
        W + "estimation/estimate.py",
        "float(np.mean(halves) - np.mean(thirds))",
        "float(np.mean(thirds) - np.mean(halves))",
        (
            "tests/unit/estimation/test_statistics.py::test_the_drift_is_what_all_samples_give_more_than_a_third_of_them",
        ),
    ),
    Fault(
        "an encoder is evaluated on the fold that it was trained on",
        W + "estimation/estimate.py",
        "rows = np.flatnonzero(fold == 1 - t)",
        "rows = np.flatnonzero(fold == t)",
        (*STATISTICS, *API, "tests/unit/embedding"),
    ),
    Fault(
        "candidates are chosen on the fold that is estimated",
        W + "embedding/candidates.py",
        "for name, g in judged.gains[1 - t].items()",
        "for name, g in judged.gains[t].items()",
        EMBEDDING,
    ),
    Fault(
        "the whole optimism is added, not half of it",
        W + "estimation/estimate.py",
        "gap = (corrected.mean() - half) / 2",
        "gap = 2 * (corrected.mean() - half)",
        (*EMBEDDING, *API),
    ),
    # ---- the null
    Fault(
        "the correlation time is that of the fastest axis",
        W + "base/autocorrelation.py",
        "np.abs(autocorrelation(z)).max(axis=1)",
        "np.abs(autocorrelation(z)).min(axis=1)",
        ("tests/unit/base/test_autocorrelation.py",),
    ),
    Fault(
        "a p value of one drowns the others",
        W + "estimation/combination.py",
        "np.clip(p_values, 1e-300, CUT)",
        "np.clip(p_values, 1e-300, 1 - 1e-12)",
        ("tests/unit/estimation/test_null.py::test_a_p_value_of_one_does_not_drown_the_others",),
    ),
    Fault(
        "the observed order is not counted among the permutations",
        W + "estimation/null.py",
        "p = (1 + n_larger) / (1 + n_drawn)",
        "p = max(n_larger, 0.1) / (1 + n_drawn)",
        ("tests/unit/estimation/test_null.py::test_the_observed_order_is_one_of_the_permutations",),
    ),
    Fault(
        "permutations that tie the observed value do not count",
        W + "estimation/null.py",
        "reached = observed - ROUNDING * scale",
        "reached = observed + ROUNDING * scale",
        ("tests/unit/estimation/test_null.py::test_tied_permutations_count_as_reaching",),
    ),
    Fault(
        "a pair's lags are not counted",
        W + "results/table.py",
        "-np.expm1(n_lags * np.log1p(-p))",
        "p",
        (
            "tests/unit/results/test_table.py::test_with_lags_the_tests_are_the_pairs_and_their_peaks_count_all_lags",
        ),
    ),
    Fault(
        "the downsampling does not keep the shares of groups",
        W + "data/samples.py",
        "groups = np.unique(labels, return_inverse=True)[1]",
        "groups = np.zeros(n_samples, int)",
        DATA,
    ),
    Fault(
        "a condition is read by position where samples are aligned",
        W + "data/samples.py",
        "keep = keep if rows[0] is None else keep[rows[0]]",
        "keep = keep if rows[0] is None else keep[: len(rows[0])]",
        DATA,
    ),
    Fault(
        "counts that are equal in both are not counted",
        W + "ksg/discrete.py",
        "return np.where(n_equal > k, counted / np.log(2), bits)",
        "return bits",
        ("tests/unit/ksg/test_mixed.py", "tests/unit/estimation/test_discrete.py"),
    ),
    Fault(
        "intervals do not look at the drift",
        W + "estimation/estimate.py",
        "interval(mi, mi_ksg, sd, drift,",
        "interval(mi, mi_ksg, sd, 0.0,",
        (
            "tests/unit/estimation/test_statistics.py::test_the_drift_is_what_all_samples_give_more_than_a_third_of_them",
        ),
    ),
    Fault(
        "pairs of single features take the second encoder of their tile",
        W + "results/embeddings.py",
        "its = slice(None if is_learned(candidate) else 1)",
        "its = slice(None)",
        ("tests/unit/pipeline/test_same_as_api.py",),
    ),
    Fault(
        "ties are not broken before residuals are taken",
        W + "api_given.py",
        'side = ties.broken(side, seeds.rng(seed, "given", "ties", side_name))',
        "pass",
        ("tests/unit/test_api_given.py",),
    ),
    Fault(
        "series that nobody declared pass for independent samples",
        "workflow/lmi/estimation/exchangeable.py",
        "return bool((surplus > IN_ORDER_SD).any())",
        "return bool((surplus > 100 * IN_ORDER_SD).any())",
        ("tests/unit/estimation/test_exchangeable.py",),
    ),
    Fault(
        "copies of samples pass for samples",
        "workflow/lmi/estimation/exchangeable.py",
        "gaps.min(axis=1) <= NEAR * gaps.max(axis=1)",
        "gaps.min(axis=1) < 0 * gaps.max(axis=1)",
        ("tests/unit/estimation/test_exchangeable.py",),
    ),
    Fault(
        "p values of blocks are those of blocks alone",
        "workflow/lmi/estimation/null.py",
        "return found if by_shifts.p_value <= found.p_value else by_shifts",
        "return found",
        ("tests/unit/estimation/test_null.py",),
    ),
    Fault(
        "axes that are not Gaussian are trusted",
        "workflow/lmi/estimation/shape.py",
        "trusted.append(distance < mardia.NOT_GAUSSIAN_SD)",
        "trusted.append(True)",
        ("tests/unit/estimation/test_shape.py",),
    ),
    Fault(
        "KSG of few features is taken wherever it finds more, by chance too",
        "workflow/lmi/embedding/whole.py",
        "if mean > max(most, least):",
        "if mean > most:",
        ("tests/unit/embedding/test_whole.py",),
    ),
    Fault(
        "parts of a pair with ties are counted among all samples",
        "workflow/lmi/ksg/discrete.py",
        "(_sizes(group * n_parts + part) for group in groups)",
        "(_sizes(group) for group in groups)",
        ("tests/unit/estimation/test_narrow.py", "tests/unit/estimation/test_discrete.py"),
    ),
    Fault(
        "what is given alone tells of a label counts as told beyond it",
        W + "embedding/beyond.py",
        "few, many, every, most = tell(sees, label, codes)[0] - tell(sees, codes)[0] - less",
        "few, many, every, most = tell(sees, label, codes)[0] - tell(sees, codes)[0]",
        ("tests/unit/embedding/test_beyond.py",),
    ),
    Fault(
        "classifiers of a label and those of what is given differ in what they are called",
        W + "embedding/beyond.py",
        "return np.argsort(np.argsort(first))[codes.ravel()]",
        "return codes.ravel()",
        ("tests/unit/embedding/test_beyond.py",),
    ),
    Fault(
        "class means of the same samples are multiplied",
        W + "embedding/classifier.py",
        'product -= np.einsum("pcd,ce,ped", sums, spread, sums)',
        "pass",
        ("tests/unit/embedding/test_classifier.py",),
    ),
    Fault(
        "bent functions of what is given count as told beyond it",
        W + "embedding/beyond.py",
        "alone = [*_beside(classifier.seen_by(given), foreseen), foreseen]",
        "foreseen = foreseen[:, :0]; alone = classifier.seen_by(given)",
        ("tests/unit/embedding/test_beyond.py",),
    ),
    Fault(
        "a confounder that acts by functions of single features is not seen among many",
        W + "embedding/residual.py",
        "if bent.shape[1]:",
        "if False:",
        ("tests/unit/embedding/test_residual.py",),
    ),
    Fault(
        "what regressions leave of a label's features is not looked at",
        W + "estimation/conditional.py",
        "if beyond.goes_on and mi > MORE_SD * sd:",
        "if False:",
        ("tests/unit/embedding/test_bends.py",),
    ),
    Fault(
        "functions along hidden directions of what is given are not learned",
        W + "embedding/conditional.py",
        "regressors += functions",
        "break",
        ("tests/unit/embedding/test_bends.py",),
    ),
    Fault(
        "nor are they for a label",
        W + "embedding/beyond.py",
        "regressors += functions",
        "break",
        ("tests/unit/embedding/test_bends.py",),
    ),
    Fault(
        "what may be of what is given alone is not told",
        W + "estimation/conditional.py",
        "remaining = 0.0 if remaining is None else float(np.mean(remaining))",
        "remaining = 0.0",
        ("tests/unit/embedding/test_bends.py",),
    ),
    Fault(
        "a sample meets itself in what is shared of polynomials",
        W + "embedding/polynomials.py",
        "np.fill_diagonal(matrix, 0.0)",
        "pass",
        ("tests/unit/embedding/test_polynomials.py",),
    ),
    Fault(
        "what learning adds to the bits of a label is not in its error bar",
        W + "estimation/discrete.py",
        "unseen = float(embedding.classified[4, good[0]])",
        "unseen = 0.0",
        ("tests/unit/embedding/test_classifier.py",),
    ),
    Fault(
        "what samples permuted near what is given share is not taken off",
        W + "estimation/conditional.py",
        "taken = null if null > NULL_SD * error else 0.0",
        "taken = 0.0",
        ("tests/unit/estimation/test_conditional.py",),
    ),
    Fault(
        "samples of a series count as independent in the test of a label",
        W + "estimation/conditional.py",
        "error = np.sqrt(worth * every.var(ddof=1) / n)",
        "error = np.sqrt(every.var(ddof=1) / n)",
        ("tests/unit/embedding/test_beyond.py",),
    ),
    Fault(
        "the scale that what is given predicts is not refined",
        W + "embedding/conditional.py",
        "log_square = residual.predict(designs, log_square + off)",
        "log_square = residual.predict(designs, log_square)",
        ("tests/unit/embedding/test_residual.py",),
    ),
]
