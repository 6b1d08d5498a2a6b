#!/bin/sh
# Install Chromium where there is none. Debian and its kin only.
set -eu

for name in chromium chromium-browser google-chrome; do
  command -v "$name" >/dev/null && exit 0
done

sudo=
[ "$(id -u)" = 0 ] || sudo="sudo -n"
if ! command -v apt-get >/dev/null || ! $sudo true 2>/dev/null; then
  echo "The tests in a browser need Chromium. Debian has it in chromium, which only root can" \
       "install; elsewhere, install Chromium or Chrome yourself." >&2
  exit 1
fi
echo "Installing chromium"
$sudo apt-get update -qq
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -qq --no-install-recommends chromium
