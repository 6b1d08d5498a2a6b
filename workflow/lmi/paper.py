"""Preset `paper`: the published method (Gowri et al., NeurIPS 2024), with its defects mended.

The released implementation keeps a reference to the live weights, so that early stopping restores
nothing; it computes the validation loss with dropout on; it draws no seed; and its "strictly less"
subtracts 1e-15 whatever the scale of the data. Here the best weights are copied and restored, the
validation loss is computed without dropout, all draws are seeded, and the comparison is exact. As
published, early stopping and estimation use the same half of the samples.
"""

import itertools
from dataclasses import dataclass

import numpy as np


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
        Weights of the self- and of the cross-reconstruction losses.
    """

    n_latent: int = 8
    validation_split: float = 0.5
    batch_size: int = 512
    max_epochs: int = 300
    patience: int = 30
    learning_rate: float = 1e-4
    alpha: float = 1.0
    lam: float = 1.0


def standardise(matrix, clip=10.0):
    """Return z-scores with NaN as 0, clipped at ±`clip`; shape (n_samples, n_features)."""
    matrix = np.asarray(matrix, dtype=np.float64)
    matrix = matrix[:, None] if matrix.ndim == 1 else matrix
    sd = matrix.std(axis=0)
    z = (matrix - matrix.mean(axis=0)) / np.where(sd > 0, sd, np.nan)
    return np.clip(np.nan_to_num(z, nan=0.0), -clip, clip).astype(np.float32)


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
            layers.append(nn.LeakyReLU(0.2))
    return nn.Sequential(*layers)


def _hidden(n_features):
    """Return the widths of the hidden layers; wider than 1024 for more than 2048 features."""
    first = 2 ** int(np.log2(n_features)) if n_features > 2048 else 1024
    return [first, 512, 256]


def train(x, y, *, settings, rng, device=None, progress=None):
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
            model[f"cross_{side}"] = _layers(sizes[::-1], 0.5, last_linear=True)
        model.to(device)
        both = [torch.as_tensor(side, device=device) for side in (x, y)]

        def loss(rows):
            rx, ry = (side[rows] for side in both)
            zx, zy = model["encode_x"](rx), model["encode_y"](ry)
            mse = nn.functional.mse_loss
            own = mse(model["self_x"](zx), rx) + mse(model["self_y"](zy), ry)
            cross = mse(model["cross_x"](zy), rx) + mse(model["cross_y"](zx), ry)
            return settings.alpha * own + settings.lam * cross

        optimiser = torch.optim.Adam(model.parameters(), lr=settings.learning_rate, eps=1e-7)
        best, best_epoch, kept = np.inf, 0, None
        train_loss, validation_loss = [], []
        check_rows = torch.as_tensor(check, device=device)
        for epoch in range(settings.max_epochs):
            model.train()
            total = 0.0
            shuffled = rng.permutation(fit)
            for start in range(0, n_fit, settings.batch_size):
                rows = shuffled[start : start + settings.batch_size]
                optimiser.zero_grad(set_to_none=True)
                value = loss(torch.as_tensor(rows, device=device))
                value.backward()
                optimiser.step()
                total += float(value.detach()) * len(rows)
            model.eval()
            with torch.no_grad():
                validation = float(loss(check_rows))
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
    curves = np.array(train_loss, np.float32), np.array(validation_loss, np.float32)
    converged = len(train_loss) < settings.max_epochs
    return latent[0], latent[1], held_out, *curves, converged
