"""The published method, and how well its cross decoders predict each feature."""

TITLE = "cross decoders"
FIGURES = ("decoder_inspection",)


def estimate(x, y, seed, **changes):
    """Return the estimate of the published method, with the error of each feature of x and y.

    `detail` has, for x and for y, the mean squared error of each standardised feature as decoded
    from the other variable's latents, on held-out samples: about 1 for a feature that the other
    variable tells nothing about. A constant feature has 0 and tells nothing either.

    `changes` are settings of the method, see `lmi.embedding.published.Settings`.

    Source: Gowri et al. 2024 (arXiv:2409.02732), appendix on interpretation.
    """
    from lmi.base.seeds import rng
    from lmi.embedding import published as paper
    from lmi.ksg import kernel as ksg

    settings = paper.Settings(**{"min_features": 50} | changes)
    seen = {}

    def inspect(model, left, right):
        zx, zy = model["encode_x"](left), model["encode_y"](right)
        for side, latent, data in (("x", zy, left), ("y", zx, right)):
            seen[side] = ((model[f"cross_{side}"](latent) - data) ** 2).cpu().numpy()

    x, y = paper.standardise(x), paper.standardise(y)
    zx, zy, held_out, *_ = paper.train(
        x, y, settings=settings, rng=rng(seed, "decoder inspection"), inspect=inspect
    )
    detail = {
        side: [float(f"{e:.6g}") for e in errors[held_out].mean(axis=0)[: data.shape[1]]]
        for (side, errors), data in zip(seen.items(), (x, y), strict=True)
    }
    return {"mi_bits": ksg.mi(zx[held_out], zy[held_out]), "detail": detail}
