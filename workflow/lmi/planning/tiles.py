"""Blocks, tiles and pairs: pure functions of the config and the variables' names.

Nothing here lists the pairs of a whole run: with the pairs `all`, a million of them are planned as
quickly as ten. With lags a pair has a direction, y later than x: that of the config, whatever the
order of the variables.
"""

import functools
import json
import math
import random
from fnmatch import fnmatchcase
from itertools import combinations, combinations_with_replacement, product

from lmi.base.errors import InputError
from lmi.data.feature_groups import read_columns
from lmi.data.sources import check_file, some, stamp, suggest
from lmi.data.unit_variables import shifted_name

TILES_PER_PART = 250
"""Estimate files that are joined into one before all are: no job reads more than that many."""
BLOCK_SIZES = (16, 32, 64, 128, 256)
"""Sizes that are chosen from. Powers of two: a few variables more rarely make it another one."""
MOST_BLOCKS = 8
"""Blocks of a dataset, where they need not be smaller."""
TILE_VALUES = 2**28
"""Most coordinates of the pairs of a tile: 1 GB."""
BLOCK_VALUES = 2**28
"""Most values of the features of a block of several variables, where that makes no more tiles than
`MOST_TILES`."""
MOST_TILES = 20_000
"""Tiles that a size of blocks may make which the config names: two minutes of planning."""
N_TILES = 4
"""Pairs are chosen from at most this many tiles for each: a run's pairs are never all listed."""


