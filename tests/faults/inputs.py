"""Bad input of every kind, and the message that each gets: `python -m tests.faults.inputs`.

The command writes the two tables of docs/faults.md; tests hold that they are current.
"""

import contextlib
import copy
import io
import os
import sys
import tempfile
import time
import warnings
import zipfile
from pathlib import Path

import h5py
import lmi
import numpy as np
import pandas as pd
from lmi.base.errors import InputError
from lmi.base.memory import check as check_memory
from lmi.data import overview
from lmi.pipeline.project import project
from lmi.planning import config, schema, yaml_file
from lmi.planning.plan import Plan

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
EXAMPLE = ("datasets", "neurons", "spikes", "bin_ms")
LONGEST = 170
"""Letters of a message in the tables."""
SLOW_S = 20

# ---- every key of the config

HERE = "tests/data/cells/pbmc68k_reduced.h5ad"
BASE = {
    "run": "r",
    "datasets": {
        "cells": {
            "source": HERE,
            "variables": {"list": {"a": ["CD3D", "CD3E"], "b": ["LYZ", "CST3"]}},
            "pairs": "all",
        },
        "neurons": {
            "spikes": {
                "source": "tests/data/neurons/spikes.npz",
                "bin_ms": 20,
                "n_lags": 5,
                "stride_ms": 100,
            },
            "variables": {"list": ["unit0", "unit46"]},
            "pairs": "all",
        },
        "task": {"task": {"name": "projected_gaussian", "n_samples": 300, "ambient": 5}},
    },
}
BAD = {
    "nothing": None,
    "text": "abracadabra",
    "empty text": "",
    "a long text": "x" * 5000,
    "two lines": "a\nb",
    "a path out": "../../etc/passwd",
    "markup": "<script>alert(1)</script>",
    "zero": 0,
    "negative": -1,
    "huge": 10**30,
    "a billion": 10**9,
    "tiny": 1e-300,
    "a fraction": 0.123,
    "not a number": float("nan"),
    "infinite": float("inf"),
    "true": True,
    "an empty list": [],
    "a list in a list": [[["a"]]],
    "mixed list": [1, "a", None, True],
    "an empty mapping": {},
    "an unknown key": {"abracadabra": 1},
    "a number as key": {1: 2},
}


def places(value, rules, path=()):
    """Yield the paths of all keys that the schema has, with what is there in `value`."""
    rules = schema.schema()["$defs"][rules["$ref"][8:]] if "$ref" in rules else rules
    for key, rule in rules.get("properties", {}).items():
        yield (*path, key)
        below = value.get(key, {}) if isinstance(value, dict) else {}
        yield from places(below if isinstance(below, dict) else {}, rule, (*path, key))
    others = rules.get("additionalProperties")
    if isinstance(others, dict) and isinstance(value, dict):
        for key, below in value.items():
            yield from places(below, others, (*path, key))


def with_value(path, value):
    """Return the base config with a value at a path, the mappings on the way made where missing."""
    changed = copy.deepcopy(BASE)
    node = changed
    for key in path[:-1]:
        if not isinstance(node.get(key), dict):
            node[key] = {}
        node = node[key]
    node[path[-1]] = value
    return changed


PATHS = [
    path
    for path in dict.fromkeys(places(BASE, schema.schema()))
    # a dataset of three kinds at once is one message about that, whatever the key
    if len({"source", "spikes", "task"} & set(path[2:3])) <= 1
]


def of_config(kind):
    """Give each key of the config a bad value of a kind.

    Returns
    -------
    n_refused : int
    example : str
        The message where `EXAMPLE` has the value.

    Raises
    ------
    AssertionError
        Anything but a plan or one message, in time, with the config as it was.
    """
    messages = {}
    for path in PATHS:
        raw = with_value(path, BAD[kind])
        kept = copy.deepcopy(raw)
        start = time.monotonic()
        try:
            plan = Plan(config.load(raw))
            for dataset in plan.own:
                x, y = next(iter(dataset.tiles))
                job = plan.job("embed", dataset=dataset.name, x=str(x), y=str(y))
                assert job.mem_mb(1, 1) > 0
        except InputError as error:
            messages[path] = str(error)
            assert len(str(error)) < 3000, (path, error)
            assert "Traceback" not in str(error) and str(error).strip()
        except Exception as error:
            raise AssertionError(f"{'.'.join(map(str, path))} = {kind}: {error!r}") from error
        assert time.monotonic() - start < SLOW_S, (path, kind)
        assert str(raw) == str(kept)  # nan is not itself
    return len(messages), messages.get(EXAMPLE, "planned")


# ---- by hand


def run(dataset, **more):
    """Do what a run does with a dataset before anything is estimated."""
    plan = Plan(config.load({"datasets": {"d": dataset}} | more))
    about, job = plan.job("describe", dataset="d"), plan.job("project", dataset="d", block="0")
    check_memory(job.mem_mb(1, 1))
    overview.describe("d", about.data, about.missing, about.seed)
    project(
        "block.h5",
        dataset=job.data,
        dataset_name="d",
        variables=job.variables,
        settings=job.settings,
        seed=job.seed,
    )


