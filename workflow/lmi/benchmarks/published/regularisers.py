"""Appendix: regularisers and weights of the published method.

One correlated pair among 98 noise features of each variable. alpha weighs the self-reconstruction
and lambda the regulariser: cross-reconstruction, MINE or InfoNCE.
"""

TITLE = "Regularisers"
SOURCE = "appendix: regularisers"
CONDITIONS = ("level",)
ESTIMATORS = ["default", "conservative"]
WEIGHTS = ((1.0, 0.0), (0.0, 1.0), (1.0, 1.0))
NAMES = {"paper": "LMI", "paper_mine": "LMI-MINE", "paper_infonce": "LMI-InfoNCE"}
VARIANTS = {
    f"{name}_alpha{alpha:g}_lambda{lam:g}": {
        "estimator": name,
        "settings": {"paper": {"alpha": alpha, "lam": lam}},
        "published": f"{published} alpha={alpha:g} lambda={lam:g}",
    }
    for name, published in NAMES.items()
    for alpha, lam in WEIGHTS
}
SMOKE = ("paper_alpha0_lambda1",)
QUICK = (
    *(f"paper_alpha{alpha:g}_lambda{lam:g}" for alpha, lam in WEIGHTS),
    "paper_mine_alpha1_lambda1",
    "paper_infonce_alpha1_lambda1",
)


def cells(scale):
    """Return the published design: 100 dimensions, 98 of them noise, 0 to 1 bit, n = 1,000.

    quick: 12 of the 100 values. smoke: 60 dimensions.
    """
    from lmi.benchmarks.published import rounded

    steps = {"smoke": (70,), "quick": range(4, 100, 8), "full": range(100)}[scale]
    return [
        {
            "task": "noisy_pair",
            "n_samples": 1000,
            "ambient": 60 if scale == "smoke" else 100,
            "mi_bits": rounded(i / 99),
            "level": min(4, int(5 * i / 99)),
            "draw": i,
        }
        for i in steps
    ]
