#!/bin/sh
# Snakemake runs this in the environment of environment.yaml, once it is made: it builds the compiled
# nearest-neighbour counts of a clone, and of what modules fetched. Without them a run is slower.
for folder in . .snakemake/lmi-workflow/*/; do
  if [ -f "$folder/workflow/lmi/ksg/_ksg.c" ]; then
    (cd "$folder" && python setup.py --quiet build_ext --inplace) || true
  fi
done
