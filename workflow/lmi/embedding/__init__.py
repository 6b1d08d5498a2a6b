"""From two variables to latent coordinates: canonical axes, screen, networks, and the choice.

The samples that choose a candidate are never those that are estimated with it.
May import: base, tasks, data, projection, ksg.
"""