def block_size(n_variables, n_samples, n_features):
    """Choose the size of blocks.

    Parameters
    ----------
    n_variables, n_samples : int
    n_features : int
        Of the widest variable.

    Returns
    -------
    int
        One of `BLOCK_SIZES`, or less where variables are very wide.
    """
    enough = [size for size in BLOCK_SIZES if n_variables <= MOST_BLOCKS * size]
    size = enough[0] if enough else BLOCK_SIZES[-1]
    # of two encoders of two sides; those of single features are one
    each = n_samples * (2 if n_features == 1 else 4 * min(n_features, 16))
    while size > BLOCK_SIZES[0] and size**2 * each > TILE_VALUES:
        size //= 2
    while (
        size > 1
        and min(size, n_variables) * n_samples * n_features > BLOCK_VALUES
        and _n_tiles(n_variables, size // 2) <= MOST_TILES
    ):
        size //= 2
    return size


def _n_tiles(n_variables, block_size):
    """Return how many tiles all pairs of variables make."""
    n_blocks = -(-n_variables // block_size)
    return n_blocks * (n_blocks + 1) // 2


def check_size(dataset, variables, block_size):
    """Refuse a size of blocks that makes more jobs than Snakemake can plan.

    Parameters
    ----------
    dataset, variables, block_size
        As of `tiles`.

    Raises
    ------
    InputError
        More than `MOST_TILES` tiles of all pairs.
    """
    n_tiles = _n_tiles(len(variables), block_size)
    if dataset.get("pairs", "all") != "all" or n_tiles <= MOST_TILES:
        return
    most_blocks = (math.isqrt(8 * MOST_TILES + 1) - 1) // 2
    least = -(-len(variables) // most_blocks)
    raise InputError(
        f"block_size: expected auto, or at least {least} for all pairs of {len(variables):,} "
        f"variables, found {block_size}: {n_tiles:,} tiles, each a job of embed and one of "
        "estimate, which Snakemake would plan for hours. Leave block_size out, and it is chosen"
    )


def count(dataset, variables):
    """Return the number of pairs of a dataset, without listing those of a kind.

    Parameters
    ----------
    dataset : dict
        A validated dataset of the config.
    variables : list of Variable
    """
    names = tuple(variable.name for variable in variables)
    kind, content = _pairs(dataset, names)
    if kind == "all":
        return len(names) * (len(names) - 1) // 2
    if kind == "between":
        left, right = content
        both = len(left & right)
        return len(left) * len(right) - both * (both + 1) // 2
    return sum(map(len, _by_tile(content, names, len(names)).values()))


def blocks(variables, block_size):
    """Cut the variables into blocks of `block_size`, in their order; the last may be shorter."""
    return [variables[i : i + block_size] for i in range(0, len(variables), block_size)]


def tiles(dataset, variables, block_size):
    """List the tiles that hold a pair.

    Parameters
    ----------
    dataset : dict
        A validated dataset of the config.
    variables : list of Variable
    block_size : int

    Returns
    -------
    list of (int, int)
        Blocks i of x and j of y, sorted; i <= j, but for pairs with lags that the config names the
        other way round.

    Raises
    ------
    InputError
        Pairs that name unknown variables, or no pair at all.
    """
    n, names = len(variables), tuple(variable.name for variable in variables)
    if n < 2:
        raise InputError(f"variables: a pair takes two, found {n}: {some(names)}. Add variables")
    n_blocks = -(-n // block_size)
    kind, content = _pairs(dataset, names)
    if kind == "all":
        last_is_single = n - (n_blocks - 1) * block_size == 1
        found = combinations_with_replacement(range(n_blocks), 2)
        return [
            (i, j)
            for i, j in found
            if i != j or (block_size > 1 and not (last_is_single and i == n_blocks - 1))
        ]
    if kind == "between":
        return _between_tiles(*content, block_size, directed=_directed(dataset))
    return sorted(_by_tile(content, names, block_size))


def tile_pairs(dataset, variables, block_size, i, j):
    """List the pairs of a tile.

    Returns
    -------
    list of (int, int)
        Row of x in block i and row of y in block j. Without lags the first variable comes before
        the second in `variables`.
    """
    first, second = i * block_size, j * block_size
    if dataset.get("pairs", "all") == "all":
        sizes = [min(block_size, len(variables) - start) for start in (first, second)]
        return list(combinations(range(sizes[0]), 2) if i == j else product(*map(range, sizes)))
    names = tuple(variable.name for variable in variables)
    kind, content = _pairs(dataset, names)
    if kind == "explicit":
        pairs = _by_tile(content, names, block_size).get((i, j), ())
        return [(a - first, b - second) for a, b in pairs]
    one = range(first, min(first + block_size, len(names)))
    other = range(second, min(second + block_size, len(names)))
    pairs = ((a, b) for a, b in product(one, other) if a < b)
    if _directed(dataset):
        pairs = (pair for pair in product(one, other) if _is_between(*pair, *content))
    else:
        left, right = content
        pairs = (
            (a, b) for a, b in pairs if (a in left and b in right) or (b in left and a in right)
        )
    return [(a - first, b - second) for a, b in pairs]


def choose(dataset, variables, block_size, n_pairs, *, seed, name):
    """Choose pairs of a dataset at random, the same ones each time.

    Parameters
    ----------
    dataset : dict
        A validated dataset of the config.
    variables : list of Variable
    block_size : int
    n_pairs : int
        Fewer where the dataset has fewer.
    seed : int
    name : str
        Of the dataset.

    Returns
    -------
    list of (str, str)
    list of int
        The blocks that hold their variables.

    Raises
    ------
    InputError
        Where the dataset has no pair.
    """
    # seeded by text, and without numpy: planning stays light
    chance = random.Random(f"{seed}/pairs/{name}")
    every_tile = tiles(dataset, variables, block_size)
    some = sorted(chance.sample(every_tile, min(len(every_tile), N_TILES * n_pairs)))
    rows = [
        (i * block_size + x, j * block_size + y)
        for i, j in some
        for x, y in tile_pairs(dataset, variables, block_size, i, j)
    ]
    rows = chance.sample(rows, min(len(rows), n_pairs))
    pairs = [(variables[x].name, variables[y].name) for x, y in rows]
    return pairs, sorted({row // block_size for pair in rows for row in pair})


def _directed(dataset):
    """Whether x and y of a pair cannot be exchanged: there are lags."""
    return any(dataset.get("lags", ()))


def _is_between(a, b, left, right):
    """Whether a is of the first group and b of the second; of two ways, in the order of names."""
    both_ways = b in left and a in right
    return a in left and b in right and a != b and (a < b or not both_ways)


def _between_tiles(left, right, block_size, directed):
    """Return the tiles in which a variable of one group meets another one of the other group."""
    one, other = ({}, {})
    for group, members in ((left, one), (right, other)):
        for index in group:
            members.setdefault(index // block_size, set()).add(index)
    places = set()
    for i, j in product(one, other):
        if directed:
            pairs = product(sorted(one[i]), sorted(other[j]))
            if any(_is_between(a, b, left, right) for a, b in pairs):
                places.add((i, j))
        elif i != j or len(one[i] | other[j]) > 1:
            places.add((min(i, j), max(i, j)))
    return sorted(places)


def _pairs(dataset, names):
    """Return the kind of a dataset's pairs and what defines them.

    Kind and content are `all` and None; `between` and two sets of positions; `explicit` and a
    short key for `_explicit`, so that caches need not compare long lists.
    """
    pairs = dataset.get("pairs", "all")
    if pairs == "all":
        return "all", None
    if pairs == "shifted":
        return "explicit", ("shifted", dataset.get("spikes", {}).get("shift_s", 0))
    if "target" in pairs:
        return "between", _target(pairs["target"], names)
    if "between" in pairs:
        return "between", _between(json.dumps(pairs["between"]), names)
    check_file(pairs["file"], "pairs file")
    key = ("file", pairs["file"], stamp(pairs["file"]), _directed(dataset))
    return "explicit", key


@functools.lru_cache(maxsize=64)
def _by_tile(key, names, block_size):
    """Return {tile: [(position, position), ...]} of explicit pairs."""
    pairs = (
        _shifted(key[1], names) if key[0] == "shifted" else _listed(key[1], names, directed=key[3])
    )
    by_place = {}
    for a, b in sorted(pairs):
        by_place.setdefault((a // block_size, b // block_size), []).append((a, b))
    return by_place


def _shifted(shift_s, names):
    if not shift_s:
        raise InputError(
            "pairs: `shifted` needs units with a shift; set spikes.shift_s to the seconds between "
            "a unit and its shifted copy"
        )
    position = {name: index for index, name in enumerate(names)}
    copies = {index: position.get(shifted_name(name, shift_s)) for name, index in position.items()}
    return [(index, copy) for index, copy in copies.items() if copy is not None]


@functools.lru_cache(maxsize=64)
def _target(name, names):
    """Return the position of a target, and those of all others, as `_between` does."""
    if name not in names:
        raise InputError(
            f"pairs.target: no variable is called '{name}'{suggest(name, names)}. Variables: "
            f"{some(names)}"
        )
    target = names.index(name)
    return frozenset({target}), frozenset(range(len(names))) - {target}


@functools.lru_cache(maxsize=64)
def _between(groups, names):
    """Return the two groups as sets of positions; a pattern stands for all names it fits."""
    place_of = {name: index for index, name in enumerate(names)}
    found = []
    for number, patterns in enumerate(json.loads(groups), 1):
        members = set()
        for pattern in patterns:
            fits = [pattern] if pattern in place_of else []
            if not fits and any(sign in pattern for sign in "*?["):
                fits = [name for name in names if fnmatchcase(name, pattern)]
            if not fits:
                raise InputError(
                    f"pairs.between, group {number}: no variable is called '{pattern}'"
                    f"{suggest(pattern, names)}. Variables: {some(names)}"
                )
            members |= {place_of[name] for name in fits}
        found.append(frozenset(members))
    if len(found[0] | found[1]) < 2:
        raise InputError(
            f"pairs.between: both groups are the single variable '{names[min(found[0])]}', which "
            "makes no pair. Name different variables"
        )
    return tuple(found)


def _listed(path, names, directed):
    """Return the pairs of a file as positions.

    Those of x and y where pairs have a direction, else the lower one first.
    """
    place_of = {name: index for index, name in enumerate(names)}
    lines, unknown = {}, {}
    for line, pair in read_columns(path, ("x", "y"), "pairs file"):
        for name in pair:
            if name not in place_of:
                unknown.setdefault(name, line)
        if any(name in unknown for name in pair):
            continue
        a, b = (place_of[name] for name in pair)
        if not directed:
            a, b = sorted((a, b))
        if a == b:
            raise InputError(
                f"pairs file '{path}', line {line}: '{pair[0]}' is paired with itself. Remove the "
                "line"
            )
        if (a, b) in lines:
            raise InputError(
                f"pairs file '{path}', line {line}: '{pair[0]}' and '{pair[1]}' are a pair "
                f"already in line {lines[a, b]}"
                + ("" if directed else "; their order is of no matter")
                + ". Remove one line"
            )
        lines[a, b] = line
    if unknown:

        def show(name):
            return f"'{name}' in line {unknown[name]}{suggest(name, names)}"

        raise InputError(
            f"pairs file '{path}': {len(unknown)} of its names are no variables: "
            f"{some(unknown, show=show)}. Variables: {some(names)}"
        )
    return lines
