"""The stage estimate: the pairs of a tile, from their embeddings to bits, error bars and flags."""

import time
from dataclasses import fields, replace
from typing import NamedTuple

import numpy as np

from lmi.base import reasons
from lmi.base.arrays import shown_samples
from lmi.base.errors import InputError
from lmi.base.files import reading, text, write
from lmi.base.messages import pair_name
from lmi.base.reasons import Reason
from lmi.base.threads import map_pairs
from lmi.embedding.candidates import held_out_coordinates
from lmi.estimation import conditional, difference, flags, null
from lmi.estimation import estimate as estimation
from lmi.pipeline import cache, chunks, compared, directed
from lmi.pipeline.blocks import keys_of
from lmi.pipeline.conditional import Conditioned
from lmi.results.embeddings import read_embeddings
from lmi.results.places import check_tile

CURVES = ("loss_step", "loss_train", "loss_validation")


def estimate(
    out,
    embeddings,
    *,
    settings,
    seed,
    threads=1,
    keep_pointwise=True,
    shared=None,
    given=None,
    compare=None,
    transfer=None,
    blocks=(),
    names=None,
):
    """Estimate the mutual information of the pairs of a tile.

    Parameters
    ----------
    out : str or Path
        `estimates/tile-000-001.h5`.
    embeddings : str or Path
        File of `embed`.
    settings : dict
        The config's section `estimate`.
    seed : int
    threads : int
    keep_pointwise : bool
        Keep pointwise MI, and the first latent coordinates for the report.
    shared : str or Path, optional
        Folder of `lmi.pipeline.cache`.
    given : dict, optional
        `pairs`, `variable` and `settings` of `Conditioned`.
    compare : dict, optional
        `pairs`, `data` and `settings` of `compared.Groups`.
    transfer : dict, optional
        `pairs`, `variable`, `lags`, `history` and `settings` of `directed.Series`.
    blocks : list of str or Path
        Block files of x, y and the variable that is given, for all three.
    names : (list of str, list of str), optional
        The variables that the plan has in the blocks of x and of y; embeddings of others are
        refused.

    Raises
    ------
    InputError
        A permutation scheme that the dataset cannot have.
    RuntimeError
        Where all pairs failed, and not for reasons known from the data.
    """
    with reading(embeddings, "embed") as file:
        attributes = dict(file.attrs)
        chunks.clear(embeddings)  # of a job that was killed when its tile was written
        if names:
            check_tile(embeddings, "embed", text(file["x"]), text(file["y"]), names)
        groups = compare and compared.Groups(blocks=blocks[:2], seed=seed, **compare)
        more = _keys(given, groups, compare, transfer, blocks)
        key = cache.key("estimate", attributes["key"], settings, seed, keep_pointwise, *more)
        if cache.fetch(shared, "estimate", key, out):
            return
        n_pairs, _, n_samples, _ = file["zx"].shape
        strata, strata_names = file["strata"][()], list(text(file["strata_names"]))
        if settings["permutations"]["scheme"] == "strata" and not strata_names:
            raise InputError(
                f"estimate.permutations.scheme: expected free, shift, blocks or auto for the "
                f"dataset '{attributes['dataset']}', found strata: it names no strata. Give the "
                "dataset the key `strata`, or choose another scheme"
            )
        samples = estimation.Samples(
            time_series=bool(attributes["time_series"]),
            overlap=int(attributes["overlap"]),
            strata=strata if strata_names else None,
            strata_names=strata_names,
            interval=file["interval"][()] if "interval" in file else None,
            by_position=bool(attributes.get("by_position", False)),
        )
        options = {
            "k": settings["k"],
            "error_bars": settings["error_bars"],
            "permutations": settings["permutations"],
            "seed": seed,
        }
        keep_shared = settings.get("shared_features", "flag") == "keep"
        asked = Asked(
            given and Conditioned(blocks=blocks, seed=seed, **given),
            groups,
            transfer and directed.Series(blocks=blocks, seed=seed, **transfer),
        )

        def one_chunk(rows):
            return _estimate_rows(
                file, rows, samples, options, threads, keep_pointwise, keep_shared, asked
            )

        sides = [text(file[side]) for side in ("x", "y")]
        lags = file["lag"][()]

        def pair_of(row):
            return pair_name(sides[0][row], sides[1][row], lags[row])

        arrays = chunks.run(
            out, key, [list(range(n_pairs))], one_chunk, stage="estimate", name=pair_of
        )
        if n_pairs and all(code == "estimation_failed" for code in arrays["reason_codes"]):
            first = arrays["reason"][0]
            raise RuntimeError(f"{embeddings}: no pair could be estimated; the first: {first}")
        arrays |= {name: file[name][()] for name in CURVES if name in file}
    if keep_pointwise:
        arrays["scatter_samples"] = shown_samples(n_samples)
    kept = ("dataset", "seed", "preset")
    write(
        out,
        arrays,
        {name: attributes[name] for name in kept}
        | {"k": settings["k"], "units": "bits", "key": key},
    )
    chunks.clear(out)
    cache.keep(shared, "estimate", key, out)


