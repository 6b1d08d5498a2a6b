"""Which edges of a network are direct? `python -m benchmarks.direct`.

Networks of known edges are drawn: a directed acyclic graph in which each node has one or two
parents, as a linear or a nonlinear structural model with two latents a node, each node seen through
ten noisy features. The table has the area under the precision-recall curve of the edges, in any
direction, of

- mutual information of the nodes (`MI`), the same with edges last that the data processing
  inequality opens (`MI, DPI`), and with edges last that a third variable explains, the others by
  what the third variables leave of them (`MI, conditional`);
- binned mutual information of the means of the nodes, pruned as ARACNE does (Margolin et al. 2006);
- GRNBoost2 on the means of the nodes, by arboreto, in the environment of `--peers`.

Embeddings are those of closed form (`train: never`). Seeds start at 10,000.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

FIRST_SEED = 10_000
KINDS = ("linear", "nonlinear")
N_LATENT, N_FEATURES, N_BINS, N_PERMUTED = 2, 10, 10, 200
FUNCTIONS = (np.tanh, lambda v: (v**2 - 1) / np.sqrt(2), lambda v: np.sqrt(2) * np.sin(2 * v))


def network(kind, seed, n_nodes, n_samples):
    """Return the nodes, shape (n_nodes, n_samples, `N_FEATURES`), and the edges (i, j), i < j."""
    from lmi.base import seeds

    rng = seeds.rng(seed, "bench_direct", kind, n_nodes, n_samples)
    latents, edges, nodes = [], set(), []
    for node in range(n_nodes):
        noise = rng.standard_normal((n_samples, N_LATENT))
        n_parents = min(node, int(rng.integers(1, 3)))
        # parents among the last ten: long paths, and few hubs
        near = np.arange(max(0, node - 10), node)
        parents = rng.choice(near, n_parents, replace=False) if n_parents else []
        told = np.zeros_like(noise)
        for parent in parents:
            edges.add((int(parent), node))
            shown = latents[parent] @ np.linalg.qr(rng.standard_normal((N_LATENT, N_LATENT)))[0]
            if kind == "nonlinear":
                shown = FUNCTIONS[rng.integers(len(FUNCTIONS))](shown)
            told += shown / np.sqrt(n_parents)
        latent = 0.75 * told + np.sqrt(1 - 0.75**2) * noise if n_parents else noise
        latents.append((latent - latent.mean(axis=0)) / latent.std(axis=0))
        loading = np.abs(rng.standard_normal((N_LATENT, N_FEATURES)))
        nodes.append(latents[-1] @ loading + 0.5 * rng.standard_normal((n_samples, N_FEATURES)))
    return np.array(nodes), edges


def ours(nodes, folder, most):
    """Return the table's pairs with the verdicts of both ways, and the CPU seconds of each."""
    from lmi.pipeline.direct import ask
    from lmi.pipeline.embed import embed
    from lmi.pipeline.estimate import estimate
    from lmi.pipeline.project import project
    from lmi.planning import config
    from lmi.results import direct
    from lmi.results.collect import collect
    from lmi.results.table import aggregate

    paths = [str(folder / f"v{number:03d}.npy") for number in range(len(nodes))]
    for path, matrix in zip(paths, nodes, strict=True):
        np.save(path, matrix)
    loaded = config.load(
        {
            "datasets": {"d": {"source": paths, "variables": "files"}},
            "embed": {"train": "never"},
            "estimate": {"permutations": {"max": 999}},
        }
    )
    block, tile, estimates, part, table, asked = (
        folder / name
        for name in ("block.h5", "tile.h5", "estimates.h5", "part.h5", "mi.parquet", "asked.h5")
    )
    start = time.process_time()
    names = [{"name": Path(path).stem, "features": []} for path in paths]
    dataset = {"dataset": loaded["datasets"]["d"], "dataset_name": "d", "variables": names}
    project(block, **dataset, settings=loaded["project"], seed=0)
    pairs = list(combinations(range(len(paths)), 2))
    embed(tile, block, block, pairs=pairs, settings=loaded["embed"], seed=0)
    estimate(estimates, tile, settings=loaded["estimate"], seed=0)
    collect(part, [estimates], 1)
    rows = aggregate([part], folder / "mi.tsv", table, ["d"])
    pairs_s = time.process_time() - start
    settings = {section: loaded[section] for section in ("embed", "estimate")}
    options = {"part": 0, "n_parts": 1, "most": most, "level": 0.05, "settings": settings}
    ask(asked, table, [block], dataset_name="d", seed=0, **options)
    answers = direct.read([asked], rows)
    edges = direct.network(rows[rows["significant"]], answers)
    names = ["x", "y", "direct_dpi", "direct_conditional", "cmi_bits"]
    rows = rows[["x", "y", "mi_bits", "significant"]].merge(edges[names], how="left")
    return rows, len(answers), pairs_s, time.process_time() - start - pairs_s


def scores(rows):
    """Return the scores of the pairs by method: those that are explained come after all others."""
    significant = rows["significant"].to_numpy()
    mi = np.nan_to_num(rows["mi_bits"].to_numpy(float))
    left = np.where(rows["cmi_bits"].notna(), rows["cmi_bits"], mi).astype(float)
    found = {"MI": mi}
    for name, direct, value in (
        ("MI, DPI", rows["direct_dpi"] == True, mi),  # noqa: E712 - pairs that are no edge have none
        ("MI, conditional", significant & (rows["direct_conditional"] != "no"), left),
    ):
        # within a tier by bits; tiers lie further apart than any bits
        found[name] = 100.0 * significant + 100.0 * np.asarray(direct) + value
    return found


