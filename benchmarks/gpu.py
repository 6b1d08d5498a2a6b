"""Pairs a second of the batched network training, on each device: `python -m benchmarks.gpu`."""

import time

import numpy as np
from lmi.base import seeds
from lmi.embedding import network

N_PAIRS, N_SAMPLES, N_SCORES = 32, 2000, 64


def main():
    import torch

    rng = np.random.default_rng(0)
    models = []
    for pair in range(N_PAIRS):
        x, y = rng.standard_normal((2, N_SAMPLES, N_SCORES))
        for t in (0, 1):
            rows = np.arange(N_SAMPLES) % 2 == t
            models.append((x, y, rows, seeds.rng(0, "bench_gpu", pair, t)))
    devices = ["cpu"] + ["cuda"] * torch.cuda.is_available()
    for device in devices:
        network.train(models[:2], max_steps=3, device=device)
        start = time.perf_counter()
        network.train(models, device=device)
        seconds = time.perf_counter() - start
        name = torch.cuda.get_device_name() if device == "cuda" else f"{torch.get_num_threads()}"
        name += "" if device == "cuda" else " threads"
        print(f"{device} ({name}): {N_PAIRS / seconds:.2f} pairs a second")
    if len(devices) == 1:
        print("no GPU found")


if __name__ == "__main__":
    main()
