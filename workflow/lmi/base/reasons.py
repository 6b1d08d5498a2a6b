"""Reasons of flags: each declared once, with its code, severity, parameters and sentences.

A reason is stored by its code and parameters, and told from them: no text is read back.
"""

import json
from dataclasses import dataclass, field
from string import Formatter

DASH, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"
FLAGS = ("ok", "warn", "fail")
"""From the best to the worst: a pair has the flag of its worst reason."""


@dataclass(frozen=True)
class Declared:
    """What is known of a reason before it happens.

    Attributes
    ----------
    code : str
        How the table names it.
    flag : str
        warn or fail; ok for what should be known of a pair and is no fault.
    sentence : str
        What the table says; its fields are the reason's parameters.
    kind : str
        Heading in the report; reasons of one kind share it.
    tested : bool
        Whether the pair counts as a test in the false discovery rate, if it has a p value.
    """

    code: str
    flag: str
    sentence: str
    kind: str
    tested: bool = True

    @property
    def parameters(self):
        """Names of the parameters, in the order of the sentence."""
        fields = (name for _, name, _, _ in Formatter().parse(self.sentence) if name)
        return tuple(dict.fromkeys(fields))


_HALVES = "bits by the encoders of the two halves of the samples"
_RISING = "still rising with the number of samples: {less:.2f} bits with "
_TOO_LOW = "of them, {mi:.2f} with all; probably too low"

DECLARED = {
    one.code: one
    for one in (
        Declared(
            "shared_features",
            "fail",
            "features that are in both variables: {n} ({shared}); their information is infinite "
            "by construction",
            "features in both variables",
            tested=False,
        ),
        Declared(
            "not_converged",
            "warn",
            "training not converged: raise max_steps, or max_epochs of the preset paper",
            "not converged",
        ),
        Declared("few_samples", "warn", "few samples: {n}, fewer than {floor}", "few samples"),
        Declared(
            "near_ceiling",
            "warn",
            "near the ceiling of {ceiling:.1f} bits for this number of samples",
            "near the ceiling",
        ),
        Declared(
            "duplicates",
            "warn",
            "{percent:.0f} % of the samples are duplicates: few distinct values",
            "duplicates",
        ),
        Declared(
            "copies",
            "warn",
            "{percent:.0f} % of the samples are copies of others, or nearly so, in both variables: "
            "what is learned and what is estimated are the same values; too high",
            "copies of samples",
        ),
        Declared(
            "in_order",
            "warn",
            "samples follow each other as those of a series do, in both variables, and were taken "
            "for independent: bits and p value may be chance; say time_series: true",
            "samples in order",
        ),
        Declared(
            "missing_data", "warn", "missing data: {percent:.0f} % of the values", "missing data"
        ),
        Declared(
            "unstable_halves",
            "warn",
            f"unstable: {{first:.2f}} and {{second:.2f}} {_HALVES}",
            "unstable",
        ),
        Declared(
            "nothing_to_exchange",
            "warn",
            "no p value: the strata leave no samples to exchange with each other",
            "no p value",
        ),
        Declared(
            "non_stationary",
            "warn",
            "non-stationary: both variables stay correlated with themselves over a tenth of the "
            "recording or more; such series share bits by chance, see null_mean_bits",
            "non-stationary",
        ),
        Declared(
            "trends",
            "warn",
            "non-stationary: both variables rise or fall over the recording; such series share "
            "bits by chance",
            "non-stationary",
        ),
        Declared(
            "weak_axes",
            "warn",
            "many weak axes: the halves of the samples agree on {bits:.2f} bits of them, more than "
            "the {mi:.2f} found; too few samples to learn them, too low",
            "many weak axes",
        ),
        Declared(
            "skewed_axes",
            "warn",
            "skewed axes: the shared axes are far from Gaussian (skewness {skewness:.1f} an axis), "
            "which no critic here describes; probably too low",
            "skewed axes",
        ),
        Declared(
            "few_effective_samples",
            "warn",
            "few effective samples: consecutive ones are so alike that all are worth {n} "
            "independent ones, fewer than {floor}; the error bar is too small",
            "few samples",
        ),
        Declared(
            "bits_by_chance",
            "warn",
            "autocorrelated: the series share {bits:.2f} bits when shifted against each other too; "
            "so much of the value is chance",
            "autocorrelated",
        ),
        Declared("rising_thirds", "warn", f"{_RISING}a third {_TOO_LOW}", "still rising"),
        Declared(
            "unstable_splits",
            "warn",
            "unstable: {sd:.2f} bits of standard deviation over three splits of the samples",
            "unstable",
        ),
        Declared("rising_half", "warn", f"{_RISING}half {_TOO_LOW}", "still rising"),
        Declared(
            "unstable_half_latent",
            "warn",
            "unstable: {other:.2f} bits with half the dimensions, {mi:.2f} without",
            "unstable",
        ),
        Declared(
            "unstable_double_latent",
            "warn",
            "unstable: {other:.2f} bits with twice the latent dimension, {mi:.2f} without",
            "unstable",
        ),
        Declared(
            "unstable_swapped",
            "warn",
            "unstable: {other:.2f} bits with x and y exchanged, {mi:.2f} without",
            "unstable",
        ),
        Declared(
            "given_not_learned",
            "warn",
            "conditional value: what is given was learned in part only; on new samples it still "
            "told {feigned:.2f} bits of what x and y share, which were taken off, and up to "
            "three times as much may remain",
            "dependence on what is given remains",
        ),
        Declared(
            "given_remains",
            "warn",
            "conditional value: about {bits:.2f} bits may be of what is given alone: what is left "
            "of x and y still goes with squares, products or cubes of it, too many to be learned "
            "from so few samples",
            "dependence on what is given remains",
        ),
        Declared(
            "given_goes_on",
            "warn",
            "conditional value: what is left of the features still goes with functions of what is "
            "given, which so few samples teach in part only; the label may go with these alone",
            "dependence on what is given remains",
        ),
        Declared(
            "given_reaches",
            "warn",
            "conditional value: {cmi:.2f} bits, but samples permuted near what is given depend as "
            "much (p {p:.2g}): read it as nothing found beyond it",
            "dependence on what is given remains",
        ),
        Declared(
            "given_tells_all",
            "warn",
            "no conditional value: {side} holds nothing beyond what is given",
            "nothing beyond what is given",
        ),
        Declared(
            "given_rare_labels",
            "warn",
            "conditional value: {n} samples left out, of labels with fewer than {floor}",
            "rare labels",
        ),
        Declared("in_direction", "warn", "{direction}: {message}", "in a direction"),
        Declared("in_group", "warn", "group {group}: {message}", "in a group"),
        Declared(
            "groups_differ_in_shape",
            "warn",
            "the groups depend in different ways: encoders that they share find {first:.2f} and "
            "{second:.2f} bits alone; the p value, which is theirs too, may miss the difference",
            "different ways of dependence",
        ),
        Declared("alone", "warn", "alone: {message}", "value of a variable alone"),
        Declared(
            "no_comparison", "warn", "comparison of groups: {message}", "comparison of groups"
        ),
        Declared("no_transfer", "warn", "transfer: {message}", "transfer"),
        Declared("conditional", "warn", "conditional value: {message}", "conditional value"),
        Declared(
            "not_finite", "fail", "the estimate is not a finite number", "not a finite number"
        ),
        Declared("embedding_failed", "fail", "embedding failed: {message}", "embedding failed"),
        Declared("estimation_failed", "fail", "estimation failed: {message}", "estimation failed"),
        Declared("unusable_data", "fail", "{message}", "data cannot be used"),
        Declared(
            "joined_by_position",
            "ok",
            "samples joined by position: row by row, without names",
            "samples joined by position",
        ),
    )
}
"""All reasons by code, in the order in which they are told."""

