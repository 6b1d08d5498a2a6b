"""Mutants of `sample` that no test notices, and why none need: by file and change."""

LMI = "workflow/lmi/"
EXPLAINED = {
    (
        LMI + "planning/tiles.py",
        "-    most_blocks = (math.isqrt(8 * MOST_TILES + 1) - 1) // 2\n"
        "+    most_blocks = (math.isqrt(8 * MOST_TILES + 1) - 2) // 2",
    ): "of 20,000 tiles, both are 199 blocks",
}
