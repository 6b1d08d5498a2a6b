"""The published method as in its benchmarks, regularised by MINE on the latents."""

TITLE = "published method, MINE"
PUBLISHED = "LMI-MINE"
EMBED = {
    "preset": "paper",
    "paper": {"regulariser": "mine", "widths": "scaled", "min_features": 50},
}
