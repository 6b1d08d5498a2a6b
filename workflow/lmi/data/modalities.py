"""Names of features in files of several modalities."""

from lmi.base.errors import InputError
from lmi.data.sources import header


def as_in_headers(groups, sources, described):
    """Return groups of features by the names that the headers of the sources have.

    `rna:GAPDH` is GAPDH where no other modality has one; a name that several modalities have needs
    its modality before it.

    Parameters
    ----------
    groups : dict of str to tuple of str
    sources : list of Source
    described : str
        Where the groups are from, for messages.

    Raises
    ------
    InputError
        A name that several modalities have, without its modality.
    """
    features = {}
    for source in sources:
        if len(source.modalities) > 1:
            features.setdefault(source.modality, set()).update(header(source).features)
    if not features:
        return groups
    every = set().union(*(header(source).features for source in sources))

    def spelled(feature, name):
        if feature in every:
            return feature
        modality, _, bare = feature.partition(":")
        if bare in features.get(modality, ()):
            return bare
        if choices := [f"{one}:{feature}" for one in features if f"{one}:{feature}" in every]:
            raise InputError(
                f"{described}: the feature '{feature}' of variable '{name}' is in "
                f"{len(choices)} modalities of the file. Write {' or '.join(choices)}, or "
                "choose one with `modality`"
            )
        return feature

    return {name: tuple(spelled(one, name) for one in group) for name, group in groups.items()}
