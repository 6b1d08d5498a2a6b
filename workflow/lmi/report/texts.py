"""What the report says of a run: sentences, sizes and flags, as plain text."""

import numpy as np

from lmi.base import reasons
from lmi.results.table import DASH, bits, printable, probability, signed, strongest

THOROUGH = {
    "split_sd_bits": "SD over splits",
    "half_samples_bits": "Half of the samples",
    "half_latent_bits": "Half the dimension",
    "double_latent_bits": "Twice the dimension",
    "swapped_bits": "x and y exchanged",
}
"""Columns of the thorough checks, with their heads in the page."""
TAILS = ("moments", "shifts", "fitted")
"""Methods of p values that no permutation reached."""


def _counted(n, noun):
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _percent(share):
    return f"{100 * share:.3g} %"


def _significant(part):
    """Return how many pairs are significant, and of how many that were tested."""
    return int(part["significant"].sum()), int(part["q_value"].notna().sum())


def lead(table, names, fdr, controls):
    """Return the whole run in one sentence: datasets, pairs, and how many are significant."""
    n_failed = int((~np.isfinite(table["mi_bits"])).sum())
    failed = f"; {_counted(n_failed, 'pair')} without an estimate" if n_failed else ""
    lead = f"{_counted(len(names), 'dataset')}, {_counted(len(table), 'pair')}{failed}"
    n_significant, n_tested = _significant(table[~table["dataset"].isin(list(controls))])
    if not n_tested:
        return lead
    aside = ", controls aside" if set(controls) & set(names) else ""
    return (
        f"{lead}; {n_significant:,} of {n_tested:,} tested significant at a false discovery rate "
        f"of {_percent(fdr)}{aside}"
    )


def evidence(table, fdr=0.05, controls=(), method=None):
    """Return what the p and q values of a run mean, in a few sentences.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of all datasets at all lags: each is a test.
    fdr : float
        Level of `significant`.
    controls : collection of str
        Names of the datasets that are negative controls.
    method : str, optional
        How the q values were made: bh or by.

    Returns
    -------
    list of str
        Sentences as plain text; they say so where nothing was tested.
    """
    tested = table[np.isfinite(table["q_value"])]
    if not len(tested):
        return [
            "No pair was tested: with estimate.permutations.max above 0, every pair gets a p and "
            "a q value."
        ]
    smallest = tested["p_value"].min()
    sentences = [
        f"{_counted(len(tested), 'permutation test')}, with up to "
        f"{int(tested['n_permutations'].max()):,} permutations each"
        + (": every lag of a pair is one" if table["lag"].any() else "")
        + "."
    ]
    if method == "by":
        sentences.append("The q values hold under any dependence of the tests.")
    n_tails = int(tested["p_method"].isin(TAILS).sum())
    if n_tails:
        sentences.append(
            f"{_counted(n_tails, 'p value')} from beyond the largest permutation (p_method: "
            f"{', '.join(TAILS)}): trust their order of magnitude, not their digits."
        )
    else:
        at_floor = int((tested["p_value"] <= 1.001 * smallest).sum())
        sentences.append(
            f"The smallest p value here is {probability(smallest)}, of "
            f"{_counted(at_floor, 'test')}; permutations cannot tell pairs apart below about two "
            "over their number."
        )
        floor = 1 / (1 + tested["n_permutations"].max())
        if floor * len(tested) > fdr:
            sentences.append(
                "With so many tests a lone pair could not be significant, however strong: raise "
                "estimate.permutations.max."
            )
    of_controls = table[table["dataset"].isin(list(controls))]
    n_significant, n_tested = _significant(of_controls)
    if n_tested:
        sentences.append(
            f"Of the negative controls, {n_significant:,} of {n_tested:,} are significant; it "
            "should be none or nearly none."
        )
    return sentences


