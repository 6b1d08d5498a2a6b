"""The columns of the table, each declared once: name, type, unit, meaning, default."""

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Column:
    """A column of the table.

    Attributes
    ----------
    name, dtype : str
    unit : str
        Empty for names, counts and shares.
    description : str
    default : object
        What a pair without an estimate has; None where every pair has a value of its own.
    held : str
        Where it comes from: a row of an estimate tile, a tile's attributes (the same in all of its
        rows), or the run (made from all rows).
    """

    name: str
    dtype: str
    unit: str
    description: str
    default: Any = None
    held: str = "row"


def _bits(name, description):
    return Column(name, "float64", "bits", description, math.nan)


def _transfer(source, target):
    """Return the columns of one direction in time."""
    name = f"{source}{target}"
    return (
        _bits(
            f"{name}_bits",
            f"transfer: what the past of {source} tells of {target} beyond the past of {target}",
        ),
        _bits(f"sd_{name}_bits", f"standard error of {name}_bits"),
        Column(
            f"p_{name}", "float64", "", f"of {name}_bits, by shifts in time, one-sided", math.nan
        ),
        Column(
            f"q_{name}",
            "float64",
            "",
            "its false discovery rate, over both directions",
            math.nan,
            "run",
        ),
        Column(
            f"{name}_lag",
            "int64",
            "samples",
            f"the lag of {source} that tells most of {target} by itself",
            0,
        ),
    )


DECLARED = (
    Column("dataset", "str", "", "name of the dataset", held="tile"),
    Column("x", "str", "", "one variable of the pair"),
    Column("y", "str", "", "the other variable of the pair"),
    Column("lag", "int64", "samples", "how much later y is taken than x"),
    Column("n_samples", "int64", "", "samples of the pair"),
    Column("n_features_x", "int64", "", "features of x that vary"),
    Column("n_features_y", "int64", "", "features of y that vary"),
    _bits("mi_bits", "the headline: corrected as far as held-out samples allow"),
    _bits("mi_ksg_bits", "KSG on the same embedding, uncorrected"),
    _bits("sd_bits", "standard error of mi_bits, by disjoint subsampling"),
    _bits("sd_ksg_bits", "standard error of mi_ksg_bits"),
    _bits("low_bits", "lower end of the interval: scatter and what is known of the bias"),
    _bits("high_bits", "upper end of the interval"),
    Column("p_value", "float64", "", "of the permutation test, one-sided", math.nan),
    Column(
        "q_value",
        "float64",
        "",
        "false discovery rate over the pairs of the run; counts the lags of a pair",
        math.nan,
        "run",
    ),
    Column("significant", "bool", "", "whether q_value is within report.fdr", False, "run"),
    Column("n_permutations", "int64", "", "permutations drawn; single features need none", 0),
    Column("p_method", "str", "", "how the p value was made", ""),
    _bits("null_mean_bits", "mean of KSG on the permuted samples"),
    _bits("null_sd_bits", "standard deviation of KSG on the permuted samples"),
    _bits("mi_within_bits", "mean of KSG within strata, to compare with mi_ksg_bits"),
    _bits("sd_within_bits", "standard error of mi_within_bits"),
    Column("within_strata", "str", "", "each stratum's value", ""),
    _bits("cmi_bits", "what x and y share beyond what the dataset gives"),
    _bits("sd_cmi_bits", "standard error of cmi_bits"),
    Column(
        "p_conditional", "float64", "", "of permutations near what is given, one-sided", math.nan
    ),
    Column("q_conditional", "float64", "", "its false discovery rate", math.nan, "run"),
    _bits(
        "null_cmi_bits",
        "mean of cmi_bits on such permutations, which was taken off where above zero",
    ),
    Column("groups", "str", "", "the two groups of samples that are compared", ""),
    Column("n_group", "int64", "", "samples of each of the two groups", 0),
    _bits("mi_first_bits", "mutual information in the first group"),
    _bits("sd_first_bits", "standard error of mi_first_bits"),
    _bits("mi_second_bits", "mutual information in the second group, of as many samples"),
    _bits("sd_second_bits", "standard error of mi_second_bits"),
    _bits("delta_bits", "mi_first_bits less mi_second_bits"),
    _bits("sd_delta_bits", "standard error of delta_bits"),
    Column("p_delta", "float64", "", "of exchanged labels of groups, two-sided", math.nan),
    Column("q_delta", "float64", "", "its false discovery rate", math.nan, "run"),
    *_transfer("x", "y"),
    *_transfer("y", "x"),
    _bits("net_bits", "xy_bits less yx_bits"),
    _bits("sd_net_bits", "standard error of net_bits"),
    _bits("drift_bits", "what all samples give more than a third of them"),
    _bits("split_sd_bits", "standard deviation of mi_bits over three splits of the samples"),
    _bits("half_samples_bits", "mi_bits with half of the samples"),
    _bits("half_latent_bits", "mi_bits with half of the dimensions"),
    _bits("double_latent_bits", "mi_bits with twice the latent dimensions of networks"),
    _bits("swapped_bits", "mi_bits with x and y exchanged"),
    _bits("truth_bits", "where it is known"),
    Column("converged", "bool", "", "whether training converged", False),
    Column("seconds", "float64", "s", "time of the pair", 0.0),
    Column("flag", "str", "", "ok, warn or fail"),
    Column("reason", "str", "", "why the flag is not ok, and what else to know"),
    Column("candidate", "str", "", "which embedding won, for either half of the samples", ""),
    Column("reason_codes", "str", "", "codes of the reasons, split by spaces", ""),
    Column("reason_parameters", "str", "", "numbers of the reasons, in their order: JSON", ""),
)

