"""What a run leaves: the table over all tiles, and how tiles are joined.

May import: the layers below; not the api.
"""
