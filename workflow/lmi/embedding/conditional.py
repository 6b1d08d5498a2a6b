"""Embeddings of what a pair holds beyond what is given, for the conditional information.

Two encoders are learned, as in `lmi.embedding.candidates`, but from residuals: views of x and of y
less what `lmi.embedding.residual` predicts of them from what is given. Any function of x and z
serves as a coordinate of x given z, and so do residuals. Where the noise of an axis depends on z,
the axis is divided by its predicted scale. What the axes still share with z after that becomes
coordinates of z for the neighbour search (`Embedding.given`). Mostly nothing does, and the
conditional information is then that of the residuals.

On the fold where an encoder is used, the prediction is repeated: what z tells of its axes there, by
fits that leave the sample out, is subtracted, and how many bits that would have feigned is kept.
"""

import time
from dataclasses import replace

import numpy as np

from lmi.base import seeds
from lmi.embedding import bends, candidates, canonical, network, polynomials, residual, screen
from lmi.ksg import guided
from lmi.projection import views

N_SUMMARY = 8
"""Directions of what is given that tell most of x and y."""
N_GIVEN = 4
"""Most coordinates of z in the neighbour search."""
N_SHARED = 4
"""Axes of which it is asked what they share with z, where no axis carries information."""
N_RESCALED = 16
"""Leading scores that may be rescaled."""
MIN_SCALE_R2 = 0.02
"""Share of the variance of an axis's log squares that z must tell before it is rescaled."""
N_SCORING, MOST_OFF = 3, 5.0
"""Steps that refine a log scale, and the largest excess of a square over its prediction that
counts, in units of the prediction: heavy tails must not move the scale."""
MEDIAN_SQUARE = 0.455
"""Of a standard normal variable."""
NEIGHBOURHOOD = 6
"""Least samples of a neighbourhood of z, within which the null permutes."""


def embed(x, y, given, fold, inner, *, settings, seed, threads=1, times=None):
    """Embed a pair given other variables.

    Parameters
    ----------
    x, y : dict
        From `lmi.projection.views.make`.
    given : residual.Given
    fold, inner : int array, shape (n_samples,)
        From `lmi.projection.folds.folds`.
    settings, times
        As in `candidates.embed_pairs`.
    seed, threads : int

    Returns
    -------
    candidates.Embedding
        With `given`, `neighbourhood` and `feigned_bits`.
    """
    start, k = time.perf_counter(), 3
    judged = candidates._Judged([{}, {}], [{}, {}], [{}, {}], 0.0, times)
    prepared, sides_of, coordinates = [], [], []
    for t in (0, 1):
        designs, relevant, sides, axes_of = _learned(
            x, y, given, fold == t, inner, settings["n_latent"], seed
        )
        prepared.append(designs)
        sides_of.append(sides)
        coordinates.append(relevant)
        for name, axes in axes_of.items():
            judged.add(t, name, axes, fold == 1 - t, k, threads)
    if candidates.needs_sure(judged):
        for t, designs in enumerate(prepared):
            pair = _screened(x, y, sides_of[t]["linear"], designs, seed, screen.SURE_LEVEL)
            if pair is not None:
                axes = _axes(pair, designs, settings["n_latent"], shrink=False)
                judged.add(t, "sure", axes, fold == 1 - t, k, threads)
    curves = []
    if candidates._wants_network(judged, settings["train"]):
        models = []
        for t in (0, 1):
            (rest_x, _), (rest_y, _) = sides_of[t]["linear"]
            models.append((rest_x, rest_y, fold == t, seeds.rng(seed, "network", "given", t)))
        names = ("n_latent", "max_steps", "batch_size", "learning_rate")
        options = {name: settings[name] for name in names}
        curves = network.train(models, **options, threads=threads)
        for t, trained in enumerate(curves):
            pair = [_less(z, prepared[t]) for z in (trained.zx, trained.zy)]
            sides_of[t]["network"] = pair
            axes = _axes(pair, prepared[t], settings["n_latent"], shrink=True)
            judged.add(t, "network", axes, fold == 1 - t, k, threads)
    embedding = candidates._choose(judged, fold, curves, time.perf_counter() - start, k)
    given_axes, leaves, feigned, used = [], [], [], []
    zx, zy = embedding.zx.copy(), embedding.zy.copy()
    for t, designs in enumerate(prepared):
        n_axes = max(int(embedding.rank[t]), min(N_SHARED, zx.shape[2]))
        leaves.append(_neighbourhoods(coordinates[t], fold == 1 - t, given.codes))
        bits = _subtract_again(zx[t], zy[t], n_axes, designs)
        feigned.append(bits)
        own = [z[t][:, :n_axes].astype(float) for z in (zx, zy)]
        used.append(own)
        none = np.zeros((len(fold), 0))
        given_axes.append(
            none if given.views is None else _given_axes(own, designs, coordinates[t])
        )
    n_given = max(z.shape[1] for z in given_axes)
    padded = [np.pad(z, ((0, 0), (0, n_given - z.shape[1]))) for z in given_axes]
    if given.codes is not None:
        labels = guided.LABEL_GAP * np.eye(given.codes.max() + 1)[given.codes]
        padded = [np.hstack([labels, z]) for z in padded]
    return replace(
        embedding,
        zx=zx,
        zy=zy,
        given=np.stack(padded).astype(np.float32),
        neighbourhood=np.stack(leaves),
        feigned_bits=np.array(feigned),
        remaining_bits=(
            np.zeros(2) if given.views is None else _remaining(used, given.views["linear"], fold)
        ),
        seconds=time.perf_counter() - start,
    )


