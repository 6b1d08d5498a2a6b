"""Batched training of the default preset's paired autoencoders, all models in one stack.

Encoder: z = x A + MLP(x), where A starts as the leading principal components and the last layer of
the MLP near zero: training starts from the linear solution. Decoders, for self- and
cross-reconstruction, are mirrored, with a ridge least-squares skip. Losses are mean squared errors
over the target's variance. A model is one pair on one training fold; the stack is one set of
batched matrix products, the same on CPU and GPU, and a model's result does not depend on what else
is in the stack beyond floating-point tolerance.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from lmi.base.threads import map_pairs

WIDTHS = (128, 64)
LEAK = 0.2
"""Slope of the leaky ReLU below zero."""
VALIDATION = 0.2
CHECK_EVERY = 15
PATIENCE = 5
"""Checks without improvement after which a model's training is over."""
STACK = 32
"""Models trained at once, by a thread: bounds the memory at about 10 MB a model."""


@dataclass(frozen=True)
class Trained:
    """Latent coordinates of one model for all samples, and how its training went.

    Attributes
    ----------
    zx, zy : float32 array, shape (n_samples, n_latent)
    step : int array, shape (n_checks,)
    train, validation : float32 array, shape (n_checks,)
        Sum of the four relative reconstruction errors.
    converged : bool
        The validation loss had stopped falling before the last check.
    encoders : (list of array, list of array)
        Weights of the encoders of x and of y: the matrix of the skip, then weights and biases of
        the layers in turn.
    """

    zx: np.ndarray
    zy: np.ndarray
    step: np.ndarray
    train: np.ndarray
    validation: np.ndarray
    converged: bool
    encoders: tuple


def train(
    models,
    *,
    n_latent=16,
    max_steps=300,
    batch_size=256,
    learning_rate=1e-3,
    device=None,
    threads=1,
):
    """Train paired autoencoders and return their latent coordinates.

    Parameters
    ----------
    models : list of (x, y, rows, rng)
        Scores of the two variables, shape (n_samples, n_scores); the training samples, a bool
        array; and the generator of this model's initial weights, validation part and batches.
    n_latent, max_steps, batch_size, learning_rate
        Of the embed settings.
    device : str, optional
        A CUDA device is used where there is one.
    threads : int
        Stacks at a time, on a CPU; the result does not depend on it.

    Returns
    -------
    list of Trained
    """
    import torch

    device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    stacks = [models[start : start + STACK] for start in range(0, len(models), STACK)]

    def one(stack):
        return _train_stack(stack, n_latent, max_steps, batch_size, learning_rate, device)

    # as in `map_pairs`: small matrices, and results that do not depend on the number of threads
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        trained = map_pairs(one, stacks, threads if device.type == "cpu" else 1)
    finally:
        torch.set_num_threads(before)
    return [model for stack in trained for model in stack]


def _pad(scores, n_scores):
    return np.pad(scores, [(0, 0), (0, n_scores - scores.shape[1])])


def _initial(rng, sizes, last_scale):
    """Return weights and biases of an MLP: He-scaled, the last layer times `last_scale`."""
    layers = []
    for i, (n_in, n_out) in enumerate(itertools.pairwise(sizes)):
        scale = np.sqrt(2 / n_in) * (last_scale if i == len(sizes) - 2 else 1.0)
        layers += [rng.standard_normal((n_in, n_out)) * scale, np.zeros((1, n_out))]
    return layers


def _ridge(z, target):
    gram = z.T @ z
    gram[np.diag_indices_from(gram)] += 1e-3 * np.trace(gram) / len(gram) + 1e-12
    return np.linalg.solve(gram, z.T @ target)


def _initial_model(x, y, rows, rng, n_latent):
    """Return the parameters of one model: encoders (x, y) and decoders (xx, yx, xy, yy)."""
    n_scores = x.shape[1]
    keep = np.eye(n_scores)[:, :n_latent]
    encoder = [n_scores, *WIDTHS, n_latent]
    encoders = [[keep, *_initial(rng, encoder, 0.01)] for _ in range(2)]
    latent = [side[rows] @ keep for side in (x, y)]
    decoders = [
        [_ridge(z, target[rows]), *_initial(rng, encoder[::-1], 0.01)]
        for target in (x, y)
        for z in latent
    ]
    return encoders, decoders


def _forward(inputs, layers):
    """Apply skip + MLP, batched over the leading dimension."""
    import torch

    skip, *rest = layers
    hidden = inputs
    for i in range(0, len(rest), 2):
        hidden = torch.baddbmm(rest[i + 1], hidden, rest[i])
        if i < len(rest) - 2:
            hidden = torch.nn.functional.leaky_relu(hidden, LEAK)
    return torch.bmm(inputs, skip) + hidden