MEANINGS = {
    "features in both variables": (
        "A feature that stands in both variables tells everything about itself, so the value says "
        "nothing about the rest; such pairs are never significant. Make groups that do not "
        "overlap, or set estimate.shared_features to keep."
    ),
    "not converged": (
        "Training stopped before the loss was flat, so the value is probably too low: raise "
        "embed.max_steps."
    ),
    "few samples": (
        "Too few samples for a stable estimate: collect more, or read the value as a hint."
    ),
    "near the ceiling": (
        "So many samples cannot show more bits than this: the true value may be larger. Read it "
        "as at least that much."
    ),
    "duplicates": (
        "Many samples have equal values, such as counts of zero, which the estimator takes for "
        "structure: use features with more distinct values, or longer windows."
    ),
    "copies of samples": (
        "The same samples stand in the data more than once, so that they are in both halves, and "
        "nearest to themselves: remove the copies, or average replicates."
    ),
    "samples in order": (
        "Each sample is nearer to the next one than to the one after it, as in a recording. Series "
        "that are taken for independent samples share bits by chance, with tiny p values: set "
        "time_series: true. Where the samples were sorted, and their order means nothing, shuffle "
        "the rows of the data."
    ),
    "missing data": (
        "Much of the data was filled in or left out: look whether values are missing for a "
        "reason that the two variables share."
    ),
    "unstable": (
        "Another split of the samples, or a setting that should not matter, gives another value: "
        "read all of them as a range, and get more samples before building on it."
    ),
    "no p value": (
        "Every sample is alone in its stratum, in one half of the samples at least: the null has "
        "nothing to permute. Take coarser strata."
    ),
    "non-stationary": (
        "Trends and random walks look dependent without being so. Compare the value with "
        "null_mean_bits, what the same series give shifted against each other; difference or "
        "detrend them, or add a shifted control."
    ),
    "many weak axes": (
        "The variables share a little along many axes, which so few samples cannot learn: the "
        "value is too low. Read it as at least that much, or collect more samples."
    ),
    "skewed axes": (
        "What the variables share is spread over several skewed axes, such as a few large values "
        "among many small ones: the value is probably too low. Take logarithms of skewed "
        "features, or read it as at least that much."
    ),
    "autocorrelated": (
        "Samples that follow each other are alike, so that neighbours in time pass for neighbours "
        "in value. The p value allows for it; of the value, subtract null_mean_bits, or take "
        "samples further apart, or more of them."
    ),
    "still rising": (
        "More samples give more bits, so the value is probably too low: read it as at least that "
        "much."
    ),
    "dependence on what is given remains": (
        "The conditional value may still hold some of what both variables have from the one that "
        "is given: collect more samples, or give fewer and better features."
    ),
    "nothing beyond what is given": (
        "Every feature of one variable is among those that are given, so nothing can be shared "
        "beyond them: take these features out of one of the two."
    ),
    "rare labels": (
        "A label that is conditioned on must have enough samples for an estimate of its own: merge "
        "rare labels into coarser ones."
    ),
    "in a direction": (
        "What the sentence says holds for the transfer in one of the two directions."
    ),
    "in a group": (
        "What the sentence says holds for the estimate of one of the two groups that are compared."
    ),
    "different ways of dependence": (
        "The values of the two groups are by encoders of their own, and good. The labels are "
        "exchanged with encoders that both share, which suit one of the groups badly here: a small "
        "p value holds, a large one says little. Read the difference by its error."
    ),
    "value of a variable alone": (
        "What the sentence says holds for what the variable tells of the target by itself; it "
        "means there what it means for any other pair."
    ),
    "comparison of groups": (
        "The pair has no difference between the groups; the sentence says why."
    ),
    "transfer": "The pair has no transfer in either direction; the sentence says why.",
    "conditional value": (
        "What the sentence says holds for the conditional value; it means there what it means for "
        "any other."
    ),
    "not a finite number": (
        "The estimate broke down: look at the data of this pair for extreme or constant values."
    ),
    "embedding failed": (
        "The pair could not be embedded; the log of its tile has the whole message."
    ),
    "estimation failed": (
        "The pair was embedded but not estimated; the log of its tile has the whole message."
    ),
    "data cannot be used": (
        "One of the two variables has no usable values: mend what the reason names, or leave the "
        "variable out."
    ),
    "samples joined by position": (
        "No fault: the files, or the table of strata, do not name their samples, so that row i of "
        "one was taken for row i of the other. Be sure that all are in the same order."
    ),
}
"""What each kind of reason means and asks for, in the report."""