def _learned(x, y, given, train, inner, n_latent, seed):
    """Return the designs of one training fold, and what they leave of x and y.

    What x and y share beyond z, as far as it is learned, is asked whether it bends along
    directions of z (`lmi.embedding.bends`): if so, z is learned anew with functions of these.

    Returns
    -------
    designs : residual.Designs
    relevant : array, shape (n_samples, n_relevant)
        From `residual.given_regressors`, with such directions.
    sides : dict
        From `_residual_views`.
    axes : dict of str to canonical.Axes
        By view.
    """
    regressors, relevant = residual.given_regressors(given, x, y, train, inner, seed)
    for turn in range(bends.MOST_TURNS):
        designs = residual.solve(regressors, train, inner)
        sides = _residual_views(x, y, designs, seed)
        axes = {
            name: _axes(pair, designs, n_latent, shrink=name != "screened")
            for name, pair in sides.items()
        }
        if given.views is None or turn == bends.MOST_TURNS - 1:
            break
        shared = [
            _of_axes(side, of_axes[:, : axes[name].rank], train)
            for name, pair in sides.items()
            for side, of_axes in zip(pair, (axes[name].a, axes[name].b), strict=True)
        ]
        targets, told = map(np.hstack, zip(*shared, strict=True))
        if not targets.shape[1]:
            break
        found, functions = bends.find(given.views["linear"], targets, told, train, inner, seed)
        if not functions:
            break
        regressors += functions
        relevant = np.hstack([found, relevant])
    return designs, relevant, sides, axes


def _of_axes(side, axes, train):
    """Return axes of residuals, and what z is known to tell of the scores along them."""
    rest, predicted = side
    slopes = np.linalg.lstsq(rest[train] - rest[train].mean(axis=0), axes[train], rcond=None)[0]
    return axes, predicted @ slopes


def _less(scores, designs):
    """Return residuals of scores, of a scale that does not depend on z, and their predictions."""
    predicted = residual.predict(designs, scores)
    return _rescaled(scores - predicted, designs), predicted


