"""Variables of a recording: the spike counts of one unit each."""

from lmi.base.errors import InputError
from lmi.data import spikes as spike_trains
from lmi.data.sources import first_duplicates, some, suggest
from lmi.data.variable import Variable


def shifted_name(name, shift_s):
    """Return the name of a unit's shifted copy: unit7@+10s."""
    return f"{name}@+{shift_s:g}s"


def list_unit_variables(dataset):
    """List the units of a recording, each followed by its shifted copy where one is asked for."""
    spikes, choice = dataset["spikes"], dataset["variables"]
    recorded = spike_trains.recording(spikes)
    n_spikes = dict(zip(recorded.names, recorded.n_spikes, strict=True))
    if choice == "each":
        floor = spikes.get("min_rate_hz", 0) * recorded.duration_s
        names = [name for name, count in n_spikes.items() if count >= floor]
        if not names:
            raise InputError(
                f"spikes.min_rate_hz: no unit of '{spikes['source']}' fires "
                f"{spikes['min_rate_hz']:g} times a second; lower it"
            )
    else:
        names = _listed_units(choice, n_spikes, spikes["source"])
    overlap_ms = spikes["bin_ms"] * spikes["n_lags"] - spikes["stride_ms"]
    note = f"windows overlap by {overlap_ms:g} ms" if overlap_ms > 0 else ""
    shift_s = spikes.get("shift_s", 0)
    variables = []
    for name in names:
        variables.append(Variable(name, (name,), note=note))
        if shift_s:
            # Next to each other, so that the pair of the two lies in one tile.
            variables.append(Variable(shifted_name(name, shift_s), (name,), float(shift_s), note))
    return variables


def _listed_units(choice, recorded, path):
    """Return the names of the units in the config's list: names, or the ids in the file."""
    if not isinstance(choice, dict) or not isinstance(choice.get("list"), list):
        raise InputError(
            "variables: for spikes expected `each` or `{list: [units]}`; each unit is a variable"
        )
    if choice.get("unknown_features") == "drop":
        raise InputError(
            "variables.unknown_features: drop has no meaning for a list of units. Remove it, and "
            "list units that the recording has"
        )
    names = [f"unit{one}" if isinstance(one, int) else one for one in choice["list"]]
    if twice := first_duplicates(names):
        raise InputError(f"variables: list names {some(twice)} twice. List it once")
    if unknown := [name for name in names if name not in recorded]:

        def show(name):
            return f"'{name}'{suggest(name, recorded)}"

        raise InputError(
            f"variables: list: {len(unknown)} of {len(names)} units are not in '{path}': "
            f"{some(unknown, show=show)}. "
            f"It has {len(recorded)} units: {some(recorded)}"
        )
    return names


def read_units(dataset, variables):
    """Return the spike counts of units, the names of their bins, and no notes."""
    wanted = [(variable.features[0], variable.shift_s) for variable in variables]
    matrices = spike_trains.count_windows(dataset["spikes"], wanted)
    lags = tuple(f"bin{i}" for i in range(dataset["spikes"]["n_lags"]))
    return matrices, [lags] * len(variables), [""] * len(variables)
