"""The default preset without networks, for the target accuracy."""

TITLE = "default without networks"
FIGURES = ()
EMBED = {"preset": "default", "train": "never"}
