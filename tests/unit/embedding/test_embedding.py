"""The pieces below `lmi.estimate`: views, axes, screen, critic, networks, splits, error bars."""

import dataclasses

import lmi
import numpy as np
import pytest
from lmi import tasks
from lmi.base import seeds
from lmi.embedding import candidates as embed
from lmi.embedding import canonical, network, published, screen
from lmi.estimation import estimate as estimation
from lmi.estimation import evaluate as evaluation
from lmi.estimation import flags
from lmi.ksg import guided
from lmi.ksg import kernel as ksg
from lmi.projection import folds as split
from lmi.projection import views
from scipy.stats import false_discovery_control, norm, rankdata


def test_views_are_marginal_and_finite():
    rng = np.random.default_rng(0)
    matrix = np.concatenate([rng.standard_normal((300, 40)), np.ones((300, 1))], axis=1)
    made = views.make(matrix, seed=0, name="a")
    assert made["features"].shape == (300, 40)
    for view in views.VIEWS:
        assert made[view].shape[1] <= 64
        assert np.isfinite(made[view]).all()
    again = views.make(matrix, seed=0, name="a")
    other = views.make(matrix, seed=0, name="b")
    assert np.array_equal(made["fourier"], again["fourier"])
    assert not np.array_equal(made["fourier"], other["fourier"])


@pytest.mark.parametrize("at_once", [1, 700, 5000])
def test_wide_variables_are_worked_on_some_features_at_a_time(monkeypatch, at_once):
    rng = np.random.default_rng(3)
    matrix = (5 + 3 * rng.standard_normal((100, 41))).astype(np.float32)
    matrix[:, 7] = np.round(matrix[:, 7])
    of_features = (
        views.zscores,
        views.normal_scores,
        published.standardise,
        flags.column_keys,
        lambda m: views.by_columns(lambda some: some.mean(axis=0), m, np.float64),
    )
    whole = [function(matrix) for function in of_features]
    monkeypatch.setattr(views, "AT_ONCE", at_once)
    slices = views.column_slices(matrix)
    assert len(slices) > 1 or at_once == 5000
    assert [i for one in slices for i in range(41)[one]] == list(range(41))
    for function, expected in zip(of_features, whole, strict=True):
        np.testing.assert_array_equal(function(matrix), expected)


def test_principal_components_keep_all_distances_at_full_rank():
    matrix = np.random.default_rng(0).standard_normal((100, 6)) * [9, 5, 3, 2, 1, 1]
    scores = views.principal_components(matrix, 64, np.random.default_rng(0))
    assert scores.shape == (100, 6)
    direct = np.linalg.norm(matrix[:, None] - matrix[None], axis=2)
    rotated = np.linalg.norm(scores[:, None] - scores[None], axis=2)
    ratio = direct[0, 1] / rotated[0, 1]
    assert np.allclose(direct, rotated * ratio)


def test_principal_components_of_a_large_matrix_are_the_exact_ones_above_the_noise():
    rng = np.random.default_rng(0)
    signal = rng.standard_normal((600, 5)) @ rng.standard_normal((5, 400)) * 2
    matrix = signal + rng.standard_normal((600, 400))
    scores = views.principal_components(matrix, 64, rng)
    exact, size, _ = np.linalg.svd(matrix - matrix.mean(axis=0), full_matrices=False)
    assert scores.shape == (600, 64)
    assert np.all(np.abs(np.diag(np.corrcoef(scores[:, :5].T, exact[:, :5].T)[:5, 5:])) > 0.999)
    relative = np.linalg.norm(scores[:, :5], axis=0) / np.linalg.norm(scores[:, 0])
    assert np.allclose(relative, size[:5] / size[0], atol=0.01)


def test_normal_scores_undo_monotone_distortion():
    x = np.random.default_rng(0).standard_normal((200, 3))
    assert np.allclose(views.normal_scores(x), views.normal_scores(np.exp(3 * x)))


def test_normal_scores_are_of_average_ranks():
    x = np.random.default_rng(0).integers(0, 4, (50, 2)).astype(float)
    x[:, 1] = np.random.default_rng(1).permutation(50)
    expected = norm.ppf((rankdata(x, axis=0) - 0.5) / 50)
    assert np.allclose(views.normal_scores(x), expected / expected.std(axis=0))


