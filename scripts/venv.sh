# Virtual environments with pinned packages; sourced by venv and reference-venv. $venv is the folder, $requirements the list
# of every package in it; $python is its interpreter with stand-ins for the NVIDIA libraries that its torch misses.
python=$venv/bin/python-with-torch

fail() { echo "$(basename "$0"): $*" >&2; exit 1; }

# venv_ready MARK: is the folder the one that this mark and the list ask for?
venv_ready() { [ -x "$python" ] && [ "$(cat "$venv/ready" 2>/dev/null)" = "$(venv_mark "$1")" ]; }
venv_mark() { { echo "$1"; cat "$requirements"; } | sha256sum; }
venv_done() { venv_mark "$1" >"$venv/ready"; }

# venv_new PYTHON makes the folder anew and installs the list, exactly: without looking for dependencies, so that pip does
# not fetch a torch with 3 GB of CUDA.
venv_new() {
  echo "$(basename "$0"): filling $(basename "$venv")" >&2
  rm -rf "$venv"
  "$1" -m venv "$venv" >&2 || fail "$1 cannot make a venv; install it: apt-get install python3-venv"
  printf '#!/bin/sh\nLD_LIBRARY_PATH=%q exec %q "$@"\n' "$venv/stand-ins" "$venv/bin/python" >"$python"
  chmod +x "$python"
  venv_install --no-deps -r "$requirements"
}

venv_install() {
  PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_USER=0 \
    "$venv/bin/python" -m pip install --quiet "$@" >&2 || fail "pip could not install $*; what it said is above"
}