def aracne(nodes, rng):
    """Return the scores of binned MI of the nodes' means, opened triangles last."""
    from lmi.results.direct import pruned

    means = nodes.mean(axis=2)
    ranks = means.argsort(axis=1).argsort(axis=1)
    bins = ranks * N_BINS // means.shape[1]

    def bits(one, other):
        joint = np.zeros((N_BINS, N_BINS))
        np.add.at(joint, (one, other), 1.0 / len(one))
        product = np.outer(joint.sum(axis=1), joint.sum(axis=0))
        return float((joint[joint > 0] * np.log2(joint[joint > 0] / product[joint > 0])).sum())

    null = []
    for _ in range(N_PERMUTED):
        i, j = rng.choice(len(bins), 2, replace=False)
        null.append(bits(bins[i], rng.permutation(bins[j])))
    pairs = list(combinations(range(len(bins)), 2))
    mi = np.array([bits(bins[i], bins[j]) for i, j in pairs])
    edges = pd.DataFrame(
        [(f"v{i:03d}", f"v{j:03d}", m, np.nan) for (i, j), m in zip(pairs, mi, strict=True)],
        columns=["x", "y", "mi_bits", "sd_bits"],
    )
    edges = edges[mi > max(null)]
    direct = np.zeros(len(mi), bool)
    direct[edges.index] = pruned(edges)["direct_dpi"]
    return 100.0 * direct + mi


def grnboost2(nodes, python, folder):
    """Return the scores of GRNBoost2 on the nodes' means, the larger of both directions."""
    np.save(folder / "means.npy", nodes.mean(axis=2).T)
    # -P: the folder of this file has modules that are called as some of Python's own
    command = [python, "-P", __file__, "--score", str(folder / "means.npy")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return None, (done.stderr.strip().splitlines() or ["no message"])[-1]
    importance = np.load(folder / "importance.npy")
    both = np.maximum(importance, importance.T)
    return np.array([both[i, j] for i, j in combinations(range(len(both)), 2)]), ""


def score(path):
    """Write the importances of GRNBoost2, [target, predictor], beside a file of means."""
    # by gene, as its `grnboost2` does, without the cluster that it wants for them
    from arboreto.core import SGBM_KWARGS, infer_partial_network

    matrix = np.load(path)
    names = [f"v{number}" for number in range(matrix.shape[1])]
    importance = np.zeros((len(names), len(names)))
    for row, name in enumerate(names):
        links = infer_partial_network("GBM", SGBM_KWARGS, matrix, names, name, matrix[:, row])
        for one, value in zip(links["TF"], links["importance"], strict=True):
            importance[row, names.index(one)] = value
    np.save(Path(path).with_name("importance.npy"), importance)


def one(kind, seed, options):
    """Return the rows of a network: a method each."""
    from lmi.base import seeds
    from sklearn.metrics import average_precision_score

    nodes, edges = network(kind, seed, options.nodes, options.samples)
    truth = np.array([pair in edges for pair in combinations(range(len(nodes)), 2)])
    common = {"kind": kind, "seed": seed, "nodes": len(nodes), "edges": int(truth.sum())}
    found, notes = {}, {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows, n_asked, pairs_s, asked_s = ours(nodes, folder, options.triangles)
        ends = list(zip(rows["x"].str[1:].astype(int), rows["y"].str[1:].astype(int), strict=True))
        place = {tuple(sorted(pair)): row for row, pair in enumerate(ends)}
        order = [place[pair] for pair in combinations(range(len(nodes)), 2)]
        found |= {method: values[order] for method, values in scores(rows).items()}
        notes["MI"] = f"{rows['significant'].sum()} significant pairs, {pairs_s:.0f} s"
        notes["MI, conditional"] = f"{n_asked} conditional values, {asked_s:.0f} s"
        rng = seeds.rng(seed, "bench_direct", "aracne")
        found["binned MI of means, ARACNE"] = aracne(nodes, rng)
        boosted, notes["GRNBoost2 of means"] = grnboost2(nodes, options.peers, folder)
        if boosted is not None:
            found["GRNBoost2 of means"] = boosted
    methods = dict.fromkeys([*found, *notes])
    return [
        common
        | {
            "method": method,
            "area": average_precision_score(truth, found[method]) if method in found else np.nan,
            "note": notes.get(method, ""),
        }
        for method in methods
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--networks", type=int, default=5, help="of each kind")
    parser.add_argument("--nodes", type=int, default=50)
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--triangles", type=int, default=5000, help="most, as max_triangles")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--peers", default=sys.executable, help="python with arboreto")
    parser.add_argument("--out", default="results/bench_direct.tsv")
    parser.add_argument("--score", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.score:
        score(options.score)
        return
    rows = []
    for number in range(options.networks):
        for kind in KINDS:
            new = pd.DataFrame(one(kind, options.first_seed + number, options))
            print(new.to_string(index=False, header=not rows, float_format="%.3f"), flush=True)
            rows.append(new)
            Path(options.out).parent.mkdir(parents=True, exist_ok=True)
            pd.concat(rows).to_csv(options.out, sep="\t", index=False, float_format="%.5g")
    table = pd.concat(rows).pivot_table(index="method", columns="kind", values="area", sort=False)
    print(table.to_string(float_format="%.3f"))


if __name__ == "__main__":
    main()
