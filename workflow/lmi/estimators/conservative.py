"""The uncorrected value of the default preset."""

TITLE = "default, uncorrected"
PUBLISHED = "LMI"
EMBED = {}
RUN = "default"
VALUE = "mi_ksg_bits"
