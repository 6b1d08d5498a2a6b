#!/bin/sh
# Install SLURM and munge where one of their commands is missing. Debian and its kin only.
set -eu
PATH=$PATH:/usr/sbin:/sbin

missing=
for command in slurmctld slurmd sbatch munged; do
  command -v "$command" >/dev/null || missing="$missing $command"
done
[ -n "$missing" ] || exit 0

sudo=
[ "$(id -u)" = 0 ] || sudo="sudo -n"
if ! command -v apt-get >/dev/null || ! $sudo true 2>/dev/null; then
  echo "The tests on a cluster need$missing. Debian has them in slurm-wlm and munge, which only" \
       "root can install; elsewhere, install SLURM and munge yourself." >&2
  exit 1
fi
echo "Installing slurm-wlm and munge: missing$missing"
$sudo apt-get update -qq
# The packages would start daemons of their own here: they are installed without.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null
  $sudo chmod +x $policy
  trap '$sudo rm -f $policy' EXIT
fi
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -qq --no-install-recommends slurm-wlm munge
