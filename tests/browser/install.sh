#!/bin/sh
# Install Chromium where there is none. Debian and its kin only.
set -eu

for name in chromium chromium-browser google-chrome; do
  command -v "$name" >/dev/null && exit 0
done

. "$(dirname "$0")/../apt.sh"
as_root "The tests in a browser need Chromium" chromium
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -qq --no-install-recommends chromium
