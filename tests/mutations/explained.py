"""Mutants of `sample` that no test notices, and why none need."""

LMI = "workflow/lmi/"
SIZES = "how much is worked on or remembered at a time: time and memory, and no number"
CHANCE = "which random numbers are drawn"
LINES = {
    (LMI + "ksg/permuted.py", "target = 4 * math.isqrt(self.k * n) + 4 * self.k"): SIZES,
    (LMI + "ksg/permuted.py", "self.runs = -(-min(2 * target, n) // RUN)"): SIZES,
    (LMI + "ksg/permuted.py", "limit = 4 * (math.isqrt(k * n) + 4 * k)"): SIZES,
    (LMI + "ksg/permuted.py", "trees = Points(a, flat=False), Points(b, flat=False)"): SIZES,
    (LMI + "ksg/points.py", "if parts == 1:"): "the same work, by a pool of threads or without",
    (LMI + "estimation/null.py", "@functools.lru_cache(maxsize=2 * MAX_KSG)"): SIZES,
    (LMI + "estimation/permutations.py", "MOST_PICKS = 2 * 10**7"): SIZES,
    (LMI + "estimation/permutations.py", "step = max(1, 10**7 // n_rows)"): SIZES,
    (LMI + "planning/tiles.py", "MOST_TILES = 20_000"): "a round number, a little other",
    (LMI + "estimation/within.py", "a, b = guided.untie(a, 0), guided.untie(b, 1)"): CHANCE,
    (
        LMI + "ksg/guided.py",
        "inside_y, _ = ksg.marginal_neighbours(y, radius, n_inside, 1, threads, apart)",
    ): CHANCE,
    (LMI + "ksg/discrete.py", "if rate * n > MANY_TERMS:"): "both ways give the same sum",
    (
        LMI + "data/matrix_values.py",
        "is_run = len(places) == last - first + 1 and "
        "np.array_equal(places, range(first, last + 1))",
    ): "the length is asked first because it is quick",
}
"""By file and the line that is changed, whatever it is changed to."""
CHANGES = {
    (
        LMI + "planning/tiles.py",
        "most_blocks = (math.isqrt(8 * MOST_TILES + 1) - 1) // 2",
        "most_blocks = (math.isqrt(8 * MOST_TILES + 1) - 2) // 2",
    ): "of 20,000 tiles, both are 199 blocks",
    (
        LMI + "planning/tiles.py",
        "most_blocks = (math.isqrt(8 * MOST_TILES + 1) - 1) // 2",
        "most_blocks = (math.isqrt(8 * MOST_TILES * 1) - 1) // 2",
    ): "of 20,000 tiles, both are 199 blocks",
    (
        LMI + "estimation/null.py",
        "size = min(max(FIRST, len(values) // 2), most - len(values))",
        "size = min(max(FIRST, len(values) >> 2), most - len(values))",
    ): "how many draws are made at a time; where they end counts them one by one",
    (
        LMI + "estimation/combination.py",
        "scores = np.where(p < 1e-8, 1 / (np.pi * p), np.tan(np.pi * (0.5 - p)))",
        "scores = np.where(p < 1e-8, 1 / (np.pi * p), np.tan(np.pi * ( 1.5 - p)))",
    ): "the tangent repeats after pi",
    (
        LMI + "estimation/combination.py",
        "small = 1 / (np.pi * np.maximum(mean, 1.0))",
        "small = 1 / (np.pi * np.maximum(mean, 0.0))",
    ): "is used above 1e8 alone",
    (
        LMI + "estimation/combination.py",
        "return np.where(mean > 1e8, small, 0.5 - np.arctan(mean) / np.pi)",
        "return np.where(mean > 100000001.0, small, 0.5 - np.arctan(mean) / np.pi)",
    ): "there both agree to rounding",
    (
        LMI + "results/table.py",
        "p = np.where(n_lags > 1, -np.expm1(n_lags * np.log1p(-p)), p)",
        "p = np.where(n_lags != 1, -np.expm1(n_lags * np.log1p(-p)), p)",
    ): "a pair has at least one lag",
    (
        LMI + "estimation/error_bars.py",
        "if n_parts == PARTS[0]:",
        "if n_parts <= PARTS[0]:",
    ): "the first is the smallest",
    (
        LMI + "data/samples.py",
        "own = np.arange(len(keep)) if rows[0] is None else rows[0]",
        "own = np.arange(len(keep)) if rows[ -1] is None else rows[0]",
    ): "rows are known of all sources, or of none",
    (
        LMI + "results/join.py",
        "joined[name] = np.full((sum(n_rows), *shape), fill, there[0].dtype)",
        "joined[name] = np.full((sum(n_rows), *shape), fill, there[ -1].dtype)",
    ): "a dataset has one type in all files",
}
"""By file, and the line before and after."""


def why(file, change):
    """Return why no test need notice a change, lines that begin with - and +; or nothing."""
    removed, added = ([line[1:].strip() for line in change if line[0] == sign] for sign in "-+")
    if len(removed) != 1 or len(added) != 1:
        return ""
    return LINES.get((file, *removed)) or CHANGES.get((file, *removed, *added), "")
