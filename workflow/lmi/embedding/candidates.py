"""Embeddings of a pair: candidate embeddings from each view, and the choice among them.

Two encoders are learned, each on one fold of the samples, and each is judged and used on the other
fold. The samples that choose a candidate for an encoder are never the samples that are estimated
with it: the choice for encoder t is made by the performance of encoder 1 - t on fold t.
"""

import time
from dataclasses import dataclass, replace

import numpy as np

from lmi.base import seeds
from lmi.base.autocorrelation import redundancy, time_of
from lmi.base.threads import map_pairs
from lmi.embedding import canonical, classifier, narrow, network, screen, separate, whole
from lmi.embedding import published as paper
from lmi.embedding.result import Embedding, of_views
from lmi.ksg import apart, guided
from lmi.projection import ties, views

JUDGE_SAMPLES = 1500
"""Most held-out samples that judge a candidate, evenly spaced."""
JUDGE_INSIDE = 32
"""Samples drawn inside each side of a box to judge a candidate: enough to compare."""
GAUSSIAN_TEMPERATURE = 3
GAUSSIAN_LOSS_BITS = 0.05
"""A candidate is Gaussian where its critic is trusted at this row of `guided.TEMPERATURES` or a
higher one, on both folds, and does not find less than KSG alone by more than this."""
WORSE_BITS = 0.01
"""A trusted critic is used where KSG alone finds less than this much more."""
WORTH_TRAINING_BITS = 0.2
GAUSSIAN_MARGIN_BITS = 0.03
"""Networks are trained where there are this many bits, unless a Gaussian candidate, whose axes are
optimal already, comes this near to the best."""


@dataclass(frozen=True)
class Variable:
    """One variable, prepared: its views and their whitening on each fold.

    Attributes
    ----------
    name : str
    views : dict of str to array, shape (n_samples, n_scores)
    features : array, shape (n_samples, n_features)
        Normal scores.
    whitened : Mapping of (str, int) to canonical.Whitened
        By view and training fold, computed when asked for: narrow pairs do not.
    kind : str
        One of `lmi.projection.ties.KINDS`.
    values : array, shape (n_samples,), or None
        From `lmi.projection.ties.describe`.
    """

    name: str
    views: dict
    features: np.ndarray
    whitened: dict
    kind: str = "wide"
    values: np.ndarray | None = None


class _Whitened(dict):
    """The whitening of the views of a variable, by view and training fold."""

    def __init__(self, made, fold, inner):
        self.made, self.fold, self.inner = made, fold, inner

    def __missing__(self, key):
        view, t = key
        train = self.fold == t
        self[key] = canonical.whiten(self.made[view], train, self.inner[train])
        return self[key]


def prepare(name, made, fold, inner):
    """Return a `Variable` from `views.make`'s result and the split."""
    of_views = {view: made[view] for view in views.VIEWS}
    described = made.get("kind", "wide"), made.get("values")
    return Variable(name, of_views, made["features"], _Whitened(of_views, fold, inner), *described)


def _judge(axes, rows, k, threads, times=None):
    """Return the estimates of a candidate on some samples, and how far its critic is trusted."""
    rows = np.flatnonzero(rows)
    near = None if times is None else apart.within(times[rows], time_of(axes.a, axes.b))
    if len(rows) > JUDGE_SAMPLES:
        rows = rows[np.linspace(0, len(rows) - 1, JUDGE_SAMPLES).astype(int)]
        near = near and replace(near, time=times[rows])
    a, b = axes.a[rows], axes.b[rows]
    best = guided.best_temperature(a, b, axes.s, axes.rank, mixtures=axes.mixture)
    bits, correction, _ = guided.evaluate(
        a,
        b,
        axes.s,
        axes.rank,
        axes.weight,
        guided.TEMPERATURES[best],
        k=k,
        n_inside=JUDGE_INSIDE,
        threads=threads,
        apart=near,
        mixtures=axes.mixture,
    )
    # without the critic, or with it as far as it describes these samples
    return {0: bits.mean(), best: (bits + correction).mean()}, best