def test_folds_depend_on_seed_and_dataset_only():
    a, inner = split.folds(101, seed=0, dataset="cells", n_inner=3)
    assert abs(int((a == 0).sum()) - 50) <= 1
    assert set(inner) == {0, 1, 2}
    assert np.array_equal(a, split.folds(101, seed=0, dataset="cells", n_inner=3)[0])
    assert not np.array_equal(a, split.folds(101, seed=1, dataset="cells", n_inner=3)[0])


def test_folds_of_time_series_are_contiguous():
    fold, inner = split.folds(1000, seed=0, dataset="t", n_inner=3, time_series=True)
    assert (np.diff(fold) != 0).sum() == split.N_SEGMENTS - 1
    for t in (0, 1):
        assert set(inner[fold == t]) == {0, 1, 2}


def test_screen_selects_as_scipy_does():
    rng = np.random.default_rng(0)
    for n_signal in (0, 3, 200):
        largest = np.abs(rng.standard_normal(400))
        largest[:n_signal] += rng.uniform(3, 8, n_signal)
        p = np.minimum(1.0, 2 * 50 * norm.sf(largest))
        for level in (screen.LEVEL, screen.SURE_LEVEL):
            expected = false_discovery_control(p) <= level
            assert np.array_equal(screen._select(largest, 50, level), expected)
        assert expected.any() == (n_signal > 0)


def test_screen_finds_the_informative_features_alone():
    task = tasks.make("weak_signal", 0, n_samples=1000, ambient=300)
    keep_x, keep_y = screen.informative(*(views.normal_scores(side) for side in (task.x, task.y)))
    assert 3 <= keep_x.sum() <= 5
    assert 3 <= keep_y.sum() <= 5


def test_canonical_rank_is_the_true_one():
    rng = np.random.default_rng(0)
    z = rng.standard_normal((2000, 3))
    x = np.concatenate([z, rng.standard_normal((2000, 9))], axis=1)
    y = np.concatenate([z + rng.standard_normal(z.shape), rng.standard_normal((2000, 9))], axis=1)
    train = np.arange(2000) < 1000
    inner = np.arange(1000) % canonical.N_INNER
    axes = canonical.fit(*(canonical.whiten(side, train, inner) for side in (x, y)))
    assert axes.rank in (3, 4)
    assert np.allclose(axes.s[:3], np.sqrt(0.5), atol=0.08)
    shuffled = rng.permutation(y)
    axes = canonical.fit(*(canonical.whiten(side, train, inner) for side in (x, shuffled)))
    assert axes.rank == 0


