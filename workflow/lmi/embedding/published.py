"""Preset `paper`: the published method (Gowri et al., NeurIPS 2024), with its defects mended.

The released implementation keeps a reference to the live weights, so that early stopping restores
nothing; it computes the validation loss with dropout on; it draws no seed; and its "strictly less"
subtracts 1e-15 whatever the scale of the data. Here the best weights are copied and restored, the
validation loss is computed without dropout, all draws are seeded, and the comparison is exact. As
published, early stopping and estimation use the same half of the samples.

The published benchmarks repeat the features of narrow variables (`min_features`: 50). Their errors
are met with the networks of the released package, and not with narrower ones that scale with the
features (2 bits over 3 of 50 dimensions: errors -0.55 and -0.96 bits, published -0.54 +- 0.08).

The regulariser rewards latents that tell about each other:

cross
    Cross-reconstruction: each variable is decoded from the other one's latents; squared errors.
mine
    The bound of Donsker and Varadhan, E[T] - log E'[exp T], as in MINE (Belghazi et al. 2018,
    equation 10): T is a critic of both latents, E' the mean over pairs of a batch whose y are
    shuffled (drawn with replacement).
infonce
    The bound of van den Oord et al. 2018 (equation 4): E[f] - E log mean_j exp f(x_i, y_j) over
    the pairs of a batch, with f = softplus of the critic, as published; the means are over x_i.

The critic is as published: the latents side by side, one hidden layer as wide as one variable's
latent space, ReLU. Its objective, in nats, is maximised by encoders and critic together, with the
weight `lam`, beside the self-reconstruction with the weight `alpha`. There are no cross decoders
then. The validation loss of MINE keeps its pairing from epoch to epoch, so that epochs compare.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from lmi.embedding.network import LEAK
from lmi.projection import views

REGULARISERS = ("cross", "mine", "infonce")


@dataclass(frozen=True)
class Settings:
    """Settings of the published method.

    Attributes
    ----------
    n_latent : int
        Latent dimension of each variable.
    validation_split : float
        Share of the samples that is held out, for early stopping and for the estimate.
    batch_size, max_epochs, patience : int
    learning_rate : float
    alpha, lam : float
        Weights of the self-reconstruction losses and of the regulariser.
    regulariser : str
        cross, mine or infonce; see the module.
    min_features : int
        Features are repeated, all of them, until there are more than this many.
    """

    n_latent: int = 8
    validation_split: float = 0.5
    batch_size: int = 512
    max_epochs: int = 300
    patience: int = 30
    learning_rate: float = 1e-4
    alpha: float = 1.0
    lam: float = 1.0
    regulariser: str = "cross"
    min_features: int = 1


def standardise(matrix, clip=10.0):
    """Return z-scores with NaN as 0, clipped at ±`clip`; shape (n_samples, n_features)."""
    matrix = np.asarray(matrix)
    matrix = matrix[:, None] if matrix.ndim == 1 else matrix
    return views.by_columns(lambda some: _standardised(some, clip), matrix)


def _standardised(matrix, clip):
    sd = matrix.std(axis=0)
    z = (matrix - matrix.mean(axis=0)) / np.where(sd > 0, sd, np.nan)
    return np.clip(np.nan_to_num(z, nan=0.0), -clip, clip)


def _layers(sizes, dropout, last_linear):
    from torch import nn

    layers = []
    for i, (n_in, n_out) in enumerate(itertools.pairwise(sizes)):
        if dropout:
            layers.append(nn.Dropout(dropout))
        linear = nn.Linear(n_in, n_out)
        nn.init.xavier_uniform_(linear.weight)
        nn.init.zeros_(linear.bias)
        layers.append(linear)
        if not (last_linear and i == len(sizes) - 2):
            layers.append(nn.LeakyReLU(LEAK))
    return nn.Sequential(*layers)


def _hidden(n_features):
    """Return the widths of the hidden layers; wider than 1024 for more than 2048 features."""
    first = 2 ** int(np.log2(n_features)) if n_features > 2048 else 1024
    return [first, 512, 256]


def repeated(matrix, min_features):
    """Return all features 1 + min_features // n_features times over, if they are fewer."""
    n_features = matrix.shape[1]
    if n_features >= min_features:
        return matrix
    return np.tile(matrix, (1, 1 + min_features // n_features))


def donsker_varadhan(paired, unpaired):
    """Return E[T] - log E'[exp T] of critic values, in nats; tensors of shape (n, 1)."""
    return paired.mean() - (unpaired.logsumexp(dim=0) - np.log(len(unpaired))).mean()


def infonce(scores):
    """Return E[f_ii] - E_i log mean_j exp f_ij of a batch's scores, shape (n, n), in nats."""
    return scores.diagonal().mean() - (scores.logsumexp(dim=1) - np.log(len(scores))).mean()


def _critic(n_latent, regulariser):
    from torch import nn

    layers = [nn.Linear(2 * n_latent, n_latent), nn.ReLU(), nn.Linear(n_latent, 1)]
    for linear in layers[::2]:
        nn.init.xavier_uniform_(linear.weight)
        nn.init.zeros_(linear.bias)
    return nn.Sequential(*layers, *([nn.Softplus()] if regulariser == "infonce" else []))


def _bound(critic, zx, zy, regulariser, partner):
    """Return the bound on the latents' mutual information that the regulariser maximises, nats.

    Parameters
    ----------
    partner : int tensor, shape (n,)
        MINE: the sample whose y stands in the unpaired sample.
    """
    import torch

    if regulariser == "mine":
        paired = critic(torch.cat([zx, zy], dim=1))
        return donsker_varadhan(paired, critic(torch.cat([zx, zy[partner]], dim=1)))
    n = len(zx)
    # the first layer is linear: each side goes through its half once, not once a pair
    first, rest = critic[0], critic[1:]
    left = zx @ first.weight[:, : zx.shape[1]].T
    right = zy @ first.weight[:, zx.shape[1] :].T + first.bias
    scores = rest((left[:, None, :] + right[None, :, :]).reshape(n * n, -1))
    return infonce(scores.reshape(n, n))


def _partners(rows, settings, rng):
    """Return for each sample of a batch the place of another one; only MINE draws any."""
    return rng.integers(len(rows), size=len(rows)) if settings.regulariser == "mine" else rows


def train(x, y, *, settings, rng, device=None, progress=None, inspect=None):
    """Train one pair of autoencoders and encode all samples.

    Parameters
    ----------
    x, y : float32 array, shape (n_samples, n_features)
        From `standardise`.
    settings : Settings
    rng : numpy.random.Generator
    device : str, optional
    progress : callable, optional
        Called with (epoch, train loss, validation loss) after each epoch.
    inspect : callable, optional
        Called with the trained networks, by name, and the tensors of x and y.

    Returns
    -------
    zx, zy : float32 array, shape (n_samples, n_latent)
    held_out : bool array, shape (n_samples,)
    train_loss, validation_loss : float32 array, shape (n_epochs,)
    converged : bool
        Training stopped by patience, before the last epoch.
    """
    import torch
    from torch import nn

    x, y = (repeated(side, settings.min_features) for side in (x, y))
    device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    n = len(x)
    order = rng.permutation(n)
    n_fit = n - round(n * settings.validation_split)
    fit, check = order[:n_fit], order[n_fit:]
    held_out = np.zeros(n, dtype=bool)
    held_out[check] = True
    devices = [device] if device.type == "cuda" else []
    # torch's own generator drives initial weights and dropout: seeded here, restored on leaving
    with torch.random.fork_rng(devices):
        torch.manual_seed(int(rng.integers(2**62)))
        model = nn.ModuleDict()
        for side, data in (("x", x), ("y", y)):
            sizes = [data.shape[1], *_hidden(data.shape[1]), settings.n_latent]
            model[f"encode_{side}"] = _layers(sizes, 0.0, last_linear=False)
            model[f"self_{side}"] = _layers(sizes[::-1], 0.0, last_linear=True)
            if settings.regulariser == "cross":
                model[f"cross_{side}"] = _layers(sizes[::-1], 0.5, last_linear=True)
        if settings.regulariser != "cross":
            model["critic"] = _critic(settings.n_latent, settings.regulariser)
        model.to(device)
        both = [torch.as_tensor(side, device=device) for side in (x, y)]

        def loss(rows, partner):
            rx, ry = (side[rows] for side in both)
            zx, zy = model["encode_x"](rx), model["encode_y"](ry)
            mse = nn.functional.mse_loss
            own = mse(model["self_x"](zx), rx) + mse(model["self_y"](zy), ry)
            if settings.regulariser == "cross":
                other = mse(model["cross_x"](zy), rx) + mse(model["cross_y"](zx), ry)
            else:
                other = -_bound(model["critic"], zx, zy, settings.regulariser, partner)
            return settings.alpha * own + settings.lam * other

        optimiser = torch.optim.Adam(model.parameters(), lr=settings.learning_rate, eps=1e-7)
        best, best_epoch, kept = np.inf, 0, None
        train_loss, validation_loss = [], []
        # InfoNCE compares all pairs of a batch: those of the validation samples are as large
        n_parts = -(-len(check) // settings.batch_size) if settings.regulariser == "infonce" else 1
        checks = [
            [
                torch.as_tensor(part, device=device)
                for part in (rows, _partners(rows, settings, rng))
            ]
            for rows in np.array_split(check, n_parts)
        ]
        for epoch in range(settings.max_epochs):
            model.train()
            total = 0.0
            shuffled = rng.permutation(fit)
            for start in range(0, n_fit, settings.batch_size):
                rows = shuffled[start : start + settings.batch_size]
                optimiser.zero_grad(set_to_none=True)
                partner = torch.as_tensor(_partners(rows, settings, rng), device=device)
                value = loss(torch.as_tensor(rows, device=device), partner)
                value.backward()
                optimiser.step()
                total += float(value.detach()) * len(rows)
            model.eval()
            with torch.no_grad():
                validation = sum(float(loss(*part)) * len(part[0]) for part in checks) / len(check)
            train_loss.append(total / n_fit)
            validation_loss.append(validation)
            if progress is not None:
                progress(epoch, train_loss[-1], validation)
            if validation < best:
                best, best_epoch = validation, epoch
                kept = {name: value.clone() for name, value in model.state_dict().items()}
            elif epoch - best_epoch >= settings.patience:
                break
        if kept is not None:
            model.load_state_dict(kept)
        model.eval()
        with torch.no_grad():
            latent = [
                model[f"encode_{side}"](data).cpu().numpy()
                for side, data in zip("xy", both, strict=True)
            ]
            if inspect is not None:
                inspect(model, *both)
    curves = np.array(train_loss, np.float32), np.array(validation_loss, np.float32)
    converged = len(train_loss) < settings.max_epochs
    return latent[0], latent[1], held_out, *curves, converged
