"""An overview of a dataset in words, for the terminal."""

from __future__ import annotations

from lmi.base.messages import some
from lmi.data.file_overview import FileOverview
from lmi.data.overview import Overview, Recording

WIDTH = 12
STRATA_SHOWN = 8
JOINED = {"name": " (joined by name)", "position": " (joined by position)"}
"""How labels found their samples, where it is not by a column of the source itself."""


def text(overview: Overview) -> str:
    """Return what was read of a dataset, a line an aspect.

    Parameters
    ----------
    overview : Overview
    """
    lines = [_head(overview)]
    for one in overview.files:
        lines += _file(one)
    if overview.recording:
        lines += _recording(overview.recording)
    if overview.joined == "name":
        lines.append(_line("joined", "by the names of the samples"))
    if overview.paired:
        how = {"pairs": "paired", "time": "resampled"}[overview.joined]
        lines.append(_line(how, overview.paired))
    for n, why in overview.left_out:
        lines.append(_line("left out", f"{n:,} samples: {why}"))
    if overview.intervals:
        sizes = [f"{n:,}" for n in overview.intervals]
        lines.append(
            _line("intervals", f"of {_first(sizes, overview.n_intervals)} consecutive samples")
        )
    lines += [_line("then", steps) for steps in overview.steps]
    if overview.n_variables:
        lines.append(_line("variables", _first(overview.variables, overview.n_variables)))
    if overview.strata:
        sizes = [f"{label} {n:,}" for label, n in overview.strata.items()]
        shown = some(sizes, STRATA_SHOWN) + JOINED.get(overview.strata_joined, "")
        lines.append(_line("strata", shown))
    if overview.groups:
        sizes = [f"{label} {n:,}" for label, n in overview.groups.items()]
        shown = " against ".join(sizes) + JOINED.get(overview.groups_joined, "")
        lines.append(_line("compare", shown))
    if overview.n_notes:
        lines.append(_line("notes", _first(overview.notes, overview.n_notes, "; ")))
    lines += [_line("look at", one) for one in overview.warnings]
    lines += [_line("MEND", one) for one in overview.problems]
    return "\n".join(lines)


def _line(key, words):
    return f"  {key:<{WIDTH}}{words}"


def _first(names, n, between=", "):
    more = f" and {n - len(names):,} more" if n > len(names) else ""
    return between.join(names) + more


def _head(one: Overview) -> str:
    parts = [] if one.n_samples is None else [f"{one.n_samples:,} samples"]
    sizes = ""
    if one.n_features:
        low, high = one.n_features
        sizes = f" of {low:,} features" if low == high else f" of {low:,} to {high:,} features"
    parts.append(f"{one.n_variables:,} variables{sizes}")
    if one.time_series:
        parts.append("in time")
    return f"{one.dataset}: {', '.join(parts)}"


def _file(one: FileOverview) -> list[str]:
    part = f", {one.part}" if one.part else ""
    lines = [
        _line("file", f"{one.path}{part}: {one.n_samples:,} samples x {one.n_features:,} features"),
        _line("samples", _first(one.samples, one.n_samples) if one.samples else "not named"),
        _line("features", _first(one.features, one.n_features) if one.features else "not named"),
    ]
    if one.n_no_numbers:
        odd = [f"{name} ({held})" for name, held in one.no_numbers.items()]
        lines.append(_line("no numbers", _first(odd, one.n_no_numbers)))
    if one.left_out:
        lines.append(_line("left out", f"columns {', '.join(one.left_out)} (drop_columns)"))
    if one.minimum is not None:
        kind = "whole numbers" if one.whole else "numbers"
        values = f"{one.dtype}, {kind} from {one.minimum:g} to {one.maximum:g}"
        values += f", {100 * one.zeros:.0f} % zero" if one.zeros else ""
        lines.append(_line("values", values))
    if one.n_missing:
        lines.append(
            _line(
                "missing",
                f"{one.n_missing:,} values, in {one.n_missing_features:,} features and "
                f"{one.n_missing_samples:,} samples",
            )
        )
    if one.n_constant:
        lines.append(_line("constant", _first(one.constant, one.n_constant)))
    if one.n_looked_at < one.n_features - one.n_no_numbers:
        lines.append(_line("looked at", f"{one.n_looked_at:,} of the features, evenly chosen"))
    return lines


def _recording(one: Recording) -> list[str]:
    low, middle, high = one.rates_hz
    spans = [f"{start:g} to {stop:g} s" for start, stop in one.intervals]
    where = _first(spans, one.n_intervals)
    stretches = "1 stretch" if one.n_intervals == 1 else f"{one.n_intervals:,} stretches"
    return [
        _line("file", one.path),
        _line("recording", f"{one.recorded_s:,.6g} s in {stretches}: {where}"),
        _line(
            "units",
            f"{one.n_units:,} with {one.n_spikes:,} spikes: " + _first(one.units, one.n_units),
        ),
        _line("rates", f"{low:.3g} to {high:.3g} Hz, median {middle:.3g} Hz"),
        _line("windows", f"{one.window_ms:g} ms long, every {one.stride_ms:g} ms"),
    ]