COLUMNS = {column.name: column.dtype for column in DECLARED}
"""Columns of the table in their order, with their types."""
FROM_ATTRIBUTES = tuple(column.name for column in DECLARED if column.held == "tile")
"""Columns that a tile holds as attributes, because they are the same in all of its rows."""
OF_A_TILE = tuple(column.name for column in DECLARED if column.held != "run")
"""Columns that a tile holds, attributes included."""

_PAIR = ("x", "y", "lag", "mi_bits", "sd_bits", "q_value", "flag")
NETWORK = (
    *(column for name in _PAIR for column in DECLARED if column.name == name),
    Column("direct_dpi", "bool", "", "whether it is the weakest side of no triangle of edges"),
    Column("via_dpi", "str", "", "else the third variable that tells most of both", ""),
    Column("n_thirds", "int64", "", "third variables with which x and y make a triangle of edges"),
    Column(
        "direct_conditional",
        "str",
        "",
        "whether x and y share something given each third variable: yes, no, open (not all asked)",
        "",
    ),
    Column("via_conditional", "str", "", "the third variable that leaves least", ""),
    _bits("cmi_bits", "what it leaves of mi_bits"),
    _bits("sd_cmi_bits", "standard error of cmi_bits"),
    Column("p_direct", "float64", "", "largest p value given one of the third variables", math.nan),
    Column(
        "n_asked", "int64", "", "third variables that were asked, up to the first that explains", 0
    ),
    Column("flag_conditional", "str", "", "ok, warn or fail, of cmi_bits", ""),
    Column("reason_conditional", "str", "", "why that flag is not ok", ""),
)
"""The columns of `network.tsv`: significant pairs, and whether each is direct."""
ASKED = (
    Column("x", "str", "", "one end of an edge"),
    Column("y", "str", "", "the other end"),
    Column("z", "str", "", "the third variable that is given"),
    _bits("cmi_bits", "what x and y share beyond z"),
    _bits("sd_cmi_bits", "standard error of cmi_bits"),
    Column("p_conditional", "float64", "", "of permutations near z, one-sided", math.nan),
    Column("explains", "bool", "", "whether x and y share nothing significant beyond z"),
    Column("flag", "str", "", "ok, warn or fail"),
    Column("reason", "str", "", "why the flag is not ok"),
)
"""What is kept of each triangle that is asked about."""
TARGETS = (
    Column("target", "str", "", "the variable that the others tell of"),
    Column("step", "int64", "", "the first one selected is 1"),
    Column("variable", "str", "", "the one that adds most to those before it"),
    _bits("mi_bits", "what it tells of the target alone"),
    _bits("sd_bits", "standard error of mi_bits"),
    Column("p_value", "float64", "", "of mi_bits", math.nan),
    _bits("added_bits", "what it tells beyond those selected before it"),
    _bits("sd_added_bits", "standard error of added_bits"),
    Column("p_added", "float64", "", "of added_bits, times the candidates", math.nan),
    Column("n_candidates", "int64", "", "variables among which it was chosen"),
    _bits("total_bits", "what all variables so far tell together: added_bits, added up"),
    _bits("sd_total_bits", "standard error of total_bits"),
    _bits("unique_bits", "what it tells beyond all others that are selected"),
    _bits("sd_unique_bits", "standard error of unique_bits"),
    Column("p_unique", "float64", "", "of unique_bits", math.nan),
    _bits("interaction_bits", "added_bits less mi_bits: synergy above zero, redundancy below"),
    Column("flag", "str", "", "ok, warn or fail, of added_bits and unique_bits"),
    Column("reason", "str", "", "why the flag is not ok"),
)
"""The columns of `targets.tsv`: which variables tell of a target, and what each adds."""
