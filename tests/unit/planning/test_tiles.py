"""Tiles against listing every pair, at every block size; and every bad choice of pairs."""

import re
from itertools import combinations

import pytest
from lmi.base.errors import InputError
from lmi.data.variable import Variable
from lmi.planning import tiles

NAMES = ("b cell", "t cell", "nk", "mono 14", "mono 16", "dc", "mk")
SIZES = [1, 2, 3, 4, 7, 10]


def some_variables(names=NAMES):
    return [Variable(name, (name,)) for name in names]


def pairs_found(dataset, variables, size):
    """Return the pairs of all tiles as positions, after checking that tiles are what they claim."""
    cut = tiles.blocks(variables, size)
    position = {variable.name: index for index, variable in enumerate(variables)}
    found = []
    listed = tiles.tiles(dataset, variables, size)
    assert listed == sorted(set(listed))
    for i, j in listed:
        pairs = tiles.tile_pairs(dataset, variables, size, i, j)
        assert i <= j or "lags" in dataset
        assert pairs, "a tile without pairs"
        assert pairs == sorted(pairs)
        found += [(position[cut[i][a].name], position[cut[j][b].name]) for a, b in pairs]
    assert len(found) == len(set(found))
    assert all(a < b for a, b in found) or "lags" in dataset
    return set(found)


def write(tmp_path, text, name="pairs.tsv"):
    (tmp_path / name).write_text(text)
    return {"pairs": {"file": str(tmp_path / name)}}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("n", [2, 3, 6, 7])
def test_all(n, size):
    found = pairs_found({"pairs": "all"}, some_variables(NAMES[:n]), size)
    assert found == set(combinations(range(n), 2))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "groups, left, right",
    [
        ([["b cell"], ["mono*"]], {0}, {3, 4}),
        ([["mk", "dc"], ["b cell"]], {6, 5}, {0}),
        ([["*"], ["nk"]], set(range(7)), {2}),
        ([["mono 1[46]", "dc"], ["mono 14", "d?"]], {3, 4, 5}, {3, 5}),
    ],
)
def test_between(size, groups, left, right):
    expected = {(min(a, b), max(a, b)) for a in left for b in right if a != b}
    assert pairs_found({"pairs": {"between": groups}}, some_variables(), size) == expected


def test_an_exact_name_wins_over_the_pattern_it_looks_like():
    variables = some_variables(("a*", "ab", "c"))
    assert pairs_found({"pairs": {"between": [["a*"], ["c"]]}}, variables, 2) == {(0, 2)}


@pytest.mark.parametrize("size", SIZES)
def test_file(tmp_path, size):
    dataset = write(tmp_path, "why\ty\tx\n1\tmk\tb cell\n\n2\tnk\tmono 16\n3\tt cell\tb cell\n")
    assert pairs_found(dataset, some_variables(), size) == {(0, 6), (2, 4), (0, 1)}


def test_file_of_commas(tmp_path):
    dataset = write(tmp_path, "x,y\nmk,nk\n", "pairs.csv")
    assert pairs_found(dataset, some_variables(), 2) == {(2, 6)}


def test_a_changed_file_is_read_anew(tmp_path):
    assert pairs_found(write(tmp_path, "x\ty\nmk\tnk\n"), some_variables(), 2) == {(2, 6)}
    dataset = write(tmp_path, "x\ty\nmk\tnk\ndc\tnk\n")
    assert pairs_found(dataset, some_variables(), 2) == {(2, 6), (2, 5)}


@pytest.mark.parametrize("size", SIZES)
def test_shifted(size):
    names = [name for i in range(5) for name in (f"unit{i}", f"unit{i}@+10s")]
    dataset = {"pairs": "shifted", "spikes": {"shift_s": 10.0}}
    found = pairs_found(dataset, some_variables(names), size)
    assert found == {(2 * i, 2 * i + 1) for i in range(5)}


@pytest.mark.parametrize("size", SIZES)
def test_with_lags_pairs_have_the_direction_that_the_config_says(tmp_path, size):
    lags = {"lags": [0, 1]}
    listed = write(tmp_path, "x\ty\nmk\tb cell\nb cell\tdc\nmono 14\tnk\n") | lags
    assert pairs_found(listed, some_variables(), size) == {(6, 0), (0, 5), (3, 2)}
    between = {"pairs": {"between": [["mk", "dc"], ["b cell", "dc"]]}} | lags
    # dc is in both groups: with mk it is y, with b cell x
    assert pairs_found(between, some_variables(), size) == {(6, 0), (6, 5), (5, 0)}
    every = {"pairs": {"between": [["*"], ["*"]]}} | lags
    assert pairs_found(every, some_variables(), size) == set(combinations(range(7), 2))


def test_blocks():
    variables = some_variables()
    cut = tiles.blocks(variables, 3)
    assert [len(block) for block in cut] == [3, 3, 1]
    assert [variable for block in cut for variable in block] == variables


def test_a_million_pairs_are_1035_tiles():
    variables = some_variables([f"v{i}" for i in range(1414)])
    assert len(tiles.tiles({"pairs": "all"}, variables, 32)) == 1035
    assert len(tiles.tile_pairs({"pairs": "all"}, variables, 32, 3, 3)) == 32 * 31 // 2
    assert len(tiles.tile_pairs({"pairs": "all"}, variables, 32, 0, 44)) == 32 * 6