def test_training_correlations_are_shrunk_to_what_other_samples_show():
    rng = np.random.default_rng(1)
    n, d, rho = 1500, 30, 0.2
    x, noise = rng.standard_normal((2, n, d))
    y = rho * x + np.sqrt(1 - rho**2) * noise
    train = np.arange(n) < n // 2
    inner = np.arange(n // 2) % canonical.N_INNER
    sides = [canonical.whiten(side, train, inner) for side in (x, y)]
    fitted = canonical.fit(*sides, shrink=False)
    shrunk = canonical.fit(*sides)
    assert fitted.rank < shrunk.rank > d / 2
    assert np.all(shrunk.s <= fitted.s[0])
    held_out = (shrunk.a[~train] * shrunk.b[~train]).mean(axis=0)
    # what is left of all axes together is what the other samples show
    power = (shrunk.a[~train] ** 2).mean(axis=0) * (shrunk.b[~train] ** 2).mean(axis=0)
    assert np.sum(shrunk.s * held_out) == pytest.approx(np.sum(shrunk.s**2 * power), rel=0.25)
    strong = canonical.fit(*(canonical.whiten(side, train, inner) for side in (x[:, :1], y[:, :1])))
    assert strong.s[0] == pytest.approx(rho, abs=0.08)


def exact_correction(a, b, s, x, y, radius, temperature):
    """The slow twin of `guided._correction`: all samples of the box, one at a time, T in full."""
    q = 1 - s**2

    def critic(a, b):
        log_ratio = (a * b * s - 0.5 * s**2 * (a**2 + b**2)) / q - 0.5 * np.log(q)
        return np.log(0.999 * np.exp(temperature * log_ratio.sum(axis=-1)) + 0.001)

    out = np.zeros(len(a))
    for i in range(len(a)):
        left = a[np.abs(x - x[i]).max(axis=1) < radius[i]]
        right = b[np.abs(y - y[i]).max(axis=1) < radius[i]]
        inside = critic(left[:, None], right[None])
        out[i] = critic(a[i], b[i]) - np.log(np.mean(np.exp(inside)))
    return out / np.log(2)


@pytest.mark.parametrize("temperature", [0.5, 1.0])
def test_correction_agrees_with_its_slow_twin(temperature):
    rng = np.random.default_rng(0)
    s = np.array([0.8, 0.6, 0.3, 0.1])
    a = rng.standard_normal((400, 4))
    b = s * a + np.sqrt(1 - s**2) * rng.standard_normal((400, 4))
    bits, correction, n_tied = guided.evaluate(a, b, s, 4, s, temperature)
    assert n_tied == 0
    assert np.allclose(bits, ksg.pointwise_mi(a * s, b * s))
    radius, _, _ = ksg.neighbours(a * s, b * s)
    expected = exact_correction(a, b, s, a * s, b * s, radius, temperature)
    assert abs(correction.mean() - expected.mean()) < 0.02
    assert np.corrcoef(correction, expected)[0, 1] > 0.98
    _, none, _ = guided.evaluate(a, b, s, 4, s, 0.0)
    assert np.all(none == 0)


@pytest.mark.parametrize("dims", [4, 8, 16])
@pytest.mark.parametrize("mi_bits", [0.5, 2.0])
def test_true_critic_makes_ksg_unbiased(dims, mi_bits):
    found = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        s = np.full(dims, np.sqrt(1 - 2 ** (-2 * mi_bits / dims)))
        a = rng.standard_normal((1000, dims))
        b = s * a + np.sqrt(1 - s**2) * rng.standard_normal((1000, dims))
        bits, correction, _ = guided.evaluate(a, b, s, dims, np.ones(dims))
        found.append((bits + correction).mean())
    assert abs(np.mean(found) - mi_bits) < 0.12


@pytest.mark.parametrize("dims", [1, 5])
@pytest.mark.parametrize("share", [0.001, 0.02])
def test_a_few_strangers_among_the_pairs_cost_their_share_alone(dims, share):
    """A Gaussian log ratio of a stranger is as low as -1,000 bits here."""
    rng = np.random.default_rng(0)
    x, noise = rng.standard_normal((2, 2000, dims))
    y = 0.98 * x + np.sqrt(1 - 0.98**2) * noise
    clean = lmi.estimate(x, y, n_permutations=0, error_bars=False)
    strangers = rng.random(len(y)) < share
    y[strangers] = rng.standard_normal((strangers.sum(), dims))
    found = lmi.estimate(x, y, n_permutations=0, error_bars=False)
    assert np.nanmin(found.pmis) > -25
    assert clean.mi_bits - 30 * share - 0.2 < found.mi_bits < clean.mi_bits + 0.2


def test_a_sample_that_an_encoder_throws_far_out_does_not_decide():
    rng = np.random.default_rng(0)
    s = np.full(4, 0.6)
    a = rng.standard_normal((500, 4))
    b = s * a + 0.8 * rng.standard_normal((500, 4))
    bits, correction, _ = guided.evaluate(a, b, s, 4, s)
    for sign in (-1, 1):
        a[7], b[7] = 300, sign * 300
        far_bits, far_correction, _ = guided.evaluate(a, b, s, 4, s)
        assert abs((far_bits + far_correction).mean() - (bits + correction).mean()) < 0.1


def test_a_wrong_critic_never_invents_information():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 1000, 6))
    for temperature in guided.TEMPERATURES:
        bits, correction, _ = guided.evaluate(a, b, np.full(6, 0.5), 6, np.ones(6), temperature)
        assert (bits + correction).mean() < 0.1


def test_the_best_temperature_is_that_of_the_largest_infonce_bound():
    rng = np.random.default_rng(0)
    s = np.array([0.9, 0.6])
    a = rng.standard_normal((400, 2))
    b = s * a + np.sqrt(1 - s**2) * rng.standard_normal((400, 2))
    q = 1 - s**2

    def critic(a, b):
        return ((a * b * s - 0.5 * s**2 * (a**2 + b**2)) / q).sum(axis=-1)

    for side, expected in ((b, 4), (rng.permutation(b), 0)):
        all_pairs, own = critic(a[:, None], side[None]), critic(a, side)
        bounds = [
            (t * own - np.log(np.exp(t * all_pairs).sum(axis=1))).mean()
            for t in guided.TEMPERATURES
        ]
        assert int(np.argmax(bounds)) == expected
        assert guided.best_temperature(a, side, s, 2) == expected


