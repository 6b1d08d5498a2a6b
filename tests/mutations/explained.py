"""Mutants of `sample` that no test notices, and why none need: by file and change."""

LMI = "workflow/lmi/"
EXPLAINED = {
    (
        LMI + "planning/tiles.py",
        "-    most_blocks = (math.isqrt(8 * MOST_TILES + 1) - 1) // 2\n"
        "+    most_blocks = (math.isqrt(8 * MOST_TILES + 1) - 2) // 2",
    ): "of 20,000 tiles, both are 199 blocks",
    (
        LMI + "ksg/permuted.py",
        "-        target = 4 * math.isqrt(self.k * n) + 4 * self.k\n"
        "+        target = 4 * math.isqrt(self.k * n) + 5 * self.k",
    ): "how many neighbours a table holds: time, and no number",
    (
        LMI + "ksg/permuted.py",
        "-        target = 4 * math.isqrt(self.k * n) + 4 * self.k\n"
        "+        target = 4 * math.isqrt(self.k * n) + 3 * self.k",
    ): "how many neighbours a table holds: time, and no number",
    (
        LMI + "estimation/null.py",
        "-        size = min(max(FIRST, len(values) // 2), most - len(values))\n"
        "+        size = min(max(FIRST, len(values) >> 2), most - len(values))",
    ): "how many draws are made at a time; where they end counts them one by one",
    (
        LMI + "estimation/null.py",
        "-@functools.lru_cache(maxsize=2 * MAX_KSG)\n+@functools.lru_cache(maxsize=2 | MAX_KSG)",
    ): "how much is remembered: time, and no number",
    (
        LMI + "estimation/combination.py",
        "-    scores = np.where(p < 1e-8, 1 / (np.pi * p), np.tan(np.pi * (0.5 - p)))\n"
        "+    scores = np.where(p < 1e-8, 1 / (np.pi * p), np.tan(np.pi * ( 1.5 - p)))",
    ): "the tangent repeats after pi",
    (
        LMI + "estimation/within.py",
        "-            a, b = guided.untie(a, 0), guided.untie(b, 1)\n"
        "+            a, b = guided.untie(a, -1), guided.untie(b, 1)",
    ): "which random numbers part ties",
    (
        LMI + "data/samples.py",
        "-        own = np.arange(len(keep)) if rows[0] is None else rows[0]\n"
        "+        own = np.arange(len(keep)) if rows[ -1] is None else rows[0]",
    ): "rows are known of all sources, or of none",
}
