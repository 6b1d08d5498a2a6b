"""One variable: a named group of features."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Variable:
    """A named group of features.

    Attributes
    ----------
    name : str
    features : tuple of str
        Names of features in the source; of one unit for spikes; empty where the variable is a
        whole file or one side of a task.
    shift_s : float
        Spikes only: how much later the windows start, seconds.
    label : str
        Column of labels that the variable is; its features are their indicators.
    note : str
        What a reader of the results should know about it.
    absent : tuple of str
        Features that the config lists and the data lack.
    """

    name: str
    features: tuple = ()
    shift_s: float = 0.0
    note: str = ""
    label: str = ""
    absent: tuple = ()

    def to_params(self):
        """Return the variable as a mapping of JSON types, without what is not set."""
        params = {"name": self.name, "features": list(self.features)}
        optional = {"shift_s": self.shift_s, "note": self.note, "absent": list(self.absent)}
        optional["label"] = self.label
        return params | {key: value for key, value in optional.items() if value}

    @classmethod
    def from_params(cls, params):
        """Return the variable that `to_params` described."""
        lists = {name: tuple(params.get(name, ())) for name in ("features", "absent")}
        return cls(**params | lists)
