"""HDF5 files: whole or refused with the cure; nothing that lies in other files; no litter."""

import os
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from lmi.base import files
from lmi.base.errors import InputError

ARRAYS = {"one": np.arange(5.0), "two": np.ones((3, 4)), "names": ["a", "bé"], "none": []}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "block-000.h5"
    files.write(path, ARRAYS, {"dataset": "d"})
    return path


def flip(path, place, bits=1):
    content = bytearray(path.read_bytes())
    content[place] ^= bits
    path.write_bytes(content)


def read(path, **options):
    with files.reading(path, "project", **options) as file:
        return {name: file[name][()] for name in file} | dict(file.attrs)


def test_what_was_written_is_read(path):
    found = read(path)
    assert found["dataset"] == "d" and found["schema"] == files.SCHEMA
    np.testing.assert_array_equal(found["one"], ARRAYS["one"])
    with files.reading(path, "project") as file:
        assert list(files.text(file["names"])) == ["a", "bé"]
    with h5py.File(path) as file:  # as any program that knows HDF5 would
        np.testing.assert_array_equal(file["two"], ARRAYS["two"])


def test_a_damaged_file_is_set_aside_and_the_cure_is_told(path):
    whole = path.read_bytes()
    flip(path, len(whole) // 2)
    with pytest.raises(InputError) as error:
        read(path)
    message = str(error.value)
    assert str(path) in message and "stage project" in message and "checksum" in message
    assert "block-000.h5.damaged: run the same command again" in message
    assert not path.exists() and path.with_name("block-000.h5.damaged").exists()
    with pytest.raises(
        InputError, match=r"no such file; a damaged one.*command again.*forcerun project"
    ):
        read(path)
    path.write_bytes(whole)
    assert read(path)["dataset"] == "d"


@pytest.mark.parametrize("content", [b"", b"half", b"\0" * 5000, b"<html>" * 500])
def test_what_is_no_hdf5_at_all_is_set_aside_too(path, content):
    path.write_bytes(content)
    with pytest.raises(InputError, match="set aside"):
        read(path)


def test_a_truncated_file_is_damaged(path):
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match="checksum"):
        read(path)


def test_a_file_that_changes_after_it_was_checked_is_checked_again(path):
    os.utime(path, 2 * (time.time() - 100,))
    read(path)
    flip(path, 3000)
    os.utime(path, 2 * (time.time() - 50,))
    with pytest.raises(InputError, match="checksum"):
        read(path)


def test_a_file_of_an_earlier_version_is_read_where_no_seal_is_asked_for(tmp_path):
    path = tmp_path / "old.h5"
    with h5py.File(path, "w") as file:
        file.attrs["schema"] = files.SCHEMA
        file["one"] = np.arange(5)
    np.testing.assert_array_equal(read(path)["one"], np.arange(5))
    with pytest.raises(InputError, match="no checksum"):
        read(path, sealed=True)
    with h5py.File(path, "w") as file:
        file.attrs["schema"] = 1
    with pytest.raises(InputError, match=f"expected schema version {files.SCHEMA}, found 1"):
        read(path)
    assert path.exists()


def test_a_damaged_file_of_an_earlier_version_is_one_message(tmp_path):
    path = tmp_path / "old.h5"
    with h5py.File(path, "w") as file:
        file.attrs["schema"] = files.SCHEMA
        file.create_dataset("one", data=np.arange(5000.0), chunks=(5000,), fletcher32=True)
        place = file["one"].id.get_chunk_info(0).byte_offset
    flip(path, place + 100)
    with pytest.raises(InputError, match=r"old.h5: .*cannot be read.*set aside as old.h5.damaged"):
        read(path)


def test_a_file_that_lacks_something_is_named_and_errors_of_the_reader_are_its_own(path):
    with (
        pytest.raises(InputError, match=r"block-000.h5: .*lacks what that stage writes.*absent"),
        files.reading(path, "project") as file,
    ):
        file["absent"]
    assert path.exists()
    with pytest.raises(KeyError), files.reading(path, "project"):
        {}["absent"]


