"""The published method as in its benchmarks, regularised by cross-reconstruction."""

TITLE = "published method"
PUBLISHED = "LMI"
EMBED = {
    "preset": "paper",
    "paper": {"regulariser": "cross", "widths": "scaled", "min_features": 50},
}
