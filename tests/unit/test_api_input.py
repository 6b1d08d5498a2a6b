"""What `lmi.estimate` is given: joined by name, read right, or refused in one sentence."""

import warnings
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import lmi
import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from lmi import api_input
from lmi.base import arrays
from lmi.base.errors import InputError
from scipy.sparse import csr_array

SCHEMA = Path(api_input.__file__).parent / "planning" / "config.schema.yaml"
N = 120
RNG = np.random.default_rng(0)
X = RNG.standard_normal((N, 3))
Y = X[:, :1] + RNG.standard_normal((N, 2))
NAMES = [f"c{i}" for i in range(N)]
MIX = np.random.default_rng(1).permutation(N)


def read(x, y, labels=None):
    """Read without a word: a warning is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return api_input.read(x, y, labels)


# ---- rows joined by name


@pytest.mark.parametrize(
    "names", [NAMES, range(N), range(7, N + 7), pd.date_range("2026", None, N)]
)
def test_frames_in_another_order_are_aligned_by_name_and_it_is_said(names):
    left, right = pd.DataFrame(X, index=names), pd.DataFrame(Y, index=names)
    labels = pd.Series(np.arange(N) % 3, index=names)
    with pytest.warns(UserWarning, match="Ys: the rows have the names of Xs in another order"):
        x, y, _, _ = api_input.read(left, right.iloc[MIX], None)
    assert np.array_equal(x, X) and np.array_equal(y, Y)
    with pytest.warns(UserWarning, match="strata: .*in another order"):
        _, _, _, codes = api_input.read(left, Y, labels.iloc[MIX])
    assert np.array_equal(codes, np.arange(N) % 3)


def test_results_are_in_the_order_of_the_first():
    left, right = pd.DataFrame(X, index=NAMES), pd.DataFrame(Y, index=NAMES)
    options = {"n_permutations": 0, "error_bars": False}
    expected = lmi.estimate(left, right, **options)
    with pytest.warns(UserWarning, match="aligned by name"):
        found = lmi.estimate(left, right.iloc[MIX], **options)
    assert np.array_equal(found.pmis, expected.pmis)


def test_the_same_names_in_the_same_order_are_fine_though_they_repeat():
    twice = [f"c{i // 2}" for i in range(N)]
    _, y, _, _ = read(pd.DataFrame(X, index=twice), pd.DataFrame(Y, index=twice))
    assert np.array_equal(y, Y)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([f"d{i}" for i in range(N)], "120 that only Xs has .*120 that only Ys has"),
        ([*NAMES[1:], "new"], "1 that only Xs has .'c0'. and 1 that only Ys has .'new'."),
        ([*NAMES[1:], "c1"], "each row name once.*1 names several times in Ys, such as 'c1'"),
    ],
)
def test_names_that_differ_or_repeat_are_one_message(names, words):
    with pytest.raises(InputError, match=words):
        read(pd.DataFrame(X, index=NAMES), pd.DataFrame(Y, index=names))
    with pytest.raises(InputError, match=words.replace("Ys", "strata")):
        read(pd.DataFrame(X, index=NAMES), Y, pd.Series(np.arange(N) % 2, index=names))


def test_fewer_samples_on_one_side_are_told_by_name():
    with pytest.raises(InputError, match="10 that only Xs has"):
        read(pd.DataFrame(X, index=NAMES), pd.DataFrame(Y, index=NAMES).iloc[10:])


def test_integer_names_that_lost_rows_are_not_paired_by_position():
    with pytest.raises(InputError, match="expected the same row names"):
        read(pd.DataFrame(X), pd.DataFrame(Y, index=range(1, N + 1)))


@pytest.mark.parametrize("other", [Y, pd.DataFrame(Y), torch.tensor(Y), Y.tolist()])
def test_names_against_none_are_paired_by_position(other):
    for pair in ((pd.DataFrame(X, index=NAMES), other), (other, pd.DataFrame(X, index=NAMES))):
        x, y, _, _ = read(*pair)
        assert {x.shape, y.shape} == {X.shape, Y.shape}


def test_strata_follow_the_names_of_whichever_side_has_some():
    labels = pd.Series(np.arange(N) % 3, index=NAMES).iloc[MIX]
    for pair in (
        (X, pd.DataFrame(Y, index=NAMES)),
        (pd.DataFrame(X), pd.DataFrame(Y, index=NAMES)),
    ):
        with pytest.warns(UserWarning, match="strata: the rows have the names of Ys"):
            _, _, _, codes = api_input.read(*pair, labels)
        assert np.array_equal(codes, np.arange(N) % 3)


def test_objects_with_obs_names_are_joined_as_frames_are():
    data = SimpleNamespace(X=csr_array(Y[MIX]), obs_names=pd.Index(NAMES)[MIX])
    with pytest.warns(UserWarning, match="aligned by name"):
        _, y, _, _ = api_input.read(pd.DataFrame(X, index=[n.encode() for n in NAMES]), data, None)
    assert np.array_equal(y, Y)


# ---- values


@pytest.mark.parametrize(
    "make",
    [
        np.ma.array,
        csr_array,
        lambda x: torch.tensor(x).to_sparse(),
        lambda x: torch.tensor(x).to_sparse_csr(),
        lambda x: torch.tensor(x, requires_grad=True),
        lambda x: [torch.tensor(row) for row in x],
        lambda x: pd.DataFrame(x).astype("Float64"),
        lambda x: pd.DataFrame(x).astype(pd.SparseDtype(float)),
        lambda x: x.astype(object),
        lambda x: np.array([[Decimal(v) for v in row] for row in x.tolist()]),
        lambda x: SimpleNamespace(X=x, obs_names=pd.Index(NAMES)),
    ],
)
def test_every_container_is_what_it_holds(make):
    assert np.array_equal(arrays.matrix("Xs", make(X)), X)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float8_e5m2, torch.int8])
def test_tensors_of_any_type_are_read(dtype):
    tensor = torch.tensor(X * 4).to(dtype)
    assert np.array_equal(arrays.matrix("Xs", tensor), tensor.to(torch.float64).numpy())


def test_columns_of_integers_and_booleans_are_read():
    frame = pd.DataFrame({"a": pd.array([1, 2, 3], "Int64"), "b": [True, False, True]})
    assert np.array_equal(arrays.matrix("Xs", frame), [[1, 1], [2, 0], [3, 1]])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.ma.masked_greater(X, 1), "masked"),
        ([np.ma.masked_greater(row, 0) for row in X], "masked"),
        (pd.DataFrame({"a": pd.array([1, None, 3], "Int64")}), "1 NaN .* first at row 1, column 0"),
        (pd.DataFrame({"a": ["u", "v"], "b": [1, 2]}), "entries of the type str"),
        (pd.DataFrame({"a": pd.Categorical(["u", "v"])}), "entries of the type str"),
        (np.array([["1", "2"]]), "text"),
        (pd.DataFrame({"a": pd.date_range("2026", periods=3)}), "dates"),
        (np.array([Decimal(1), Decimal("NaN")]), "1 NaN"),
        ([[1, 2], [3]], "found list"),
        (np.array([[1], [2, 3]], dtype=object), "entries of the type list"),
        ([10**400, 1], "found list"),
        (torch.zeros(3, dtype=torch.complex64), "complex"),
        (torch.zeros(3, device="meta"), "found Tensor"),
        ({"a": 1}, "found dict"),
        (None, r"found \(\)"),
        (3.5, r"found \(\)"),
        ("abc", "text"),
        (object(), "found object"),
        (iter([1, 2]), "found list_iterator"),
        (np.zeros(3, dtype=[("a", float), ("b", int)]), "found ndarray"),
    ],
)
def test_what_is_no_matrix_of_numbers_is_one_message(values, words):
    with pytest.raises(InputError, match=f"Xs: .*{words}"):
        arrays.matrix("Xs", values)


# ---- strata


@pytest.mark.parametrize(
    "make",
    [
        list,
        np.array,
        torch.tensor,
        pd.Series,
        pd.Categorical,
        lambda codes: np.array([b"a", b"b", b"c"])[codes],
        lambda codes: np.array(["None", "NA", "x"])[codes],
        lambda codes: np.array([0.5, 1.0, 1.5])[codes],
        lambda codes: pd.Series(codes).astype("Int64"),
    ],
)
def test_labels_of_any_type_are_groups(make):
    codes = np.arange(N) % 3
    names, found = api_input.strata(make(codes), N)
    assert len(names) == 3
    assert len({*zip(codes, found, strict=True)}) == 3


@pytest.mark.parametrize("missing", [np.nan, None, pd.NA, pd.NaT, "", "  ", float("inf")])
@pytest.mark.parametrize("make", [list, pd.Series, np.array])
def test_a_missing_label_is_no_stratum(missing, make):
    labels = ["a", "b"] * (N // 2)
    labels[3] = missing
    if make is np.array and isinstance(missing, float) and np.isinf(missing):
        pytest.skip("numpy makes text of it")
    with pytest.raises(InputError, match=r"strata: .*1 missing ones .*first at row 3"):
        api_input.strata(make(labels), N)


def test_several_missing_labels_are_told_as_missing():
    labels = pd.Series(["a", "b"] * 30).where(np.arange(60) > 2)  # NaN, none equal to another
    with pytest.raises(InputError, match=r"3 missing ones .* first at row 0"):
        api_input.strata(labels, 60)


def test_masked_and_missing_numbers_are_no_stratum():
    labels = np.arange(N) % 3
    with pytest.raises(InputError, match=r"strata: .*masked"):
        api_input.strata(np.ma.masked_equal(labels, 2), N)
    with pytest.raises(InputError, match="40 missing ones"):
        api_input.strata(np.where(labels == 2, np.nan, labels), N)


@pytest.mark.parametrize("labels", [np.arange(N), np.arange(N) // 2 * (np.arange(N) % 3), NAMES])
def test_strata_of_one_sample_are_refused(labels):
    if len(set(labels)) < N:
        labels = np.where(np.arange(N) < 61, np.arange(N), 500)
    with pytest.raises(
        InputError, match=r"for 120 samples, (120|61) of them of one sample. .*coarser"
    ):
        api_input.strata(labels, N)


def test_a_continuous_column_is_refused():
    with pytest.raises(InputError, match=r"continuous column|of one sample"):
        api_input.strata(X[:, 0], N)
    paired = np.repeat(X[: N // 2, 0], 2)
    paired = np.r_[paired[:-2], X[-1, 0], X[-2, 0]]
    with pytest.raises(InputError, match="continuous column: 61 different values for 120 samples"):
        api_input.strata(paired, N)


@pytest.mark.parametrize(
    "labels", [3, "abc", {"a": 1}, [0, 1], [[0, 1]] * N, [[0]] * (N - 1) + [[1, 2]], object()]
)
def test_what_is_no_label_a_sample_is_one_message(labels):
    with pytest.raises(InputError, match="strata: expected"):
        api_input.strata(labels, N)


# ---- options


def defaults(section):
    return {name: one["default"] for name, one in section["properties"].items() if "default" in one}


def test_settings_have_the_names_and_defaults_of_the_config():
    embed = yaml.safe_load(SCHEMA.read_text())["properties"]["embed"]
    for made, section in (
        (api_input.DefaultSettings(), embed),
        (api_input.PaperSettings(), embed["properties"]["paper"]),
    ):
        known = defaults(section)
        for field in fields(made):
            assert known[field.name] == getattr(made, field.name), field.name


def test_the_documented_names_and_those_of_the_config_are_the_same_options():
    documented = {"N_dims": 2, "epochs": 4, "lr": 0.01, "validation_split": 0.25}
    config = {"n_latent": 2, "max_epochs": 4, "learning_rate": 0.01, "validation_split": 0.25}
    made = api_input.settings("paper", documented)
    assert made == api_input.settings("paper", config)
    assert made == api_input.settings(api_input.PaperSettings(**config), {"lr": None})
    assert made.batch_size == api_input.PaperSettings().batch_size


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"epoch": 3}, "epoch: .*Did you mean epochs"),
        ({"lr": 1e-3, "learning_rate": 1e-3}, "once"),
        ({"lr": 0}, "lr: expected a number above 0 .*found 0"),
        ({"alpha": float("inf")}, "alpha: expected"),
        ({"quiet": "no"}, "quiet: expected True or False, found 'no'"),
        ({"time_series": np.zeros(3)}, "time_series: expected True or False"),
        ({"seed": 2**64}, "seed: expected an integer .*at most 18446744073709551615"),
        ({"seed": True}, "seed: expected an integer"),
        ({"preset": ["paper"]}, "preset: expected one of"),
        ({"preset": np.zeros(3)}, "preset: expected one of"),
        ({"preset": api_input.PaperSettings(n_latent=0)}, "n_latent: expected an integer"),
        ({"train": ["auto"]}, "train: expected one of"),
    ],
)
def test_a_bad_option_is_one_message(options, words):
    with pytest.raises(InputError, match=words):
        lmi.estimate(X, Y, **options)


ODD = (None, "x", -1, 0, 1.5, 10**30, float("nan"), True, [], {}, np.zeros(3), object(), b"x", 2j)
ARGUMENTS = ("Xs", "Ys", "strata", "preset", *api_input.LIMITS, *api_input.DOCUMENTED)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_an_odd_argument_is_a_result_or_one_message(name):
    given = {"Xs": X[:, :1], "Ys": Y[:, :1], "preset": "paper", "epochs": 1, "n_permutations": 0}
    given |= {"error_bars": False}
    if name == "max_epochs":
        del given["epochs"]
    for value in ODD:
        try:
            assert isinstance(lmi.estimate(**(given | {name: value})), lmi.Result)
        except InputError as error:
            assert str(error).startswith((f"{name}:", "Xs, Ys:")), value
