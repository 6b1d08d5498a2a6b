"""The published method, regularised by InfoNCE on the latents."""

TITLE = "published method, InfoNCE"
PUBLISHED = "LMI-InfoNCE"
EMBED = {
    "preset": "paper",
    "paper": {"regulariser": "infonce", "min_features": 50},
}
SHARE = 90
QUICK = ("gaussian_grid", "mnist", "proteins", "symmetries")
SMOKE = {"paper": {"max_epochs": 15, "learning_rate": 1e-3, "batch_size": 250}}
