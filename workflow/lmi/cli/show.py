"""`lmi show` and `lmi export`: a finished run, for a terminal and for other tools."""

from pathlib import Path

from lmi.base.errors import InputError
from lmi.base.messages import suggest


def rows(results, variable=None, dataset=None):
    """Return the rows of a run that are asked for, and the files beside them.

    Parameters
    ----------
    results : str
        Folder of the run.
    variable, dataset : str, optional
        Only pairs of these.

    Raises
    ------
    InputError
        No run there, or no such dataset or variable in it.
    """
    from lmi.results.load import load

    run = load(results)
    table = run.table
    if dataset is not None:
        if dataset not in run.datasets:
            raise InputError(
                f"--dataset: expected one of {', '.join(run.datasets)}, found "
                f"'{dataset}'{suggest(dataset, run.datasets)}"
            )
        table = table[table["dataset"] == dataset]
    if variable is not None:
        names = {*table["x"], *table["y"]}
        if variable not in names:
            raise InputError(
                f"--variable: expected a variable of {results}, found "
                f"'{variable}'{suggest(variable, names)}"
            )
        table = table[(table["x"] == variable) | (table["y"] == variable)]
    files = {"table": run.folder / "mi.tsv", "report": run.folder / "report.html"}
    return table.reset_index(drop=True), {k: path for k, path in files.items() if path.exists()}


def records(table, top):
    """Return the strongest pairs as dicts, all columns; of a pair with lags, the peak."""
    from lmi.results.table import peaks, strongest

    return strongest(peaks(table), top).to_dict("records")


def export(results, out, q, anndata=None, dataset=None, pairs=()):
    """Write the exports of a run, or a copy of an AnnData file; return the files.

    Parameters
    ----------
    results : str
        Folder of the run.
    out : str, optional
        Folder of the exports; the file of the copy.
    q : float
    anndata : str, optional
        File of which a copy with the results is written.
    dataset : str, optional
    pairs : sequence of (str, str)
        Whose values by sample the copy has.
    """
    from lmi.base.files import replacing
    from lmi.results import exports
    from lmi.results.load import load

    run = load(results)
    if not 0 < q <= 1:
        raise InputError(f"--q: expected a share above 0 and at most 1, found {q:g}")
    if anndata is None:
        if dataset or pairs:
            raise InputError("--dataset, --pair: expected with --anndata, found without. Add it")
        return exports.write(run, out or run.folder / "exports", q)
    target = Path(out or run.folder / "exports" / f"{Path(anndata).stem}.lmi.h5ad")
    if target.suffix != ".h5ad":
        target = target / f"{Path(anndata).stem}.lmi.h5ad"
    if target.exists() and target.samefile(anndata):
        raise InputError(f"--out: expected another file than the data, found {target}")
    with replacing(target) as path:
        run.to_anndata(anndata, dataset, pairs).write_h5ad(path)
    return [target]