def summary(part, control=False, fdr=0.05, selected=None):
    """Return one dataset in a few short sentences.

    Parameters
    ----------
    part : pandas.DataFrame
        Rows of the dataset.
    control : bool
        Whether the dataset is a negative control.
    fdr : float
        Level of the column `significant`.
    selected : pandas.DataFrame, optional
        From `lmi.results.targets.read`.

    Returns
    -------
    list of str
        Sentences as plain text.
    """
    n_samples = np.unique(part["n_samples"])
    samples = (
        _counted(int(n_samples[0]), "sample")
        if len(n_samples) == 1
        else f"{n_samples[0]:,}{DASH}{n_samples[-1]:,} samples"
    )
    n_variables = len(set(part["x"]) | set(part["y"]))
    start = "Negative control: " if control else ""
    sentences = [
        f"{start}{_counted(len(part), 'pair')} of {_counted(n_variables, 'variable')}, {samples}."
    ]
    top = strongest(part)
    n_significant, n_tested = _significant(part)
    if len(top):
        first = top.iloc[0]
        lag = f" at lag {signed(int(first['lag']))}" if part["lag"].any() else ""
        value = bits(first["mi_bits"], first["sd_bits"])
        pair = f"{printable(first['x'], 60)} with {printable(first['y'], 60)}"
        if len(part) == 1:
            truth = first["truth_bits"]
            beside = f" (truth {truth:.3f})" if np.isfinite(truth) else ""
            sentences.append(f"{pair}: {value} bits{beside}{lag}.")
            if n_tested:
                sure = "Significant" if n_significant else "Not significant"
                sentences.append(
                    f"{sure}: p {probability(first['p_value'])}, q {probability(first['q_value'])}."
                )
        else:
            sentences.append(f"Strongest: {pair}, {value} bits{lag}.")
            with_sd = top[np.isfinite(top["sd_bits"])]
            above = int((with_sd["mi_bits"] > 2 * with_sd["sd_bits"]).sum())
            if n_tested:
                verb = "is" if n_significant == 1 else "are"
                which = "control pair" if control else "tested pair"
                sentences.append(
                    f"{n_significant:,} of {_counted(n_tested, which)} {verb} significant at a "
                    f"false discovery rate of {_percent(fdr)}"
                    + ("; it should be none or nearly none." if control else ".")
                )
            elif len(with_sd):
                share = f"{100 * above / len(with_sd):.0f} %"
                verb = "lies" if above == 1 else "lie"
                sentences.append(
                    f"{above:,} of {_counted(len(with_sd), 'pair')} ({share}) {verb} more than two "
                    "standard deviations above zero."
                )
    else:
        sentences.append("No pair has an estimate that can be trusted.")
    sentences += _answers(part, fdr)
    sentences += _selections(selected)
    flagged = [
        f"{int((part['flag'] == flag).sum()):,} {words}"
        for flag, words in (("warn", "with a warning"), ("fail", "failed"))
        if (part["flag"] == flag).any()
    ]
    sentences.append(
        f"Flags: {', '.join(flagged)}." if flagged else "No flags: every pair passed the checks."
    )
    return sentences


def _answers(part, fdr):
    """Return what a dataset found that was asked more than how much its pairs share."""
    groups = next((one for one in part.get("groups", ()) if one), "")
    sentences = []
    for columns, words in (
        (["q_conditional"], "{} share more than what is given explains."),
        (["q_delta"], "{} differ between the groups, " + printable(groups, 60) + "."),
        (["q_xy", "q_yx"], "Of {} the past of one tells of the other."),
    ):
        q = part.reindex(columns=columns).to_numpy(float)
        n_tested = int(np.isfinite(q).any(axis=1).sum())
        if n_tested:
            n_found = int((q <= fdr).any(axis=1).sum())
            said = f"{n_found:,} of {_counted(n_tested, 'pair')}"
            sentences.append(words.replace("{}", said, 1))
    return sentences


def _selections(selected):
    """Return which variables tell of a target together."""
    sentences = []
    for target, steps in () if selected is None else selected.groupby("target", sort=False):
        last = steps.iloc[-1]
        names = [printable(name, 60) for name in steps["variable"]]
        told = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
        value = bits(last["total_bits"], last["sd_total_bits"])
        verb = "tells" if len(names) == 1 else "together tell"
        sentences.append(f"{told} {verb} {value} bits of {printable(target, 60)}.")
    return sentences


def control_warning(part):
    """Return what to say when a negative control is not at zero, or None when it is.

    Were nothing shared, about 2 % of the pairs would lie more than two standard deviations above
    zero; a quarter of them or more cannot be chance, but is bias or dependence that is left. Of
    significant controls, two and a tenth of all are too many.

    Parameters
    ----------
    part : pandas.DataFrame
        Rows of a negative control.
    """
    good = strongest(part)
    n_significant, n_tested = _significant(good)
    good = good[np.isfinite(good["sd_bits"])]
    above = int((good["mi_bits"] > 2 * good["sd_bits"]).sum())
    if len(good) and above >= max(0.25 * len(good), 2):
        return (
            f"This control is not at zero: its median is {bits(float(good['mi_bits'].median()))} "
            "bits. Values of that size, in data like these, are no evidence of dependence."
        )
    if n_significant >= max(0.1 * n_tested, 2):
        return (
            f"{n_significant:,} of {n_tested:,} controls are significant: p values of data like "
            "these are too small. Something slow is shared that the permutations do not keep; see "
            "estimate.permutations.scheme."
        )
    return None


