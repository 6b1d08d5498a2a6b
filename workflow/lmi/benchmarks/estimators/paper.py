"""The published method, regularised by cross-reconstruction."""

TITLE = "published method"
PUBLISHED = "LMI"
EMBED = {
    "preset": "paper",
    "paper": {"regulariser": "cross", "min_features": 50},
}
SHARE = 18
SMOKE = {"paper": {"max_epochs": 15, "learning_rate": 1e-3, "batch_size": 250}}
LEAST = 5
