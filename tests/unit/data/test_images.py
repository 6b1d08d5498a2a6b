"""Stacks of images: every image is a sample, pixels are features, tiles are variables."""

import h5py
import numpy as np
import pandas as pd
import pytest
from lmi.base.errors import InputError
from lmi.data.images import pixel_names
from lmi.data.sources import header, sources_of
from lmi.data.variables import list_variables, read_matrices
from lmi.planning.config import load

N, HEIGHT, WIDTH = 130, 5, 4
GREY = np.random.default_rng(0).integers(0, 256, (N, HEIGHT, WIDTH)).astype(np.uint8)
COLOUR = np.random.default_rng(1).normal(size=(N, HEIGHT, WIDTH, 3))


@pytest.fixture(autouse=True)
def in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("grey.npy", GREY)
    np.savez("grey.npz", images=GREY, label=np.arange(N) % 10)
    with h5py.File("grey.h5", "w") as file:
        file["images"], file["label"] = GREY, np.arange(N) % 10
    pd.DataFrame(GREY.reshape(N, -1)).to_csv("grey.csv", index=False)
    np.save("colour.npy", COLOUR)


def read(source, images, **more):
    dataset = load({"datasets": {"d": {"source": source, "images": list(images), **more}}})
    dataset = dataset["datasets"]["d"]
    variables = list_variables(dataset)
    matrices, info = read_matrices(dataset, variables)
    return {one.name: m for one, m in zip(variables, matrices, strict=True)}, info, dataset


@pytest.mark.parametrize("source", ["grey.npy", "grey.npz", "grey.h5", "grey.csv"])
def test_every_image_is_a_sample_and_every_pixel_a_feature(source):
    matrices, _, dataset = read(source, (HEIGHT, WIDTH))
    (one,) = sources_of(dataset)
    assert header(one).features[:5] == ("r0c0", "r0c1", "r0c2", "r0c3", "r1c0")
    assert len(matrices) == HEIGHT * WIDTH
    for name, matrix in matrices.items():
        row, column = map(int, name[1:].split("c"))
        assert np.array_equal(matrix[:, 0], GREY[:, row, column])


def test_channels_are_features_too():
    matrices, _, _ = read("colour.npy", (HEIGHT, WIDTH, 3))
    assert np.array_equal(matrices["r4c2k1"][:, 0], COLOUR[:, 4, 2, 1])
    assert len(set(pixel_names((HEIGHT, WIDTH, 3)))) == HEIGHT * WIDTH * 3


@pytest.mark.parametrize("source", ["grey.npy", "grey.h5"])
def test_tiles_are_variables_of_all_pixels_each_once(source):
    matrices, info, _ = read(source, (HEIGHT, WIDTH), variables={"tiles": [2, 2]})
    assert list(matrices) == ["tile0-0", "tile0-1", "tile1-0", "tile1-1"]
    assert np.array_equal(matrices["tile0-1"], GREY[:, :3, 2:].reshape(N, -1))
    assert np.array_equal(matrices["tile1-0"], GREY[:, 3:, :2].reshape(N, -1))
    pixels = [name for names in info["features"] for name in names]
    assert sorted(pixels) == sorted(pixel_names((HEIGHT, WIDTH)))


@pytest.mark.parametrize(
    ("dataset", "word"),
    [
        ({"source": "grey.npy"}, "images: [5, 4]"),
        ({"source": "colour.npy"}, "images: [5, 4, 3]"),
        ({"source": "grey.npy", "images": [4, 5]}, "images: [5, 4]"),
        ({"source": "grey.csv", "images": [5, 5]}, "expected 25 values"),
        ({"source": "grey.csv", "variables": {"tiles": [2, 2]}}, "images: [height, width]"),
        ({"source": "grey.npy", "images": [5, 4], "variables": {"tiles": [6, 1]}}, "at most 5"),
    ],
)
def test_what_is_no_stack_of_such_images_is_refused(dataset, word):
    with pytest.raises(InputError) as caught:
        load({"datasets": {"d": dataset}})
    assert word in str(caught.value), caught.value