def _reasons(table):
    """Return the reasons of each row."""
    return [
        reasons.from_table(*both)
        for both in zip(table["reason_codes"], table["reason_parameters"], strict=True)
    ]


def flag_kinds(table):
    """Return the kinds of reasons behind the flags: how many pairs, what it means, what to do.

    Parameters
    ----------
    table : pandas.DataFrame

    Returns
    -------
    list of dict
        kind, n (pairs), meaning; the most frequent first. A pair with several reasons counts in
        each.
    """
    counts = {}
    for row in _reasons(table):
        for kind in {reasons.DECLARED[reason.code].kind for reason in row}:
            counts[kind] = counts.get(kind, 0) + 1
    order = list(reasons.MEANINGS)
    return [
        {"kind": kind, "n": counts[kind], "meaning": reasons.MEANINGS[kind]}
        for kind in sorted(counts, key=lambda kind: (-counts[kind], order.index(kind)))
    ]


def flag_summary(table):
    """Return the reasons of all flags with their counts, the worst and most frequent first.

    Reasons of one code count as one, with the range of their numbers; a pair with several reasons
    counts in each.

    Parameters
    ----------
    table : pandas.DataFrame

    Returns
    -------
    list of dict
        At most 30: dataset, flag, reason, n, examples (names of up to three pairs).
    """
    flagged = table[table["flag"] != "ok"]
    same = {}
    for row, its_reasons in zip(flagged.itertuples(), _reasons(flagged), strict=True):
        for reason in its_reasons:
            same.setdefault((row.flag, row.dataset, reason.code), []).append((row, reason))
    groups = [
        {
            "flag": flag,
            "dataset": dataset,
            "reason": reasons.merged([reason for _, reason in found]),
            "n": len(found),
            "examples": [
                f"{printable(row.x, 30)} {DASH} {printable(row.y, 30)}" for row, _ in found[:3]
            ],
        }
        for (flag, dataset, _), found in same.items()
    ]
    groups.sort(key=lambda group: (group["flag"] != "fail", -group["n"]))
    return groups[:30]


def shared_pairs(table):
    """Return the pairs whose variables share features, those that share most first.

    Parameters
    ----------
    table : pandas.DataFrame

    Returns
    -------
    list of dict
        dataset, x, y, n (features), features (names of the first ones); all pairs.
    """
    some = table[table["reason_codes"] != ""]
    sharing = [
        {
            "dataset": row.dataset,
            "x": row.x,
            "y": row.y,
            "n": reason.parameters["n"],
            "features": reason.parameters["shared"],
        }
        for row, its_reasons in zip(some.itertuples(), _reasons(some), strict=True)
        for reason in its_reasons
        if reason.code == "shared_features"
    ]
    return sorted(sharing, key=lambda pair: -pair["n"])


def sizes(part, known, control):
    """Return the sizes of a dataset, and what was left out or looks odd.

    Parameters
    ----------
    part : pandas.DataFrame
        Rows of the dataset, a row a pair.
    known : dict or None
        What `lmi.report.blocks.read_blocks` found of it.
    control : bool
        Whether it is a negative control.

    Returns
    -------
    dict
        name, control, and texts: samples, dropped, variables, features, missing, duplicates,
        pairs, significant, warn, fail.
    """
    n_samples = np.unique(part["n_samples"])
    n_significant, n_tested = _significant(part)
    duplicates = part["reason_codes"].str.split().map(lambda codes: "duplicates" in codes).sum()
    told = {"dropped": DASH, "features": DASH, "missing": DASH}
    if known:
        variables = known["variables"].values()
        widths = [one["n_features"] for one in variables]
        missing = max((one["missing"] for one in variables), default=0.0)
        features = (
            f"{min(widths):,}{DASH}{max(widths):,}" if len(set(widths)) > 1 else str(widths[0])
        )
        told = {
            "dropped": ", ".join(f"{n:,} ({why})" for why, n in known["dropped"].items()) or "0",
            "features": features,
            "missing": _percent(missing) if missing else "none",
        }
    return told | {
        "name": part["dataset"].iloc[0],
        "control": control,
        "samples": DASH.join(f"{n:,}" for n in dict.fromkeys((n_samples[0], n_samples[-1]))),
        "variables": f"{len(set(part['x']) | set(part['y'])):,}",
        "duplicates": f"{int(duplicates):,}",
        "pairs": f"{len(part):,}",
        "significant": f"{n_significant:,} of {n_tested:,}" if n_tested else "not tested",
        "warn": f"{int((part['flag'] == 'warn').sum()):,}",
        "fail": f"{int((part['flag'] == 'fail').sum()):,}",
    }