@dataclass
class _Judged:
    """Candidates of a pair and their held-out estimates, by encoder.

    `gains` are the estimates in bits, by row of `guided.TEMPERATURES`. `trusted` is how far the
    critic of each candidate describes the held-out samples, such a row. `times` are those of the
    samples of a series, as `embed_pairs` has it.
    """

    axes: list
    gains: list
    trusted: list
    seconds: float
    times: np.ndarray | None = None
    weak_bits: np.ndarray | None = None

    def add(self, t, name, axes, rows, k, threads):
        self.gains[t][name], self.trusted[t][name] = _judge(axes, rows, k, threads, self.times)
        self.axes[t][name] = axes

    def scores(self):
        names = sorted(set(self.gains[0]) & set(self.gains[1]))
        return {
            name: float(np.mean([max(gain[name].values()) for gain in self.gains]))
            for name in names
        }


def _closed_form(x, y, fold, inner, *, seed, n_latent, k, threads, times=None):
    """Return the judged candidates that need no training."""
    start = time.perf_counter()
    worth = 1.0 if times is None else redundancy(x.views["linear"], y.views["linear"])
    weak_bits = canonical.weak_bits(x.whitened, y.whitened, fold, worth)
    judged = _Judged([{}, {}], [{}, {}], [{}, {}], 0.0, times, weak_bits)
    for t in (0, 1):
        sides = {view: (x.whitened[view, t], y.whitened[view, t]) for view in views.VIEWS}
        passed = screen.whitened(x, y, inner, fold == t, seed)
        if passed is not None:
            sides["screened"] = passed
        for name, pair in sides.items():
            axes = canonical.fit(*pair, n_latent, shrink=name != "screened", redundancy=worth)
            judged.add(t, name, axes, fold == 1 - t, k, threads)
    if needs_sure(judged):
        for t in (0, 1):
            passed = screen.whitened(x, y, inner, fold == t, seed, screen.SURE_LEVEL)
            if passed is not None:
                axes = canonical.fit(*passed, n_latent, shrink=False, redundancy=worth)
                judged.add(t, "sure", axes, fold == 1 - t, k, threads)
    separate.add(judged, fold, inner, k, threads)
    judged.seconds = time.perf_counter() - start
    return judged


def needs_sure(judged):
    """Return whether features passed the screen whose axes a half can tell no weights of.

    All that pass count alike in the neighbour search then, and one that passed by chance hides the
    others: those of a far stricter screen are a candidate too.
    """
    return any("screened" in axes and not axes["screened"].rank for axes in judged.axes)


def _wants_network(judged, train):
    if train != "auto":
        return train == "always"
    scores = judged.scores()
    best = max(scores.values())
    gaussian = [score for name, score in scores.items() if _is_gaussian(judged, name)]
    return best > max([WORTH_TRAINING_BITS, *(score + GAUSSIAN_MARGIN_BITS for score in gaussian)])


def _is_gaussian(judged, name):
    """Return whether a candidate's critic is trusted and finds what KSG does without it."""
    trusted = [trusted[name] for trusted in judged.trusted]
    lost = [gains[name][0] - gains[name][t] for gains, t in zip(judged.gains, trusted, strict=True)]
    return min(trusted) >= GAUSSIAN_TEMPERATURE and np.mean(lost) < GAUSSIAN_LOSS_BITS


def _best(judged, fold, t, k):
    """Return the name of the candidate of encoder t that does best on fold t.

    What the other encoder finds there, with the same candidate, counts: it has not seen the fold.
    So does what encoder t itself finds, if it is less: it has failed then where the other one has
    not.
    """
    gains = {name: g for name, g in judged.gains[1 - t].items() if name in judged.axes[t]}
    best, most = None, -np.inf
    for name in sorted(gains, key=lambda name: -max(gains[name].values())):
        if max(gains[name].values()) <= most:
            break
        own, _ = _judge(judged.axes[t][name], fold == t, k, 1, judged.times)
        if (value := min(max(gains[name].values()), max(own.values()))) > most:
            best, most = name, value
    return best