class Asked(NamedTuple):
    """What is asked of the pairs beside their mutual information; None where it is not."""

    given: Conditioned | None = None
    groups: compared.Groups | None = None
    series: directed.Series | None = None


def _keys(given, groups, compare, transfer, blocks):
    """Return what the key of the estimates adds for what is asked beside the information."""
    keys = keys_of(blocks)
    asked = [(given, keys)] if given else []
    if compare:
        asked.append(("compare", groups.key, compare["settings"], keys))
    if transfer:
        asked.append(("transfer", transfer, keys))
    return [part for one in asked for part in one]


NOT_ASKED = (conditional.NOT_ASKED, compared.NOT_ASKED, directed.NOT_ASKED)
"""What a pair has of all that was not asked: columns by the names of its attributes."""


def _answers(asked, row, samples, name, options):
    """Return what a pair answers beside its information, in the order of `NOT_ASKED`."""
    beyond, change, transfer = NOT_ASKED
    if asked.given:
        try:
            beyond = asked.given.estimate(row, samples=samples, name=name, **options)
        except (ValueError, ArithmeticError) as error:
            why = Reason("conditional", {"message": f"failed: {error}"})
            beyond = replace(beyond, reasons=(why,))
    if asked.groups:
        n_permutations = min(options["permutations"]["max"], difference.MOST)
        try:
            change = asked.groups.compare(row, k=options["k"], n_permutations=n_permutations)
        except (ValueError, ArithmeticError) as error:
            change = compared.failed(f"failed: {error}")
    if asked.series:
        own = {key: options[key] for key in ("k", "error_bars", "permutations")}
        try:
            transfer = asked.series.transfer(row, samples=samples, **own)
        except (ValueError, ArithmeticError) as error:
            transfer = directed.failed(f"failed: {error}")
    return beyond, change, transfer