@pytest.mark.parametrize("seal", [True, False])
def test_a_disk_that_is_full_is_not_the_fault_of_the_file_that_is_read(seal, tmp_path, monkeypatch):
    path, out = tmp_path / "in.h5", tmp_path / "out.h5"
    if seal:
        files.write(path, ARRAYS, {})
    else:
        with h5py.File(path, "w") as file:
            file.attrs["schema"] = files.SCHEMA
    with pytest.raises(TypeError, match="already exists"), files.reading(path, "embed"):
        # HDF5 fails in the midst of another file, as where the disk is full
        files.write(out, {"a": np.ones(3), "a/b": np.ones(3)}, {})
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_renamed_is_to_be_deleted(path, monkeypatch):
    def refuse(*_):
        raise PermissionError("read-only")

    flip(path, 3000)
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(InputError, match=r"Delete it.* It could not be renamed: read-only"):
        read(path)


# ---- links out of a file


def external_link(file, other):
    file.create_group("deep")["link"] = h5py.ExternalLink(str(other), "/")


def external_storage(file, other):
    file.create_dataset("deep/raw", (4,), "u1", external=[(str(other), 0, 4)])


def virtual(file, other):
    layout = h5py.VirtualLayout((5,), float)
    layout[:] = h5py.VirtualSource(str(other), "one", (5,))
    file.create_group("deep").create_virtual_dataset("virtual", layout)


@pytest.mark.parametrize("make", [external_link, external_storage, virtual])
def test_a_file_that_makes_its_reader_look_elsewhere_is_refused(make, path, tmp_path):
    foreign = tmp_path / "foreign.h5"
    with h5py.File(foreign, "w") as file:
        make(file, path)
    with (
        h5py.File(foreign) as file,
        pytest.raises(InputError, match=r"foreign.h5: .*holds all of its data.*'/deep/.*one file"),
    ):
        files.refuse_foreign(file)


def test_a_missing_target_is_refused_without_a_look(tmp_path):
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file["link"] = h5py.ExternalLink("/nowhere/at/all.h5", "/")
        file["soft"] = h5py.SoftLink("/link/deeper")
        with pytest.raises(InputError, match="a link to another file at '/link'"):
            files.refuse_foreign(file)


def test_links_within_a_file_are_its_own(tmp_path):
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file["one"] = np.ones(5)
        file["soft"], file["dangling"] = h5py.SoftLink("/one"), h5py.SoftLink("/nowhere")
        file.create_group("deep")["round"] = file["/"]
        virtual(file.create_group("more"), ".")
    with h5py.File(tmp_path / "f.h5") as file:
        files.refuse_foreign(file)


# ---- litter


def test_a_killed_writer_leaves_nothing_for_long(tmp_path):
    script = (
        "import os, signal\nfrom lmi.base import files\n"
        f"with files.replacing({str(tmp_path / 'a.h5')!r}):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)"
    )
    env = os.environ | {"PYTHONPATH": str(Path(files.__file__).parents[2])}
    subprocess.run([sys.executable, "-c", script], env=env, check=False)
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".writing-")
    mine = tmp_path / f"{files.temporary_prefix('writing')}abc.h5"
    elsewhere = tmp_path / f".writing-0123abcd-{2**22}-abc.h5"
    old = tmp_path / ".writing-abc.h5"
    folder = tmp_path / f".placing-{files._place()}-{2**22}-abc"
    folder.mkdir()
    for path in (mine, elsewhere, old, folder / "part"):
        path.touch()
    os.utime(old, 2 * (time.time() - 2 * files.LITTER_AGE_S,))
    files.sweep.cache_clear()
    with files.replacing(tmp_path / "b.h5") as name:
        name.touch()
    assert sorted(tmp_path.iterdir()) == sorted([mine, elsewhere, tmp_path / "b.h5"])


def test_a_link_among_the_litter_is_removed_and_not_followed(tmp_path):
    target = tmp_path / "precious"
    target.mkdir()
    (target / "file").touch()
    (tmp_path / f".writing-{files._place()}-{2**22}-x").symlink_to(target)
    files.sweep.cache_clear()
    files.sweep(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["precious"]
    assert (target / "file").exists()
