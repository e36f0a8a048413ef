# SPDX-License-Identifier: Apache-2.0
# What the other scripts share: the repository's root, and installing what a fresh machine lacks.
#
# Sourced, never run. Afterwards `root` is the repository's root, `built` where release binaries
# lie, and what the build and the tests need is there; or the script has ended and said what to do.

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
built=$root/.build/release

# The Debian packages that are missing, by what they are needed for and not by their names:
# a Lua built by hand that pkg-config knows is as good as Debian's.
missing_packages() {
  if command -v pkg-config >/dev/null; then
    pkg-config --exists lua5.4 || printf ' liblua5.4-dev'
    pkg-config --exists zlib || printf ' zlib1g-dev'
  else
    printf ' pkg-config liblua5.4-dev zlib1g-dev'
  fi
  command -v lua5.4 >/dev/null || printf ' lua5.4'
  command -v python3 >/dev/null || printf ' python3'
}

# Runs apt-get as root, directly or by a sudo that asks no password; fails where neither is allowed.
apt_get() {
  if [ "$(id -u)" -eq 0 ]; then
    DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 "$@" </dev/null >&2
  else
    sudo -n env DEBIAN_FRONTEND=noninteractive \
      apt-get -qq -o DPkg::Lock::Timeout=120 "$@" </dev/null >&2
  fi
}

may_install() {
  command -v apt-get >/dev/null || return 1
  [ "$(id -u)" -eq 0 ] || { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }
}

set_up() {
  for tool in swift git; do
    if ! command -v "$tool" >/dev/null; then
      echo "$0: '$tool' is not on the PATH." >&2
      [ "$tool" = swift ] && echo "Swift 6.3 or later: https://www.swift.org/install/linux" >&2
      exit 1
    fi
  done
  missing=$(missing_packages)
  [ -n "$missing" ] || return 0
  if may_install; then
    echo "Installing$missing" >&2
    # shellcheck disable=SC2086 # one word per package
    apt_get update && apt_get install -y --no-install-recommends $missing || true
    missing=$(missing_packages)
    [ -n "$missing" ] || return 0
  fi
  echo "$0: some Debian packages are missing and may not be installed from here." >&2
  echo "As root, run:  apt-get install$missing" >&2
  exit 1
}

# The build talks on standard error, so that standard output holds only what was asked for.
build_release() {
  swift build --package-path "$root" -c release "$@" >&2
}

set_up
