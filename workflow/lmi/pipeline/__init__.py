"""The stages as steps from file to file: project, embed, estimate, calibrate, and their cache.

The rules of the workflow call these, one call a job. May import: the layers below.
"""