def table(text="", **more):
    """Run on the table of 100 samples of a, b, c, d that is there, or on a text."""
    if text:
        Path("t.csv").write_text(text)
    run({"source": "t.csv"} | more)


def strata(content, name="l.csv"):
    """Run on the table with strata from a file."""
    Path(name).write_bytes(content)
    table(strata={"table": name, "column": "batch"})


def spikes(times, **more):
    """Run on a recording of two units."""
    np.savez("s.npz", times=times, units=np.arange(len(times)) % 2)
    run({"spikes": {"source": "s.npz"} | more})


def hdf5(write):
    """Run on an HDF5 file that a function writes."""
    np.save("other.npy", np.zeros((100, 3)))
    with h5py.File("other.h5", "w") as file:
        file["m"] = np.random.default_rng(0).normal(size=(100, 3))
    with h5py.File("m.h5", "w") as file:
        write(file)
    run({"source": "m.h5"})


def virtual(file):
    """Write a dataset that lies in another file."""
    layout = h5py.VirtualLayout((100, 3), "f8")
    layout[:] = h5py.VirtualSource("other.h5", "m", (100, 3))
    file.create_virtual_dataset("m", layout)


def sparse(change):
    """Run on a sparse matrix after a change of its parts."""
    parts = {"indptr": np.arange(121), "indices": np.arange(120) % 3, "data": np.ones(120)}
    change(parts)
    with h5py.File("m.h5", "w") as file:
        group = file.create_group("m")
        group.attrs["shape"] = (120, 3)
        group.attrs["encoding-type"] = "csr_matrix"
        for name, values in parts.items():
            group[name] = values
    run({"source": "m.h5"})


def lying_header():
    """Run on a .npy file whose header tells of more than there is."""
    with open("m.npy", "wb") as file:
        shape = {"descr": "<f8", "fortran_order": False, "shape": (10**6, 10**3)}
        np.lib.format.write_array_header_1_0(file, shape)
        file.write(bytes(1000))
    run({"source": "m.npy"})


