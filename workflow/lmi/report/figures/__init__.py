"""Figures of a run: small functions from a table or arrays to a matplotlib figure."""

from lmi.report.figures._distribution import distribution
from lmi.report.figures._embeddings import embeddings
from lmi.report.figures._heatmap import (
    MAX_LABELS,
    cluster,
    clustered,
    coefficient,
    heatmap,
    matrix,
)
from lmi.report.figures._lags import lags
from lmi.report.figures._select import select
from lmi.report.figures._strata import strata
from lmi.report.figures._style import (
    INK,
    LINE,
    MARKERS,
    MUTED,
    SERIES,
    STYLE,
    WIDTH,
    NothingToShow,
    note,
    save,
)
from lmi.report.figures._top_pairs import top_pairs
from lmi.report.figures._training import training
from lmi.report.figures._truth import truth
from lmi.report.figures._volcano import volcano
from lmi.results.table import printable

__all__ = [
    "INK",
    "LINE",
    "MARKERS",
    "MAX_LABELS",
    "MUTED",
    "SERIES",
    "STYLE",
    "WIDTH",
    "NothingToShow",
    "cluster",
    "clustered",
    "coefficient",
    "distribution",
    "embeddings",
    "heatmap",
    "lags",
    "matrix",
    "note",
    "printable",
    "save",
    "select",
    "strata",
    "top_pairs",
    "training",
    "truth",
    "volcano",
]