@dataclass(frozen=True)
class Reason:
    """A reason that a pair has.

    Attributes
    ----------
    code : str
        One of `DECLARED`.
    parameters : dict
        Numbers and texts of its sentence.
    """

    code: str
    parameters: dict = field(default_factory=dict)

    def __post_init__(self):
        expected, found = set(DECLARED[self.code].parameters), set(self.parameters)
        if expected != found:
            raise TypeError(
                f"reason {self.code}: expected the parameters {sorted(expected)}, found "
                f"{sorted(found)}"
            )

    def __str__(self):
        return DECLARED[self.code].sentence.format(**self.parameters)


def flag(reasons):
    """Return the flag of a pair with these reasons: that of the worst, or ok."""
    return max((DECLARED[reason.code].flag for reason in reasons), key=FLAGS.index, default="ok")


def sentence(reasons):
    """Return what the table says of the reasons of a pair."""
    return "; ".join(map(str, reasons))


def codes(reasons):
    """Return the codes of the reasons of a pair in one text, split by spaces."""
    return " ".join(reason.code for reason in reasons)


def parameters(reasons):
    """Return the parameters of the reasons of a pair, in the order of `codes`, as JSON.

    Numbers have six significant digits, as in all of the table.
    """
    if not reasons:
        return ""
    return json.dumps(
        [
            {
                name: float(f"{value:.6g}") if isinstance(value, float) else value
                for name, value in reason.parameters.items()
            }
            for reason in reasons
        ]
    )


def from_table(its_codes, its_parameters):
    """Return the reasons of a row: the inverse of `codes` and `parameters`.

    Returns
    -------
    list of Reason
    """
    if not its_codes:
        return []
    values = json.loads(its_parameters)
    return [Reason(*both) for both in zip(its_codes.split(), values, strict=True)]


def merged(reasons):
    """Return what reasons of one code say together: ``20-41 % of the samples``.

    Numbers become the range that they span; of texts that differ the first stands, and how many
    others there are.

    Parameters
    ----------
    reasons : list of Reason
        All of one code.
    """
    parts, n_other = [], 0
    for literal, name, form, _ in Formatter().parse(DECLARED[reasons[0].code].sentence):
        parts.append(literal)
        if not name:
            continue
        values = list(dict.fromkeys(reason.parameters[name] for reason in reasons))
        if isinstance(values[0], str):
            parts.append(values[0])
            n_other = max(n_other, len(values) - 1)
            continue
        low, high = (format(end(values), form or "") for end in (min, max))
        parts.append((low if low == high else f"{low}{DASH}{high}").replace("-", MINUS))
    others = f" (and {n_other:,} other{'s' if n_other > 1 else ''} of the kind)" if n_other else ""
    return "".join(parts) + others
