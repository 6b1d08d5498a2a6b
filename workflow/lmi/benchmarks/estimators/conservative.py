"""The uncorrected value of the default preset."""

TITLE = "default, uncorrected"
PUBLISHED = "LMI"
EMBED = {"preset": "default"}
RUN = "default"
VALUE = "mi_ksg_bits"