def _rescaled(rest, designs):
    """Return residuals divided by the scale that z predicts, where it predicts any.

    Log squares say whether it does, and how about; their own tail towards zero blurs them. The
    log scale is then refined by Fisher scoring, as of a gamma regression with a log link (McCullagh
    & Nelder 1989): its working response is the log scale plus the square over the prediction, less
    one.
    """
    train, rest = designs.train, np.asarray(rest, np.float64)
    first = rest[:, :N_RESCALED]
    logs = np.log(first**2 + 0.05 * first[train].var(axis=0) + 1e-300)
    predicted = residual.predict(designs, logs)
    left = (logs - predicted)[train].var(axis=0) / np.maximum(logs[train].var(axis=0), 1e-12)
    varies = left < 1 - MIN_SCALE_R2
    if not varies.any():
        return rest
    squares, log_square = first[:, varies] ** 2, predicted[:, varies]
    for _ in range(N_SCORING):
        log_square = _bounded(log_square, train)
        level = np.median((squares / np.exp(log_square))[train], axis=0) / MEDIAN_SQUARE
        log_square += np.log(np.maximum(level, 1e-12))
        off = np.minimum(squares / np.exp(log_square) - 1, MOST_OFF)
        log_square = residual.predict(designs, log_square + off)
    scaled = first.copy()
    scaled[:, varies] /= np.exp(_bounded(log_square, train) / 2)
    scaled *= first[train].std(axis=0) / np.maximum(scaled[train].std(axis=0), 1e-12)
    return np.hstack([scaled, rest[:, N_RESCALED:]])


def _bounded(log_square, train):
    """Return log squares about their mean on the training fold, within a factor of e^6."""
    return np.clip(log_square - log_square[train].mean(axis=0), -6.0, 6.0)


def _residual_views(x, y, designs, seed):
    """Return the residuals of each view of x and y, with their predictions, by view.

    Returns
    -------
    dict of str to ((array, array), (array, array))
    """
    sides = {}
    for view in ("linear", "ranked"):
        sides[view] = [_less(side[view], designs) for side in (x, y)]
    waves = []
    for name, (rest, _) in zip("xy", sides["linear"], strict=True):
        rng = seeds.rng(seed, "given", "waves", name)
        scores = views.fourier_features(rest[:, :24], 256, rng)
        waves.append(_less(views.principal_components(scores, 64, rng), designs))
    sides["fourier"] = waves
    passed = _screened(x, y, sides["linear"], designs, seed)
    if passed is not None:
        sides["screened"] = passed
    return sides


def _summary(predictions, train):
    """Return the leading directions of the predictions, shape (n_samples, <= `N_SUMMARY`)."""
    stacked = np.hstack(predictions)
    stacked = stacked - stacked[train].mean(axis=0)
    _, s, vt = np.linalg.svd(stacked[train], full_matrices=False)
    n_axes = max(1, int((s[:N_SUMMARY] > 1e-3 * max(s[0], 1e-12)).sum()))
    scores = stacked @ vt[:n_axes].T
    return scores / np.maximum(scores[train].std(axis=0), 1e-12)


def _screened(x, y, linear, designs, seed, level=screen.LEVEL):
    """Return residuals of the features that go with the other side beyond z, or None."""
    train = designs.train
    summary = _summary([predicted for _, predicted in linear], train)
    base = np.hstack([np.ones((len(train), 1)), summary])
    x, y = x["features"], y["features"]
    rests = []
    for side in (x, y):
        slopes = np.linalg.lstsq(base[train], side[train].astype(float), rcond=None)[0]
        rests.append((side - base @ slopes).astype(np.float32))
    kept = screen.passing(*(rest[train] for rest in rests), level)
    if kept is None:
        return None
    pair = []
    for name, side, keep in zip("xy", (x, y), kept, strict=True):
        rng = seeds.rng(seed, "given", "screen", name)
        pair.append(_less(views.principal_components(side[:, keep], 64, rng), designs))
    return pair


def _axes(pair, designs, n_latent, shrink):
    """Return canonical axes of residuals, with scales that do not depend on z."""
    train, inner = designs.train, designs.inner

    def fit(left, right):
        whitened = [canonical.whiten(z, train, inner[train]) for z in (left, right)]
        return canonical.fit(*whitened, n_latent, shrink=shrink)

    axes = fit(*(rest for rest, _ in pair))
    rescaled = [_rescaled(side, designs) for side in (axes.a, axes.b)]
    if all(new is old for new, old in zip(rescaled, (axes.a, axes.b), strict=True)):
        return axes
    return fit(*rescaled)