def _choose(judged, fold, curves, seconds, k):
    """Return the embedding: each encoder takes its best candidate."""
    start = time.perf_counter()
    chosen, temperature = [], []
    for t in (0, 1):
        name = _best(judged, fold, t, k)
        chosen.append(name)
        gains = judged.gains[1 - t][name]
        best = max(gains, key=gains.get)
        # which of the two finds more is noise then, and the critic allows more neighbours
        if gains.get(guided.TRUSTED, -np.inf) > gains[best] - WORSE_BITS:
            best = guided.TRUSTED
        temperature.append(best)
    picked = [judged.axes[t][name] for t, name in enumerate(chosen)]
    n_latent = max(len(p.s) for p in picked)

    def stack(name):
        arrays = [getattr(p, name) for p in picked]
        gaps = [[(0, 0)] * (a.ndim - 1) + [(0, n_latent - a.shape[-1])] for a in arrays]
        return np.stack([np.pad(a, gap) for a, gap in zip(arrays, gaps, strict=True)])

    return Embedding(
        mixture=separate.stacked(picked, n_latent),
        zx=stack("a").astype(np.float32),
        zy=stack("b").astype(np.float32),
        s=stack("s"),
        weight=stack("weight"),
        rank=np.array([p.rank for p in picked]),
        n_parameters=np.array([p.n_parameters for p in picked]),
        temperature=np.array(temperature),
        candidate=tuple(chosen),
        scores=judged.scores(),
        loss_step=curves[0].step if curves else np.zeros(0, int),
        loss_train=np.array([c.train for c in curves]) if curves else np.zeros((2, 0)),
        loss_validation=np.array([c.validation for c in curves]) if curves else np.zeros((2, 0)),
        converged=all(c.converged for c in curves),
        fold=fold,
        seconds=judged.seconds + seconds + time.perf_counter() - start,
        weak_bits=judged.weak_bits,
        weights=tuple(curves[t].encoders if chosen[t] == "network" else None for t in (0, 1)),
    )


def embed_pairs(
    pairs, fold, inner, *, settings, seed, threads=1, exchangeable=False, times=None, tell=None
):
    """Embed pairs of variables: closed-form candidates, networks where they may help, the choice.

    Pairs of single features are embedded by `narrow.embed` where their samples are exchangeable,
    unless networks are to be trained for all.

    Parameters
    ----------
    pairs : list of (Variable, Variable)
    fold, inner : int arrays, shape (n_samples,)
        From `split.folds`.
    settings : dict
        `n_latent`, `train` (auto, always, never), `max_steps`, `batch_size`, `learning_rate`.
    seed : int
    threads : int
        Pairs at a time; the result does not depend on it.
    exchangeable : bool
        The samples are neither in time nor in strata.
    times : int64 array, shape (n_samples,), optional
        Of series: from `lmi.data.intervals.times`.
    tell : callable, optional
        Called with a line on what is done next.

    Returns
    -------
    list of Embedding, or of Exception for a pair that failed
    """
    k, tell = 3, tell or (lambda line: None)
    features_alone = exchangeable and settings["train"] != "always"

    def closed(pair):
        if features_alone and narrow.is_narrow(*pair, fold):
            return narrow.embed(*pair, fold)
        options = {"seed": seed, "n_latent": settings["n_latent"], "k": k, "times": times}
        try:
            return _closed_form(*pair, fold, inner, **options, threads=1)
        except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
            return error

    tell("candidate embeddings")
    judged = map_pairs(closed, pairs, threads)
    training = [
        i
        for i, found in enumerate(judged)
        if isinstance(found, _Judged)
        and _wants_network(found, settings["train"])
        and "label" not in (pairs[i][0].kind, pairs[i][1].kind)
    ]
    curves, each = {}, 0.0
    if training:
        tell("paired autoencoders")
        start = time.perf_counter()
        models = []
        for i in training:
            x, y = pairs[i]
            for t in (0, 1):
                rng = seeds.rng(seed, "network", x.name, y.name, t)
                models.append((x.views["linear"], y.views["linear"], fold == t, rng))
        names = ("n_latent", "max_steps", "batch_size", "learning_rate")
        options = {name: settings[name] for name in names}
        trained = network.train(models, **options, threads=threads)
        for place, i in enumerate(training):
            curves[i] = trained[2 * place : 2 * place + 2]
            for t in (0, 1):
                sides = [
                    canonical.whiten(z, fold == t, inner[fold == t])
                    for z in (curves[i][t].zx, curves[i][t].zy)
                ]
                axes = canonical.fit(*sides, settings["n_latent"])
                judged[i].add(t, "network", axes, fold == 1 - t, k, threads)
        each = (time.perf_counter() - start) / len(training)

    def chosen(i):
        if isinstance(judged[i], Embedding):
            return _with_ties(judged[i], *pairs[i], fold, inner)
        if not isinstance(judged[i], _Judged):
            return judged[i]
        found = _choose(judged[i], fold, curves.get(i, []), each if i in curves else 0.0, k)
        several = whole.sides(*pairs[i], fold >= 0, k=k, is_series=times is not None)
        if several:
            of_encoders = zip(judged[i].gains, found.candidate, strict=True)
            bits = float(np.mean([max(gains[name].values()) for gains, name in of_encoders]))
            found = whole.instead(found, several, found_bits=bits, k=k, times=times)
        return _with_ties(found, *pairs[i], fold, inner)

    return map_pairs(chosen, range(len(pairs)), threads)