def test_an_explicit_list_touches_only_its_tiles(tmp_path):
    variables = some_variables([f"v{i}" for i in range(1414)])
    dataset = write(tmp_path, "x\ty\nv0\tv1413\nv33\tv40\nv1\tv2\n")
    assert tiles.tiles(dataset, variables, 32) == [(0, 0), (0, 44), (1, 1)]


def test_an_appended_variable_adds_tiles_and_leaves_the_others():
    before, after = some_variables(NAMES[:6]), some_variables(NAMES[:7])
    for pairs in ("all", {"between": [["b*"], ["*"]]}):
        dataset = {"pairs": pairs}
        old = tiles.tiles(dataset, before, 3)
        assert set(old) < set(tiles.tiles(dataset, after, 3))
        for i, j in old:
            assert tiles.tile_pairs(dataset, before, 3, i, j) == tiles.tile_pairs(
                dataset, after, 3, i, j
            )


# ---- bad choices


def test_one_variable_makes_no_pair():
    with pytest.raises(InputError, match="a pair takes two, found 1: b cell"):
        tiles.tiles({"pairs": "all"}, some_variables(NAMES[:1]), 3)


def test_unknown_name_in_a_group():
    with pytest.raises(
        InputError, match=r"group 2: no variable is called 'nkk' \(did you mean 'nk'"
    ):
        tiles.tiles({"pairs": {"between": [["dc"], ["nkk"]]}}, some_variables(), 3)
    with pytest.raises(InputError, match=r"group 1: no variable is called 'z\*'"):
        tiles.tiles({"pairs": {"between": [["z*"], ["nk"]]}}, some_variables(), 3)


def test_groups_of_one_and_the_same_variable():
    with pytest.raises(InputError, match="both groups are the single variable 'nk'"):
        tiles.tiles({"pairs": {"between": [["nk"], ["n*"]]}}, some_variables(), 3)


@pytest.mark.parametrize(
    "text, message",
    [
        (
            "x\ty\nnk\tdcc\n",
            r"1 of its names are no variables: 'dcc' in line 2 \(did you mean 'dc'",
        ),
        ("x\ty\nnk\tnk\n", "line 2: 'nk' is paired with itself"),
        ("x\ty\nnk\tdc\ndc\tnk\n", "line 3: 'dc' and 'nk' are a pair already in line 2"),
        ("x\tz\nnk\tdc\n", "expected the columns x and y, split by tabs; found x, z"),
        ("x\ty\nnk\n", "line 2: the column 'y' is empty"),
        ("x\ty\n", "at least one row below the header"),
    ],
)
def test_bad_files(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        tiles.tiles(write(tmp_path, text), some_variables(), 3)


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match=r"pairs file .*no such file"):
        tiles.tiles({"pairs": {"file": str(tmp_path / "none.tsv")}}, some_variables(), 3)


def test_shifted_without_a_shift():
    for dataset in ({"pairs": "shifted"}, {"pairs": "shifted", "spikes": {"shift_s": 0}}):
        with pytest.raises(
            InputError, match=r"`shifted` needs units with a shift; set spikes.shift"
        ):
            tiles.tiles(dataset, some_variables(), 3)


@pytest.mark.parametrize(
    ("n_variables", "n_samples", "n_features", "expected"),
    [
        (2, 700, 1, 16),
        (128, 700, 1, 16),
        (129, 700, 1, 32),
        (765, 700, 1, 128),
        (2000, 700, 1, 256),
        (100_000, 700, 1, 256),
        (2000, 100_000, 1, 32),
        (765, 700, 50, 64),
        (2000, 10_000, 100, 16),
        (2, 100_000, 10_000, 1),
        (64, 5_000, 20_000, 2),
        (2000, 10_000, 10_000, 16),  # smaller blocks would be too many tiles
    ],
)
def test_blocks_grow_with_the_variables_and_shrink_with_the_samples(
    n_variables, n_samples, n_features, expected
):
    assert tiles.block_size(n_variables, n_samples, n_features) == expected


def test_blocks_that_make_more_jobs_than_can_be_planned_are_refused():
    variables = [Variable(f"g{i}") for i in range(2000)]
    with pytest.raises(InputError, match="at least 11 for all pairs of 2,000 variables, found 10"):
        tiles.check_size({"pairs": "all"}, variables, 10)
    tiles.check_size({"pairs": {"between": [["g1"], ["*"]]}}, variables, 1)
    # the size that is advised is the least that is not refused
    for n in (500, 765, 1414, 2000):
        with pytest.raises(InputError) as told:
            tiles.check_size({"pairs": "all"}, variables[:n], 1)
        least = int(re.search(r"at least (\d+) ", str(told.value))[1])
        tiles.check_size({"pairs": "all"}, variables[:n], least)
        with pytest.raises(InputError):
            tiles.check_size({"pairs": "all"}, variables[:n], least - 1)


@pytest.mark.parametrize(
    "pairs", ["all", {"between": [["b cell", "t cell"], ["*"]]}, {"between": [["mk"], ["d?"]]}]
)
def test_pairs_are_counted_as_they_are_listed(pairs):
    dataset, variables = {"pairs": pairs}, some_variables()
    assert tiles.count(dataset, variables) == len(pairs_found(dataset, variables, 3))


def test_pairs_of_a_file_are_counted(tmp_path):
    dataset = write(tmp_path, "x\ty\nb cell\tnk\ndc\tmk\n")
    assert tiles.count(dataset, some_variables()) == 2
