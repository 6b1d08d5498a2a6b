"""The published method as in its benchmarks, regularised by InfoNCE on the latents."""

TITLE = "published method, InfoNCE"
PUBLISHED = "LMI-InfoNCE"
EMBED = {
    "preset": "paper",
    "paper": {"regulariser": "infonce", "widths": "scaled", "min_features": 50},
}
