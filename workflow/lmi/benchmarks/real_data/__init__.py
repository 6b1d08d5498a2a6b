"""Real data of the published figures: where they come from, and how they are prepared.

`catalogue` lists the files, `download` fetches them, `proteins`, `interactions` and `lineages`
turn them into one HDF5 file each, which the tasks of the same names read. `standin` writes files of
the same formats with planted mutual information, so that all of it runs without a network.
"""