def archive_twice():
    """Run on an .npz archive with two arrays of one name."""
    with zipfile.ZipFile("m.npz", "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile's own
        for number in range(2):
            content = io.BytesIO()
            np.save(content, np.random.default_rng(number).normal(size=(100, 3)))
            archive.writestr("m.npy", content.getvalue())
    run({"source": "m.npz"})


def text(content):
    """Read a config file."""
    Path("c.yaml").write_bytes(content.encode() if isinstance(content, str) else content)
    yaml_file.read("c.yaml")


def estimate(x=None, y=None, **options):
    """Call lmi.estimate."""
    x = np.random.default_rng(1).normal(size=(60, 2)) if x is None else x
    lmi.estimate(x, x if y is None else y, **options)


TIMES = np.sort(np.random.default_rng(2).uniform(0, 100, 500))
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"b{i}: &b{i} [{', '.join([f'*b{i - 1}' if i else '*a'] * 10)}]\n" for i in range(12)
)
N = "a,b\n" + "".join(f"{i},{i * i % 7}\n" for i in range(100))
HAND = {
    "a key of YAML twice": lambda: text("estimate: {k: 3}\nestimate: {k: 5}\n"),
    "a YAML bomb": lambda: text(BOMB),
    "a YAML tag that runs code": lambda: text("run: !!python/object/apply:os.system [id]\n"),
    "a config in UTF-16": lambda: text("run: a\n".encode("utf-16")),
    "a config nested 1,000 deep": lambda: text("[" * 1000),
    "a seed of 2^64": lambda: run({"source": "t.csv"}, seed=2**64),
    "a dataset's name with a line break": lambda: Plan(
        config.load({"datasets": {"a\nb": {"source": "t.csv"}}})
    ),
    "a name of 300 letters": lambda: table(variables={"list": {"x" * 300: ["a"], "y": ["b"]}}),
    "a variable of unknown features": lambda: table(variables={"list": {"p": ["a"], "q": ["B"]}}),
    "a file that is not there": lambda: run({"source": "absent.csv"}),
    "a folder in place of a file": lambda: (os.makedirs("f.csv"), run({"source": "f.csv"})),
    "a pipe in place of a file": lambda: (os.mkfifo("p.csv"), run({"source": "p.csv"})),
    "an empty table": lambda: table(" "),
    "text among numbers": lambda: table(N.replace("50,", "fifty,")),
    "a value that is missing": lambda: table(N.replace("50,", ",")),
    "a heading twice": lambda: table(
        "a,a\n" + "".join(f"{i % 5},{i * i % 7}\n" for i in range(100))
    ),
    "too few samples": lambda: table("a,b\n1,2\n3,5\n"),
    "a column that numbers the samples": lambda: table(
        "cell,a,b\n" + "".join(f"{i},{i % 7},{i % 5}\n" for i in range(100))
    ),
    "a web page under the name of a table": lambda: table("<!doctype html><html></html>"),
    "labels without the column": lambda: strata(b"type\n" + b"x\n" * 100),
    "labels of fewer samples": lambda: strata(b"batch\n" + b"x\n" * 99),
    "a label that is missing": lambda: strata(b"cell,batch\n0,\n" + b"1,x\n" * 99),
    "labels in an unknown format": lambda: strata(b"batch", "l.json"),
    "spike times of 1e15 s": lambda: spikes(TIMES * 1e13),
    "windows a nanosecond apart": lambda: spikes(TIMES, stride_ms=1e-6),
    "spike times that are not finite": lambda: spikes(np.r_[TIMES, np.inf]),
    "a billion principal components": lambda: run(
        {"source": "t.csv"}, project={"n_components": 10**9}
    ),
    "a million variables of a feature each": lambda: hdf5(
        lambda file: file.create_dataset("m", (10**9, 10**6), chunks=(1, 10**4), dtype="f4")
    ),
    "a file that ends early": lying_header,
    "a link to another file": lambda: hdf5(
        lambda file: file.__setitem__("m", h5py.ExternalLink("other.h5", "/m"))
    ),
    "numbers stored outside of the file": lambda: hdf5(
        lambda file: file.create_dataset(
            "m", (100, 3), dtype="f8", external=[("other.npy", 128, 2400)]
        )
    ),
    "a virtual dataset of another file": lambda: hdf5(virtual),
    "a matrix of which a half was never written": lambda: hdf5(
        lambda file: file.create_dataset("m", (100, 3), "f8", chunks=(10, 3)).__setitem__(
            slice(50), np.random.default_rng(0).normal(size=(50, 3))
        )
    ),
    "an array that an archive holds twice": archive_twice,
    "-9999 where there is no value": lambda: table(
        "a,b\n" + "".join(f"{-9999 if i in (50, 60, 70) else i},{i * i % 7}\n" for i in range(100))
    ),
    "a word in a first column of numbers": lambda: table(
        "a,b\n" + "".join(f"{i / 7:.3f},{i * i % 7}\n" for i in range(99)) + "off,3\n"
    ),
    "a negative index of a sparse matrix": lambda: sparse(
        lambda parts: parts["indices"].__setitem__(5, -1)
    ),
    "pointers of a sparse matrix that end early": lambda: sparse(
        lambda parts: parts["indptr"].__setitem__(-1, 100)
    ),
    "Python: strata that are missing": lambda: estimate(strata=[None] + ["a"] * 59),
    "Python: as many strata as samples": lambda: estimate(strata=np.arange(60)),
    "Python: samples that do not fit": lambda: estimate(np.zeros((60, 1)), np.zeros((59, 1))),
    "Python: NaN": lambda: estimate(np.full((60, 1), np.nan)),
    "Python: -9999 where there is no value": lambda: estimate(
        np.where(np.arange(60) < 9, -9999.0, np.random.default_rng(1).normal(size=60))
    ),
    "Python: complex numbers": lambda: estimate(np.ones((60, 1)) * 1j),
    "Python: masked values": lambda: estimate(np.ma.masked_less(np.arange(60.0), 5)),
    "Python: an unknown option": lambda: estimate(permutations=9),
    "Python: a negative seed": lambda: estimate(seed=-1),
}


def by_hand(kind):
    """Return the message that a mistake made by hand gets, one line.

    Raises
    ------
    AssertionError
        Where nothing was refused, or in anything but one message.
    """
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        values = np.random.default_rng(0).normal(size=(100, 4))
        pd.DataFrame(values, columns=list("abcd")).to_csv("t.csv", index=False)
        try:
            HAND[kind]()
        except InputError as error:
            message = str(error)
        except Exception as error:
            raise AssertionError(f"{kind}: {error!r}") from error
        else:
            raise AssertionError(f"{kind}: expected a message, found none")
        # folders of this trial and of the machine are not of the message
        return message.replace(os.path.realpath(folder), "FOLDER").replace(folder, "FOLDER")


# ---- the page


def cell(message):
    """Return a message as a cell of a table of a page, shortened."""
    message = " ".join(message.split()).replace("|", "\\|").replace("`", "'").replace("<", "&lt;")
    return message if len(message) <= LONGEST else f"{message[: LONGEST - 1]}…"


def config_row(kind, example):
    """Return the row of a kind of bad value."""
    return f"| {kind} | {cell(example)} |"


def hand_row(kind):
    """Return the row of a mistake made by hand."""
    return f"| {kind} | {cell(by_hand(kind))} |"


def main():
    """Write the tables of the page anew."""
    page = PAGE.read_text(encoding="utf-8")
    tables = {
        "config": [config_row(kind, of_config(kind)[1]) for kind in BAD],
        "hand": [hand_row(kind) for kind in HAND],
    }
    for name, rows in tables.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        head, _, rest = page.partition(begin)
        old, mark, tail = rest.partition(end)
        if not mark:
            sys.exit(f"{PAGE}: expected the marks '{begin.strip()}' and '{end}', found none")
        titles = old.splitlines()[:2]
        page = head + begin + "\n".join([*titles, *rows]) + "\n" + end + tail
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
