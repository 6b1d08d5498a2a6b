"""The default preset, corrected as far as held-out samples allow."""

TITLE = "default"
PUBLISHED = "LMI"
EMBED = {"preset": "default"}
