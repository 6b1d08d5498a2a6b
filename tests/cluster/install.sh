#!/bin/sh
# Install SLURM and munge where one of their commands is missing. Debian and its kin only.
set -eu
PATH=$PATH:/usr/sbin:/sbin

missing=
for command in slurmctld slurmd sbatch munged; do
  command -v "$command" >/dev/null || missing="$missing $command"
done
[ -n "$missing" ] || exit 0

. "$(dirname "$0")/../apt.sh"
as_root "The tests on a cluster need SLURM; missing:$missing" "slurm-wlm and munge"
# The packages would start daemons of their own here: they are installed without.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null
  $sudo chmod +x $policy
  trap '$sudo rm -f $policy' EXIT
fi
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -qq --no-install-recommends slurm-wlm munge