def test_lonely_samples_are_those_outside_the_clusters():
    rng = np.random.default_rng(0)
    label_x = np.r_[np.repeat([0, 1], 100), 0]
    label_y = np.r_[np.repeat([0, 1], 100), 1]
    x, y = (9.0 * label[:, None] + rng.standard_normal((201, 2)) for label in (label_x, label_y))
    radius, _, _ = ksg.neighbours(x, y)
    alone = guided.lonely(x, y, radius, 3)
    assert alone[-1]
    assert alone[:-1].mean() < 0.1


def test_pairs_in_which_nothing_is_found_scatter_less_than_plain_ksg():
    plain, calm, bars = [], [], []
    settings = {"n_latent": 16, "train": "never"}
    for seed in range(12):
        task = tasks.make("gaussian_grid", seed, n_samples=1000, ambient=10, independent=True)
        fold, inner = split.folds(1000, seed=seed, dataset="d", n_inner=canonical.N_INNER)
        pair = prepared(task, fold, inner)
        found = embed.embed_pairs([pair], fold, inner, settings=settings, seed=seed)[0]
        if found.rank.any():
            continue
        value = estimation.estimate(found, seed=seed)
        calm.append(value.mi_ksg_bits)
        bars.append(value.sd_ksg_bits)
        halves = [ksg.mi(found.zx[t][fold == 1 - t], found.zy[t][fold == 1 - t]) for t in (0, 1)]
        plain.append(np.mean(halves))
    assert len(calm) > 8
    assert np.std(calm) < 0.7 * np.std(plain)
    assert abs(np.mean(calm)) < 0.02
    assert 0.6 < np.sqrt(np.mean(np.square(bars))) / np.std(calm) < 2.5


def test_an_encoder_that_has_failed_is_not_taken():
    task = tasks.make("gaussian_grid", 0, n_samples=1000, ambient=5, intrinsic=1, mi_bits=2.0)
    fold, inner = split.folds(1000, seed=0, dataset="d", n_inner=canonical.N_INNER)
    x, y = prepared(task, fold, inner)
    judged = embed._closed_form(x, y, fold, inner, seed=0, n_latent=16, k=3, threads=1)
    best = [embed._best(judged, fold, t, 3) for t in (0, 1)]
    # the axes that encoder 0 has learned for its best candidate become noise
    noise = np.random.default_rng(0).standard_normal
    axes = judged.axes[0][best[0]]
    failed = dataclasses.replace(axes, a=noise(axes.a.shape), b=noise(axes.b.shape))
    judged.axes[0][best[0]] = failed
    assert embed._best(judged, fold, 0, 3) != best[0]
    assert embed._best(judged, fold, 1, 3) == best[1]


def test_features_that_passed_the_screen_by_chance_do_not_hide_a_circle():
    task = tasks.make("noisy_circle", 7, exclusive=9)
    fold, inner = split.folds(1000, seed=7, dataset="", n_inner=canonical.N_INNER)
    x, y = prepared(task, fold, inner)
    judged = embed._closed_form(x, y, fold, inner, seed=7, n_latent=16, k=3, threads=1)
    assert min(judged.axes[t]["screened"].a.shape[1] for t in (0, 1)) == 1
    assert max(judged.axes[t]["screened"].a.shape[1] for t in (0, 1)) > 2
    assert judged.scores()["screened"] < 0.45
    assert judged.scores()["sure"] > 0.6
    assert [embed._best(judged, fold, t, 3) for t in (0, 1)] == ["sure", "sure"]


def test_more_neighbours_are_taken_only_where_they_find_the_same():
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * np.pi, 600)
    x, y = (
        wave[:, None] + 0.1 * rng.standard_normal((600, 1))
        for wave in (np.cos(angle), np.sin(angle))
    )
    raw = embed.embed_nothing(x, y)
    twice = {
        name: np.repeat(getattr(raw, name), 2, axis=0)
        for name in ("zx", "zy", "s", "weight", "rank", "n_parameters", "temperature")
    }
    fold = np.arange(600) % 2
    both = dataclasses.replace(raw, **twice, candidate=("raw", "raw"), fold=fold)
    halves = [ksg.mi(x[fold == t], y[fold == t]) for t in (0, 1)]
    blurred = [ksg.mi(x[fold == t], y[fold == t], k=24) for t in (0, 1)]
    value = estimation.estimate(both, error_bars=False)
    assert np.mean(blurred) < np.mean(halves) - 0.2
    assert value.mi_bits == pytest.approx(np.mean(halves), abs=0.03)
    shuffled = dataclasses.replace(both, zy=both.zy[:, rng.permutation(600)])
    rows = [np.flatnonzero(fold == 1 - t) for t in (0, 1)]
    assert evaluation.search(both, rows, 3, 1)[1].k < 12
    assert evaluation.search(shuffled, rows, 3, 1)[1] == (24, 0, False)