def _neighbourhoods(coordinates, rows, codes):
    """Return the neighbourhood of z of each sample of some rows, -1 for others.

    The rows are halved at the median of their longest axis, again and again, as in a kd-tree.

    Parameters
    ----------
    coordinates : array, shape (n_samples, n_axes)
    rows : bool array, shape (n_samples,)
    codes : int array, shape (n_samples,), or None
        Labels: no neighbourhood holds two.
    """
    result = np.full(len(coordinates), -1)
    codes = np.zeros(len(coordinates), int) if codes is None else codes
    waiting = [np.flatnonzero(rows & (codes == code)) for code in np.unique(codes[rows])]
    n_leaves = 0
    while waiting:
        own = waiting.pop()
        spread = np.ptp(coordinates[own], axis=0)
        if len(own) < 2 * NEIGHBOURHOOD or not spread.max(initial=0.0) > 1e-9:
            result[own] = n_leaves
            n_leaves += 1
            continue
        order = own[np.argsort(coordinates[own, spread.argmax()], kind="stable")]
        waiting += [order[: len(order) // 2], order[len(order) // 2 :]]
    return result


def _subtract_again(a, b, n_axes, designs):
    """Subtract from axes what z tells of them where they are used; return the bits it feigned.

    `a` and `b` are changed in place, in the rows that are not of the training fold.
    """
    used = ~designs.train
    again = residual.solve(designs.regressors, used, designs.inner)
    both = np.hstack([a[:, :n_axes], b[:, :n_axes]])
    predicted = residual.predict(again, both)[used]
    predicted -= predicted.mean(axis=0)
    left, right = np.hsplit(predicted, 2)
    sd_a, sd_b = np.hsplit(both[used].std(axis=0), 2)
    power = np.maximum(sd_a * sd_b, 1e-12)
    shared = (left * right).mean(axis=0) / power
    observed = (both[used][:, :n_axes] * both[used][:, n_axes:]).mean(axis=0) / power
    observed = np.clip(np.abs(observed), 0.0, 0.999)
    without = np.clip(observed - np.abs(shared), 0.0, None)
    bits = 0.5 * np.log2((1 - without**2) / (1 - observed**2)).sum()
    a[used, :n_axes] -= left
    b[used, :n_axes] -= right
    return float(bits)


def _remaining(axes, z, fold):
    """Return the bits of axes, where they are used, that may be of z alone, by encoder.

    Parameters
    ----------
    axes : list of (array, array)
        Axes of x and of y by encoder, shape (n_samples, n_axes).
    z : array, shape (n_samples, n_components)
    fold : int array, shape (n_samples,)
    """
    parts, correlations = [], []
    for t, sides in enumerate(axes):
        used = fold == 1 - t
        a, b = (side[used] - side[used].mean(axis=0) for side in sides)
        observed = (a * b).mean(axis=0) / np.maximum(a.std(axis=0) * b.std(axis=0), 1e-12)
        correlations.append(np.clip(observed, 0.0, 0.999))
        a, b = (side / np.maximum(side.std(axis=0), 1e-12) for side in (a, b))
        # axes that share little have little part in it
        parts.append((a * correlations[-1], b, z[used]))
    bits = []
    for shared, observed in zip(polynomials.shared(parts), correlations, strict=True):
        without = observed * max(0.0, 1 - shared / max((observed**2).sum(), 1e-12))
        bits.append(0.5 * np.log2((1 - without**2) / (1 - observed**2)).sum())
    return np.array(bits)


def _given_axes(own, designs, relevant):
    """Return coordinates of z that tell of the axes' values, squares or products.

    Canonical axes of z and of these functions, by their weights; only as many as carry information.
    """
    train, inner = designs.train, designs.inner
    a, b = (np.clip(side, -3.0, 3.0) for side in own)
    responses = np.hstack([a, b, a**2, b**2, a * b])
    unit = relevant / np.maximum(relevant[train].std(axis=0), 1e-12)
    unit = np.clip(unit, -3.0, 3.0)
    pairs = np.triu_indices(unit.shape[1])
    pool = np.hstack([unit, unit[:, pairs[0]] * unit[:, pairs[1]], designs.regressors[-1][:, -64:]])
    whitened = [canonical.whiten(z, train, inner[train]) for z in (pool, responses)]
    axes = canonical.fit(*whitened, N_GIVEN, shrink=False)
    n_axes = min(axes.rank, N_GIVEN)
    return np.clip(axes.a[:, :n_axes], -5.0, 5.0) * axes.weight[:n_axes]