def _estimate_rows(file, rows, samples, options, threads, keep_pointwise, keep_shared, asked):
    """Return the arrays of some rows of an embeddings file.

    Parameters
    ----------
    file : h5py.File
    rows : list of int
    samples : estimation.Samples
        Without the share of missing values, which is each pair's own.
    options : dict
        Of `estimation.estimate`.
    threads, keep_pointwise
        As in `estimate`.
    keep_shared : bool
        Whether pairs that share features are as any other.
    asked : Asked
    """
    names = ("x", "y", "error", "error_code", "candidate", "shared")
    at = slice(rows[0], rows[-1] + 1)  # rows are consecutive
    columns = {name: file[name].asstr()[at] for name in names}
    numbers = ("lag", "n_features_x", "n_features_y", "truth_bits")
    numbers += ("converged", "seconds", "missing", "n_shared")
    columns |= {name: file[name][at] for name in (*numbers, *flags.CHECKS)}
    whys = [
        [Reason(code, {"message": error})] if code else None
        for code, error in zip(columns["error_code"], columns["error"], strict=True)
    ]
    embedded = read_embeddings(file, rows, [why is None for why in whys])

    def one(place):
        if embedded[place] is None:
            return None
        start = time.perf_counter()
        shared = flags.Shared(int(columns["n_shared"][place]), columns["shared"][place])
        try:
            result = estimation.estimate(
                embedded[place],
                samples=replace(
                    samples,
                    missing=float(columns["missing"][place]),
                    shared=flags.NOTHING_SHARED if keep_shared else shared,
                ),
                checked={name: float(columns[name][place]) for name in flags.CHECKS},
                name=f"{columns['x'][place]}/{columns['y'][place]}/{columns['lag'][place]}",
                **options,
            )
        except (ValueError, ArithmeticError) as error:
            whys[place] = [Reason("estimation_failed", {"message": str(error)})]
            return None
        name = f"{columns['x'][place]}/{columns['y'][place]}/{columns['lag'][place]}"
        more = _answers(asked, rows[place], samples, name, options)
        whys[place] = (
            *conditional.all_reasons(result.reasons, more[0].reasons),
            *(reason for answer in more[1:] for reason in answer.reasons),
        )
        return result, time.perf_counter() - start, more

    results = map_pairs(one, range(len(rows)), threads)
    values = (
        "mi_bits",
        "mi_ksg_bits",
        "sd_bits",
        "sd_ksg_bits",
        "low_bits",
        "high_bits",
        "drift_bits",
        "mi_within_bits",
        "sd_within_bits",
    )
    as_they_are = ("x", "y", "lag", "n_features_x", "n_features_y", "truth_bits")
    as_they_are += flags.CHECKS
    arrays = {name: columns[name] for name in as_they_are}
    arrays |= {
        name: np.array([getattr(r[0], name) if r else np.nan for r in results]) for name in values
    }
    for place, none in enumerate(NOT_ASKED):
        arrays |= {
            field.name: [getattr(r[2][place] if r else none, field.name) for r in results]
            for field in fields(none)
            if field.name != "reasons"
        }
    tested = [r[0].null if r else null.NOT_TESTED for r in results]
    n_samples = file["zx"].shape[2]
    arrays |= {
        "p_value": [t.p_value for t in tested],
        "n_permutations": [t.n_permutations for t in tested],
        "p_method": [t.p_method for t in tested],
        "null_mean_bits": [t.mean_bits for t in tested],
        "null_sd_bits": [t.sd_bits for t in tested],
        "within_strata": [r[0].within_strata if r else "" for r in results],
        "n_samples": np.full(len(rows), n_samples),
        "converged": columns["converged"],
        "seconds": columns["seconds"] + np.array([r[1] if r else 0.0 for r in results]),
        "flag": [reasons.flag(why) for why in whys],
        "reason": [reasons.sentence(why) for why in whys],
        "reason_codes": [reasons.codes(why) for why in whys],
        "reason_parameters": [reasons.parameters(why) for why in whys],
        "candidate": columns["candidate"],
    }
    if keep_pointwise:
        shown = shown_samples(n_samples)
        arrays["pointwise"] = np.full((len(rows), n_samples), np.nan, np.float32)
        arrays["scatter"] = np.full((len(rows), len(shown), 2), np.nan, np.float32)
        for place, result in enumerate(results):
            if result:
                arrays["pointwise"][place] = result[0].pointwise_bits
                zx, zy = held_out_coordinates(embedded[place])
                arrays["scatter"][place] = np.stack([zx[shown, 0], zy[shown, 0]], axis=1)
        classified = [e is not None and e.classified is not None for e in embedded]
        if any(classified):
            arrays["label"] = np.full((len(rows), 2, n_samples), np.nan, np.float32)
            for place in np.flatnonzero(classified):
                arrays["label"][place] = _labels(embedded[place])
        if any(t.drawn_bits.size for t in tested):
            arrays["null_bits"] = np.full((len(rows), null.KEPT), np.nan, np.float32)
            for place, t in enumerate(tested):
                arrays["null_bits"][place, : t.drawn_bits.size] = t.drawn_bits
    return arrays


def _labels(embedding):
    """Return the label of each sample, and the one that classifiers take it for."""
    own = embedding.values[list(embedding.kinds).index("label")]
    return np.where(np.isfinite(embedding.classified[3]), [own, embedding.classified[3]], np.nan)
