# To be sourced. `as_root WHAT PACKAGES` ends with a message where packages cannot be installed, and
# sets $sudo to what runs a command as root.
as_root() {
  sudo=
  [ "$(id -u)" = 0 ] || sudo="sudo -n"
  if ! command -v apt-get >/dev/null || ! $sudo true 2>/dev/null; then
    echo "$1. Debian has it in $2, which only root can install; elsewhere, install it yourself." >&2
    exit 1
  fi
  echo "Installing $2"
  $sudo apt-get update -qq
}