def _train_stack(models, n_latent, max_steps, batch_size, learning_rate, device):
    import torch

    n_scores = max(side.shape[1] for x, y, _, _ in models for side in (x, y))
    n_latent = min(n_latent, n_scores)
    sides, fits, checks, batches, parameters = [], [], [], [], []
    for x, y, rows, rng in models:
        x, y = _pad(x, n_scores), _pad(y, n_scores)
        order = rng.permutation(np.flatnonzero(rows))
        n_check = max(1, int(VALIDATION * len(order)))
        check, fit = order[:n_check], order[n_check:]
        parameters.append(_initial_model(x, y, fit, rng, n_latent))
        batches.append(rng.choice(fit, (max_steps, min(batch_size, len(fit)))))
        sides.append(np.stack([x, y]))
        fits.append(fit)
        checks.append(check)

    def tensor(array):
        return torch.as_tensor(np.asarray(array, dtype=np.float32), device=device)

    # models of one dataset have folds of nearly equal size: cut to the smallest, so as to stack
    n_fit, n_check = min(map(len, fits)), min(map(len, checks))
    data = tensor(np.concatenate(sides))
    fit_rows = torch.as_tensor(np.stack([rows[:n_fit] for rows in fits]), device=device)
    check_rows = torch.as_tensor(np.stack([rows[:n_check] for rows in checks]), device=device)
    size = min(len(batch[0]) for batch in batches)
    steps = torch.as_tensor(np.stack([batch[:, :size] for batch in batches], 1), device=device)
    encoders, decoders = (
        [
            tensor(np.stack([part[i] for model in parameters for part in model[group]]))
            for i in range(len(parameters[0][group][0]))
        ]
        for group in (0, 1)
    )
    n_models = len(models)

    def take(rows):
        index = rows.repeat_interleave(2, dim=0)
        return torch.gather(data, 1, index[:, :, None].expand(-1, -1, n_scores))

    def relative_error(inputs):
        """Return the loss of each model, shape (n_models,)."""
        z = _forward(inputs, encoders).reshape(n_models, 2, -1, n_latent)
        codes = torch.cat([z, z], dim=1).flatten(0, 1)
        target = inputs.reshape(n_models, 2, -1, n_scores).repeat_interleave(2, dim=1)
        error = (_forward(codes, decoders) - target.flatten(0, 1)).square().mean(dim=(1, 2))
        return (error / variance).reshape(n_models, 4).sum(dim=1)

    everything = take(fit_rows)
    variance = everything.var(dim=1, unbiased=False).mean(dim=1).repeat_interleave(2) + 1e-12
    # order of the decoders: xx, yx, xy, yy as target x, x, y, y
    for p in encoders + decoders:
        p.requires_grad_(True)
    optimiser = torch.optim.AdamW(encoders + decoders, lr=learning_rate, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=learning_rate, total_steps=max_steps + 1
    )
    best = torch.full((n_models,), torch.inf, device=device)
    waited = torch.zeros(n_models, dtype=torch.int64, device=device)
    kept = [p.detach().clone() for p in encoders]
    train_curve, validation_curve, marks = [], [], []
    for step in range(max_steps + 1):
        if step % CHECK_EVERY == 0 or step == max_steps:
            with torch.no_grad():
                validation = relative_error(take(check_rows))
                train_curve.append(relative_error(everything).cpu().numpy())
                validation_curve.append(validation.cpu().numpy())
                marks.append(step)
                # a model that has stopped stays as it is, however long its company goes on
                better = (validation < best) & (waited < PATIENCE)
                waited = torch.where(better, 0, waited + 1)
                best = torch.where(better, validation, best)
                which = better.repeat_interleave(2)
                for old, new in zip(kept, encoders, strict=True):
                    old[which] = new.detach()[which]
            if bool((waited >= PATIENCE).all()):
                break
        if step < max_steps:
            optimiser.zero_grad(set_to_none=True)
            # a sum, not a mean: a model's gradient does not depend on its company
            relative_error(take(steps[step])).sum().backward()
            optimiser.step()
            schedule.step()
    with torch.no_grad():
        latent = _forward(data, kept).reshape(n_models, 2, -1, n_latent).cpu().numpy()
    weights = [p.cpu().numpy() for p in kept]
    curves = np.stack(validation_curve, axis=1)
    return [
        Trained(
            zx=latent[m, 0],
            zy=latent[m, 1],
            step=np.array(marks),
            train=np.stack(train_curve, axis=1)[m],
            validation=curves[m],
            converged=bool(waited[m] >= PATIENCE) or _is_flat(curves[m]),
            encoders=tuple(
                _own_weights([p[2 * m + side] for p in weights], models[m][side].shape[1])
                for side in (0, 1)
            ),
        )
        for m in range(n_models)
    ]


def _own_weights(layers, n_scores):
    """Return the weights of one encoder, without those of scores that its company has alone."""
    skip, first, *others = layers
    return [np.ascontiguousarray(layer) for layer in (skip[:n_scores], first[:n_scores], *others)]


def _is_flat(losses):
    """Whether a curve is long enough to tell, and its last step no better than all before."""
    return len(losses) > 2 * PATIENCE and bool(losses[:-1].min() <= 1.01 * losses[-1])