def test_a_trusted_critic_takes_more_neighbours_and_scatters_less():
    few, many = [], []
    rho, settings = 0.8, {"n_latent": 16, "train": "never"}
    for seed in range(20):
        x, noise = np.random.default_rng(seed).standard_normal((2, 1000, 1))
        y = rho * x + np.sqrt(1 - rho**2) * noise
        truth = canonical.log_ratio(x, y, np.array([rho])) / np.log(2)
        fold, inner = split.folds(1000, seed=seed, dataset="d", n_inner=canonical.N_INNER)
        pair = prepared(tasks.registry.finish(x, y, 0.0), fold, inner)
        found = embed.embed_pairs([pair], fold, inner, settings=settings, seed=seed)[0]
        rows = [np.flatnonzero(fold == 1 - t) for t in (0, 1)]
        taken, neighbours = evaluation.search(found, rows, 3, 1)
        for t in np.flatnonzero(found.temperature == guided.TRUSTED):
            assert neighbours == (3, 12, False)
            plain = evaluation.evaluate(found, t, rows[t], evaluation.Neighbours(3, 3), 1)
            # the conservative value is KSG with k neighbours all the same
            assert np.array_equal(taken[t][0], plain[0])
            few.append(plain[1].mean() - truth[rows[t]].mean())
            many.append(taken[t][1].mean() - truth[rows[t]].mean())
    assert len(many) > 12
    assert np.std(many) < 0.8 * np.std(few)
    assert abs(np.mean(many)) < 0.02


def test_sparse_cells_between_clusters_do_not_raise_the_estimate():
    plain, mended = [], []
    for seed in range(4):
        task = tasks.make("clusters", seed, ambient=20, classes=10, shuffled=0.1)
        fold, inner = split.folds(2000, seed=seed, dataset="d", n_inner=canonical.N_INNER)
        settings = {"n_latent": 16, "train": "never"}
        pair = prepared(task, fold, inner)
        found = embed.embed_pairs([pair], fold, inner, settings=settings, seed=seed)[0]
        value = estimation.estimate(found, error_bars=False)
        assert np.isclose(value.pointwise_bits.mean(), value.mi_bits)
        mended.append(value.mi_ksg_bits - task.truth_bits)
        halves = [
            ksg.mi(z[0][out] * w, z[1][out] * w)
            for t, w in enumerate(found.weight)
            for out, z in [(fold == 1 - t, (found.zx[t], found.zy[t]))]
        ]
        plain.append(np.mean(halves) - task.truth_bits)
    assert np.mean(plain) > 0.05
    assert abs(np.mean(mended)) < 0.03


def test_equal_rows_are_spread_apart_the_same_way_each_time():
    z = np.repeat(np.arange(5.0), 20)[:, None]
    spread = guided.untie(z, 0)
    assert len(np.unique(spread)) == 100
    assert np.abs(spread - z).max() < 0.01
    assert np.array_equal(spread, guided.untie(z, 0))
    # equal on one axis is not equal: nothing moves
    z = np.column_stack([np.zeros(100), np.arange(100.0)])
    assert guided.untie(z, 0) is z


def model(seed, n=300):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 6))
    y = np.tanh(x) + 0.3 * rng.standard_normal((n, 6))
    return x, y, np.arange(n) % 2 == 0, seeds.rng(seed, "model")


def test_stacked_training_gives_what_training_one_by_one_gives():
    together = network.train([model(0), model(1), model(2)], max_steps=45)
    for seed, one in enumerate(together):
        alone = network.train([model(seed)], max_steps=45)[0]
        assert np.allclose(one.zx, alone.zx, atol=1e-3)
        assert np.allclose(one.validation, alone.validation, rtol=1e-3)
        assert one.train[-1] < one.train[0]


def prepared(task, fold, inner):
    return tuple(
        embed.prepare(name, views.make(side, seed=0, name=name), fold, inner)
        for name, side in (("x", task.x), ("y", task.y))
    )


