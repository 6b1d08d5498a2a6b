#!/usr/bin/env bash
# The package as others install it: sdist and wheel are built, and the wheel is used from an empty
# folder. Its libraries are those of .venv, so that nothing is downloaded.
set -euo pipefail
cd "$(dirname "$0")/.."

project=$PWD
python=$PWD/.venv/bin/python
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A copy without what earlier builds left in the folder, which might help.
mkdir "$work/source"
cp -R workflow pyproject.toml setup.py README.md LICENSE "$work/source"
find "$work/source" \( -name '*.so' -o -name '*.egg-info' -o -name __pycache__ \) -prune -exec rm -r {} +

echo "building the sdist, and the wheel from the sdist"
cd "$work/source"
"$python" -c "from setuptools import build_meta; build_meta.build_sdist('$work')" >"$work/log" 2>&1 ||
  { cat "$work/log" >&2; exit 1; }
mkdir "$work/unpacked"
tar --extract --gzip --file "$work"/*.tar.gz --directory "$work/unpacked" --strip-components 1
cd "$work/unpacked"
"$python" -m pip --disable-pip-version-check wheel --quiet --no-deps --no-build-isolation \
  --no-index --wheel-dir "$work/wheel" . >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }

# An environment with this wheel alone, and behind it the libraries of .venv without its own link to
# the source: a .pth file names a folder whose own .pth files are not read.
"$python" -m venv --without-pip "$work/venv"
site() { "$1" -c "import sysconfig; print(sysconfig.get_path('purelib'))"; }
site "$python" >"$(site "$work/venv/bin/python")/libraries.pth"
"$python" -m pip --disable-pip-version-check --python "$work/venv/bin/python" install --quiet \
  --no-deps --no-index --ignore-installed "$work"/wheel/*.whl

mkdir "$work/elsewhere"
cd "$work/elsewhere"
env -u PYTHONPATH OMP_NUM_THREADS=1 "$work/venv/bin/python" - "$work/venv" <<'PYTHON'
import importlib
import pkgutil
import sys
from importlib.resources import files
from pathlib import Path

import lmi

assert Path(lmi.__file__).is_relative_to(sys.argv[1]), f"lmi comes from {lmi.__file__}"

import numpy as np

rng = np.random.default_rng(0)
x = rng.standard_normal((300, 5))
y = x + rng.standard_normal((300, 5))
print(f"lmi.ksg.mi after a bare import: {lmi.ksg.mi(x[:, :1], y[:, :1]):.3f} bits")

assert lmi.ksg.compiled(), "the compiled kernel is not in the wheel, or does not load"

modules = [module.name for module in pkgutil.walk_packages(lmi.__path__, "lmi.")]
for name in modules:
    # no modules of the package: a script of another environment, and a library for ctypes
    if not name.endswith(("._run_peer", "._ksg")):
        importlib.import_module(name)
print(f"{len(modules)} modules imported")

data = [
    ("lmi", "py.typed"),
    ("lmi.benchmarks.published", "published.tsv"),
]
for package, name in data:
    assert files(package).joinpath(name).is_file(), f"{package}: {name} is not in the wheel"
from lmi.report import page

assert any(page.templates().list_templates()), "no template in the wheel"

result = lmi.estimate(x, y, n_permutations=0)
assert np.isfinite(result.mi_bits)
print(f"lmi.estimate: {result.mi_bits:.3f} bits")

from lmi.planning import config

loaded = config.load(
    {"datasets": {"d": {"task": {"name": "gaussian_grid", "n_samples": 500}, "pairs": "all"}}}
)
print(f"config.load: {len(loaded)} sections")
PYTHON
env -u PYTHONPATH "$work/venv/bin/python" -m lmi.planning.forecast --help >"$work/log"
grep --quiet -e --configfile "$work/log"

# The wheel holds the package without the workflow: `lmi run` says so, and takes a checkout's.
lmi() { env -u PYTHONPATH "$work/venv/bin/lmi" "$@" >"$work/log" 2>&1; }
printf 'datasets: {d: {task: {name: gaussian_grid, n_samples: 300}}}\n' >tiny.yaml
if lmi run -c tiny.yaml; then echo "lmi run: expected a message" >&2; exit 1; fi
grep --quiet -e "--snakefile FILE" "$work/log"
cp -R "$work/source" "$work/checkout"
cp -R "$project"/Snakefile "$project"/envs "$work/checkout"
lmi run -c tiny.yaml --snakefile "$work/checkout/workflow/Snakefile" --verbose --dry-run ||
  { cat "$work/log" >&2; exit 1; }
grep --quiet -e embed "$work/log"
echo "the wheel works"