def _with_ties(embedding, x, y, fold, inner):
    """Return an embedding with what is needed where a side has ties or is a label."""
    kinds = x.kind, y.kind
    if set(kinds) <= {"wide", "number"}:
        return embedding
    start, embedding = time.perf_counter(), replace(embedding, kinds=kinds)
    has_several = not ties.SEVERAL.isdisjoint(kinds)
    if has_several and "label" not in kinds:
        return embedding
    embedding = replace(embedding, values=np.stack([x.values, y.values]))
    if not has_several:
        return embedding
    wide, label = (x, y) if kinds[1] == "label" else (y, x)
    bits = classifier.of_pair(wide, label.values, fold, inner)
    seconds = embedding.seconds + time.perf_counter() - start
    return replace(embedding, classified=bits, seconds=seconds)


def embed_paper(x, y, *, settings, seed, names, progress=None):
    """Embed one pair by the published method.

    Parameters
    ----------
    x, y : array, shape (n_samples, n_features)
    settings : paper.Settings
    seed : int
    names : tuple of str
        Of the two variables: with the seed, they determine all draws.

    Returns
    -------
    Embedding
        With one encoder; `fold` is 0 for training samples and 1 for held-out ones.
    """
    start = time.perf_counter()
    encoders = []

    def keep(model, *_):
        for side in "xy":
            linear = [layer for layer in model[f"encode_{side}"] if hasattr(layer, "weight")]
            encoders.append(
                [
                    part.detach().cpu().numpy()
                    for layer in linear
                    for part in (layer.weight.T, layer.bias)
                ]
            )

    zx, zy, held_out, train_loss, validation_loss, converged = paper.train(
        paper.standardise(x),
        paper.standardise(y),
        settings=settings,
        rng=seeds.rng(seed, "paper", *names),
        progress=progress,
        inspect=keep,
    )
    n_latent = zx.shape[1]
    return Embedding(
        zx=zx[None],
        zy=zy[None],
        s=np.zeros((1, n_latent)),
        weight=np.ones((1, n_latent)),
        rank=np.zeros(1, int),
        n_parameters=np.zeros(1, int),
        temperature=np.zeros(1, int),
        candidate=("paper",),
        scores={},
        loss_step=np.arange(1, len(train_loss) + 1),
        loss_train=train_loss[None],
        loss_validation=validation_loss[None],
        converged=converged,
        fold=held_out.astype(np.int8),
        seconds=time.perf_counter() - start,
        weights=(tuple(encoders),),
    )


def embed_nothing(x, y):
    """Return the standardised features themselves as an embedding: KSG on the raw data."""
    return of_views(x, y, "ksg", np.ones(len(x)))


def held_out_coordinates(e):
    """Return the latent coordinates of each sample by the encoder that was not trained on it.

    Coordinates of encoder 1 are turned to point the way those of encoder 0 do.

    Returns
    -------
    zx, zy : float32 arrays, shape (n_samples, n_latent)
    """
    if len(e.zx) == 1:
        return e.zx[0], e.zy[0]
    sides = []
    for z in (e.zx, e.zy):
        sign = np.where((z[0] * z[1]).sum(axis=0) < 0, -1.0, 1.0).astype(np.float32)
        sides.append(np.where((e.fold == 0)[:, None], z[1] * sign, z[0]))
    return tuple(sides)