def test_pairs_do_not_depend_on_their_company():
    settings = {
        "n_latent": 16,
        "train": "always",
        "max_steps": 30,
        "batch_size": 64,
        "learning_rate": 1e-3,
    }
    fold, inner = split.folds(300, seed=0, dataset="d", n_inner=canonical.N_INNER)
    pairs = [
        prepared(tasks.make("gaussian_grid", s, n_samples=300, ambient=10), fold, inner)
        for s in (0, 1)
    ]
    both = embed.embed_pairs(pairs, fold, inner, settings=settings, seed=0)
    swapped = embed.embed_pairs(pairs[::-1], fold, inner, settings=settings, seed=0, threads=2)
    for one, other in zip(both, swapped[::-1], strict=True):
        assert one.candidate == other.candidate
        assert np.allclose(one.zx, other.zx, atol=1e-3)


def test_error_bars_are_of_the_size_of_the_true_scatter():
    rho, values, bars = 0.6, [], []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        a = rng.standard_normal((600, 1))
        b = rho * a + np.sqrt(1 - rho**2) * rng.standard_normal((600, 1))
        found = estimation.estimate(embed.embed_nothing(a, b), seed=seed)
        values.append(found.mi_bits)
        bars.append(found.sd_bits)
    ratio = np.sqrt(np.mean(np.square(bars))) / np.std(values, ddof=1)
    assert 0.6 < ratio < 1.6


def test_flags():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((400, 1))
    ceiling = estimation.estimate(embed.embed_nothing(x, x + 1e-6 * rng.standard_normal((400, 1))))
    assert ceiling.flag == "warn"
    assert "ceiling" in ceiling.reason
    few = estimation.estimate(embed.embed_nothing(*rng.standard_normal((2, 60, 1))))
    assert "few samples" in few.reason
    fine = estimation.estimate(embed.embed_nothing(*rng.standard_normal((2, 400, 1))))
    assert (fine.flag, fine.reason) == ("ok", "")


@pytest.mark.parametrize("n_features", [40, 50])
def test_weak_axes_are_counted_without_bias_however_many_there_are(n_features):
    """Of 1 bit over 50 axes, encoders of 500 samples find between nothing and two thirds."""
    rho = np.sqrt(1 - 2 ** (-2 / n_features))
    fold, inner = np.arange(1000) % 2, np.arange(1000) // 2 % canonical.N_INNER
    found = {0.0: [], rho: []}
    for seed in range(8):
        x, other = seeds.rng(seed, "weak").standard_normal((2, 1000, n_features))
        for correlation, values in found.items():
            y = correlation * x + np.sqrt(1 - correlation**2) * other
            sides = [
                {("ranked", t): canonical.whiten(side, fold == t, inner[fold == t]) for t in (0, 1)}
                for side in (x, y)
            ]
            values.append(canonical.weak_bits(*sides, fold))
    expected = n_features * rho**2 / 2 / np.log(2)
    for truth, values in zip((0.0, expected), found.values(), strict=True):
        bits, errors = np.array(values).T
        assert bits.mean() == pytest.approx(truth, abs=3 * errors.mean() / np.sqrt(8))
        assert bits.std() < 2 * errors.mean()


def test_an_estimate_that_lacks_many_weak_axes_is_flagged_and_its_interval_reaches_them():
    drawn = tasks.make("gaussian_grid", 1, n_samples=1000, ambient=50, intrinsic=50)
    found = lmi.estimate(drawn.x, drawn.y, seed=1, n_permutations=0)
    assert found.mi_bits < 0.8
    assert "many weak axes" in found.reason
    assert found.low_bits < drawn.truth_bits < found.high_bits


def test_a_critic_that_sees_a_slight_trend_of_a_wave_does_not_enlarge_the_boxes():
    rng = np.random.default_rng([71, 4, 2000])
    a = rng.uniform(-1, 1, (2000, 1))
    wave = np.sin(5 * np.pi * a) + 0.3 * rng.standard_normal((2000, 1))
    x, y = (np.hstack([side, rng.standard_normal((2000, 45))]) for side in (a, wave))
    options = {"train": "never", "n_permutations": 0, "error_bars": False}
    found = [lmi.estimate(x, y, seed=seed, quiet=True, **options) for seed in range(71, 75)]
    for each in found:  # wider than what few features are searched for among
        assert each.mi_bits > each.mi_ksg_bits - 0.02
    assert max(each.mi_ksg_bits for each in found) > 0.8
