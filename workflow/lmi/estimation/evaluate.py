"""Pointwise bits of an encoder on samples that it has not seen, and the number of neighbours."""

from typing import NamedTuple

import numpy as np

from lmi.embedding.result import PUBLISHED
from lmi.estimation import flags
from lmi.ksg import guided

MANY = 4
"""Times k: neighbours in the boxes of a trusted critic, and with which KSG is asked whether there
is anything, and whether it rises."""
NEIGHBOURS = (2, 4, 8)
"""Times k: neighbours that an estimate without a critic may take instead."""
SAME_BITS = 0.02
"""An estimate with more neighbours is the same where it differs by less."""
CROWDED_SD = 3.5
"""KSG rises with k where it does so by more standard errors."""


class Neighbours(NamedTuple):
    """Numbers of neighbours: of KSG, and of the boxes that a trusted critic corrects, 0 without.

    `lone`: samples alone between clusters take their nearest neighbour alone.
    """

    k: int
    k_guided: int
    lone: bool = False


def coordinates(embedding, t, rows):
    """Return both sides' coordinates of encoder t at `rows`, and the weights of their axes."""
    zx, zy = (z[t][rows].astype(np.float64) for z in (embedding.zx, embedding.zy))
    return zx, zy, embedding.weight[t]


def given_coordinates(embedding, t, rows):
    """Return the coordinates that are conditioned on, None where nothing is."""
    return None if embedding.given is None else embedding.given[t][rows].astype(np.float64)


def search(embedding, held_out, k, threads, times=None):
    """Evaluate each encoder with as many neighbours as suit the pair.

    The noise of KSG falls with the number of neighbours, and its bias rises, but for a critic that
    describes what is in the boxes: one that is trusted corrects boxes of `MANY` times k neighbours,
    unless KSG with k finds more.
    Without a critic, the largest number is taken whose estimate is that of each smaller one but for
    `SAME_BITS` (after Lepski 1991). Where there is nothing to be found the estimate is
    nearly zero whatever k, and the largest number is taken at once: where no encoder has an axis
    and KSG with `MANY` times k is within its noise of zero. The presets of one encoder are KSG as
    published.

    Returns
    -------
    values : list of (array, array, int)
        From `evaluate`, by encoder.
    neighbours : Neighbours
    """
    rows = list(enumerate(held_out))
    caches = [{} for _ in rows]

    def by_encoder(neighbours, ahead=()):
        return [
            evaluate(embedding, t, out, neighbours, threads, caches[t], ahead, times=times)
            for t, out in rows
        ]

    def plain(k, ahead=()):
        return by_encoder(Neighbours(k, 0), [k for k in ahead if k <= most])

    neighbours = Neighbours(k, k)
    if embedding.candidate[0] in PUBLISHED:
        return by_encoder(neighbours), neighbours
    most = min(map(len, held_out)) // 8
    if not embedding.rank.any() and MANY * k <= most:
        bits = _ksg(plain(MANY * k, ahead=[max(NEIGHBOURS) * k]))
        if bits.mean() < flags.SURE_SD * bits.std() / np.sqrt(len(bits)):
            many = max(times * k for times in NEIGHBOURS if times * k <= most)
            return plain(many), Neighbours(many, 0)
    if MANY * k <= most and _rises(plain(k, ahead=[MANY * k]), plain(MANY * k)):
        neighbours = Neighbours(k, k, lone=True)
        return by_encoder(neighbours), neighbours
    if (embedding.rank * embedding.temperature).any():
        if MANY * k <= most:
            wide = by_encoder(Neighbours(k, MANY * k))
            if not _loses(wide):
                return wide, Neighbours(k, MANY * k)
        return by_encoder(neighbours), neighbours
    n_neighbours, means = k, [_ksg(plain(k)).mean()]
    for many in (times * k for times in NEIGHBOURS):
        if many > most:
            break
        means.append(_ksg(plain(many)).mean())
        if np.ptp(means) > SAME_BITS:
            break
        n_neighbours = many
    return plain(n_neighbours), Neighbours(n_neighbours, 0)


def _ksg(values):
    """Return KSG at the samples of all encoders."""
    return np.concatenate([bits for bits, _, _ in values])


def _rises(few, many):
    """Whether KSG with more neighbours gives more, beyond its noise.

    Larger boxes blur the density and give less. They give more where they reach from a thin part of
    it into denser ones, as between clusters.
    """
    gain = _ksg(many) - _ksg(few)
    return bool(gain.mean() > CROWDED_SD * gain.std() / np.sqrt(len(gain)))


def _loses(values):
    """Whether KSG in small boxes finds more than a critic in large ones, beyond its noise.

    A critic that is right makes up for the size of its boxes. One that sees but a part of the
    dependence, a slight trend of what is a wave, does not.
    """
    lost = np.concatenate([bits - corrected for bits, corrected, _ in values])
    return bool(lost.mean() > max(SAME_BITS, CROWDED_SD * lost.std() / np.sqrt(len(lost))))


def evaluate(
    embedding,
    t,
    rows,
    neighbours,
    threads,
    cache=None,
    ahead=(),
    n_inside=guided.N_INSIDE,
    times=None,
):
    """Evaluate encoder t at samples, with KSG and with the correction by its critic.

    Parameters
    ----------
    embedding : embed.Embedding
    t : int
        Encoder.
    rows : int array
        Samples.
    neighbours : Neighbours
    threads : int
    cache : dict, optional
        Distances of earlier calls with the same samples, which are then not computed again.
    ahead : sequence of int
        Numbers of neighbours that later calls will ask for.
    n_inside : int
        Samples drawn inside each box to integrate the critic.
    times : series.Times, optional
        Of a series: which samples may be neighbours. Rows are in order of time then.

    Returns
    -------
    ksg_bits, corrected_bits : array, shape (n_rows,)
    n_tied : int
        Samples whose nearest neighbours are copies of them.
    """
    a, b, weight = coordinates(embedding, t, rows)
    row = embedding.temperature[t]
    bits, correction, tied = guided.evaluate(
        a,
        b,
        embedding.s[t],
        int(embedding.rank[t]),
        weight,
        guided.TEMPERATURES[row] if neighbours.k_guided else 0.0,
        k=neighbours.k,
        k_guided=neighbours.k_guided if row == guided.TRUSTED else None,
        n_inside=n_inside,
        lone=neighbours.lone,
        known=cache,
        ahead=ahead,
        given=given_coordinates(embedding, t, rows),
        mixtures=None if embedding.mixture is None else embedding.mixture[t],
        threads=threads,
        apart=None if times is None else times.apart(t, rows),
    )
    return bits, bits + correction, tied
