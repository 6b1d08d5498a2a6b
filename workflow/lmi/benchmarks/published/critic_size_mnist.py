"""Appendix: neural estimators with a critic of 1,024 and 512 units, on images of digits."""

from lmi.benchmarks.published.mnist import RESOURCE, WIDTH, digits

__all__ = ["RESOURCE", "WIDTH"]

TITLE = "A large critic on images of digits"
SOURCE = "appendix: critic size, images"
CONDITIONS = ("level",)
ESTIMATORS = ["default"]
VARIANTS = {
    f"{name}_big": {
        "estimator": name,
        "settings": {"hidden_layers": [1024, 512]},
        "published": f"{published} big",
    }
    for name, published in (("mine", "MINE"), ("infonce", "InfoNCE"))
}
# a quarter of an hour a pair
QUICK = ("mine_big",)


def cells(scale):
    """Return the published design: 20 shares of shuffled pairs.

    quick: four of them.
    """
    from lmi.benchmarks.published import rounded

    steps = {"smoke": (5,), "quick": (2, 7, 12, 17), "full": range(20)}[scale]
    return digits([rounded((i / 19) ** 2) for i in steps], scale, first=400)
