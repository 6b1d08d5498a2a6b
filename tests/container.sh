#!/usr/bin/env bash
# The container image as envs/Dockerfile makes it: built by podman, and the short demo run in it, by a
# user who is not known there, without a network and from a folder that holds its inputs alone.
# Debian and its kin, as root. Where no registry is reached, the base image is a Debian with the same
# Python, and torch comes from wherever pip finds it.
set -euo pipefail
cd "$(dirname "$0")/.."

. tests/apt.sh
missing=
for command in podman runc debootstrap; do
  command -v "$command" >/dev/null || missing="$missing $command"
done
if [ -n "$missing" ]; then
  as_root "The test of the container needs podman, runc and debootstrap" "the packages$missing"
  DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends $missing >/dev/null
fi

work=$(mktemp -d)
engine=(podman --root "$work/images" --runroot "$work/run" --cgroup-manager cgroupfs --runtime runc)
clean() {
  "${engine[@]}" unmount --all >/dev/null 2>&1 || true
  rm -rf --one-file-system "$work"
}
trap clean EXIT

base=$(awk '$1 == "FROM" { print $2; exit }' envs/Dockerfile)
options=(--isolation chroot --network host --format docker --volume /etc/ssl/certs:/etc/ssl/certs:ro)
if ! "${engine[@]}" pull --quiet "docker.io/library/$base" >"$work/log" 2>&1; then
  echo "no registry: $base is replaced by a Debian with the same Python"
  debootstrap --variant=minbase --include=ca-certificates,python3,python3-pip,python3-dev \
    bookworm "$work/debian" >"$work/log" 2>&1 || { tail "$work/log" >&2; exit 1; }
  rm -f "$work"/debian/usr/lib/python3*/EXTERNALLY-MANAGED
  ln -s python3 "$work/debian/usr/bin/python"
  tar --create --directory "$work/debian" . |
    "${engine[@]}" import --quiet - "docker.io/library/$base" >/dev/null
  rm -rf "$work/debian"
fi
if ! curl --silent --fail --head --max-time 20 https://download.pytorch.org/whl/cpu/ >/dev/null; then
  echo "torch is taken from where pip finds it"
  torch=$(awk '$1 == "TORCH" { print $3 }' Makefile)
  .venv/bin/python -m pip download --quiet --no-deps --dest "$work/wheels" "$torch"
  options+=(--volume "$work/wheels:/wheels:ro")
  options+=(--build-arg "TORCH_FROM=--no-index --no-deps --find-links /wheels")
fi

echo "building the image"
mkdir "$work/source"
git ls-files -z | xargs --null cp --parents --target-directory "$work/source"
"${engine[@]}" build "${options[@]}" --pull=never --file "$work/source/envs/Dockerfile" \
  --tag lmi-workflow "$work/source" >"$work/log" 2>&1 || { tail -n 40 "$work/log" >&2; exit 1; }

# A user without a name or a home; the folder is all that there is to write to.
mkdir -p "$work/data/tests"
cp -R tests/data "$work/data/tests"
cp tests/workflow/short.yaml "$work/data"
cp -R "$work/data" "$work/outside"
chown -R 4321:4321 "$work/data"
in_image() {
  "${engine[@]}" run --rm --network none --ulimit nofile=1024:1024 --ulimit nproc=4096:4096 \
    --volume "$work/data:/data" "$@"
}
in_image --entrypoint sh lmi-workflow -c 'test "$(id -u)" = 1000 && ! command -v gcc'
in_image --user 4321:4321 --entrypoint python lmi-workflow \
  -c 'import lmi.ksg; assert lmi.ksg.compiled(), "no compiled kernel"'
echo "running the short demo in it"
in_image --user 4321:4321 lmi-workflow --cores all --configfile short.yaml >"$work/log" 2>&1 ||
  { tail -n 40 "$work/log" >&2; exit 1; }
test -s "$work/data/results/short/report.html"

echo "running it outside"
project=$PWD
cd "$work/outside"
"$project/.venv/bin/python" -m snakemake --snakefile "$project/Snakefile" --cores all \
  --configfile short.yaml >"$work/log" 2>&1 || { tail -n 40 "$work/log" >&2; exit 1; }
"$project/.venv/bin/python" - "$work"/{data,outside}/results/short/mi.tsv <<'PYTHON'
import sys

import pandas as pd

inside, outside = (pd.read_csv(path, sep="\t").drop(columns="seconds") for path in sys.argv[1:])
pd.testing.assert_frame_equal(inside, outside)
print(f"the container works: {len(inside)} pairs, the same table as outside")
PYTHON
