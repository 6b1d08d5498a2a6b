"""The default preset without networks."""

TITLE = "default without networks"
PUBLISHED = "LMI"
EMBED = {"train": "never"}
