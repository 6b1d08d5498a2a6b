"""What a run leaves: the table over all tiles, how tiles are joined, calibration, times.

May import: the layers below; not the api.
"""
