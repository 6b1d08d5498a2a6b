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
}
