"""`lmi estimate`: two files, one number with its evidence."""

import numpy as np


def _read(path, time_series):
    """Return the matrix in a file, with the names of its samples where it has any."""
    import pandas as pd

    from lmi.base.errors import InputError
    from lmi.data.sources import header, id_message, read, sample_names, sources_of

    parts = sources_of({"source": path, "time_series": time_series})
    if len(parts) > 1:
        raise InputError(
            f"{path}: expected one matrix, found {len(parts)} modalities. Write a config with "
            "`lmi init`"
        )
    source = parts[0]
    top = header(source)
    if top.text:
        raise InputError(
            f"{path}: expected columns of numbers, found text in {', '.join(sorted(top.text))}. "
            "Leave them out, or write a config with `lmi init`"
        )
    if top.ids:
        raise InputError(id_message(source, list(top.ids)))
    names = sample_names(source)
    return pd.DataFrame(read(source), index=None if names is None else list(names))


def estimate(x, y, pointwise=None, given=None, **options):
    """Estimate the mutual information of the matrices in two files.

    Parameters
    ----------
    x, y : str
        Files in any format of the workflow.
    pointwise : str, optional
        TSV file for the bits of each sample.
    given : str, optional
        File of what is conditioned on.
    **options
        Of `lmi.estimate`.

    Returns
    -------
    dict
        The numbers of `lmi.Result`.
    """
    import lmi
    from lmi.base.files import replacing

    Xs, Ys = (_read(path, options.get("time_series", False)) for path in (x, y))
    result = lmi.estimate(Xs, Ys, given=_read(given, False) if given else None, **options)
    if pointwise:
        with replacing(pointwise) as path, open(path, "w", encoding="utf-8") as file:
            file.write("sample\tpointwise_bits\n")
            file.writelines(
                f"{name}\t{value:.6g}\n" for name, value in zip(Xs.index, result.pmis, strict=True)
            )
    names = (
        "mi_bits sd_bits low_bits high_bits mi_ksg_bits sd_ksg_bits p_value n_samples candidate "
        "converged flag reason"
    )
    said = {"x": x, "y": y} | {name: getattr(result, name) for name in names.split()}
    if given:
        more = ("cmi_bits", "sd_cmi_bits", "p_conditional")
        said |= {"given": given} | {name: getattr(result, name) for name in more}
    return said


def told(said):
    """Return the estimate as lines for people."""
    from lmi.results.table import bits, probability

    lines = [
        f"{bits(said['mi_bits'], said['sd_bits'])} bits"
        f" (uncorrected {bits(said['mi_ksg_bits'], said['sd_ksg_bits'])})",
        f"{said['n_samples']:,} samples, flag {said['flag']}"
        + (f": {said['reason']}" if said["reason"] else ""),
    ]
    if np.isfinite(said["p_value"]):
        lines[0] += f", p = {probability(said['p_value'])}"
    if np.isfinite(said["low_bits"]):
        low, high = (bits(said[f"{end}_bits"]) for end in ("low", "high"))
        lines.insert(1, f"interval for the truth: {low} to {high} bits")
    if "given" in said and np.isfinite(said["cmi_bits"]):
        beyond = f"{bits(said['cmi_bits'], said['sd_cmi_bits'])} bits beyond {said['given']}"
        if np.isfinite(said["p_conditional"]):
            beyond += f", p = {probability(said['p_conditional'])}"
        lines.insert(1, beyond)
    return "\n".join(lines)
