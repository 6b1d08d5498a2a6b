"""Settings of the stages with which a tiny tile takes a second."""

EMBED = {
    "preset": "default",
    "n_latent": 4,
    "train": "never",
    "checks": "quick",
    "max_steps": 10,
    "batch_size": 128,
    "learning_rate": 1e-3,
}
NULLS = {"max": 99, "scheme": "auto", "block_length": 0, "tail_fit": True}
ESTIMATE = {"k": 3, "error_bars": True, "permutations": NULLS}
