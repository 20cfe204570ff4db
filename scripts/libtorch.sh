# Finds libtorch 2.11.0 and says how to compile with it; sourced by setup, go, go-env and cuda. It installs nothing.
# Order: $LIBTORCH, then the folder .libtorch that scripts/setup fills (or links to a torch installed for python3).

libtorch_wanted=2.11.0

# libtorch_version DIR prints the version of the libtorch in DIR (the folder with include/ and lib/), or nothing.
libtorch_version() {
  local file
  for file in "$1/version.py" "$1/build-version"; do
    [ -f "$file" ] || continue
    sed -n -E "s/^(__version__ = ')?([0-9]+\.[0-9]+\.[0-9]+).*/\2/p" "$file" | head -n 1
    return
  done
}

# libtorch_incomplete DIR prints what keeps the libtorch in DIR from being compiled with, or nothing.
libtorch_incomplete() {
  if [ ! -f "$1/include/torch/csrc/api/include/torch/torch.h" ]; then
    echo "it has no C++ headers"
  elif [ ! -f "$1/lib/libtorch_cpu.so" ]; then
    echo "it has no lib/libtorch_cpu.so"
  elif [ -f "$1/lib/libtorch_cuda.so" ] && [ ! -f "$1/../nvidia/cu13/lib/libcudart.so.13" ]; then
    echo "it is a CUDA build without ../nvidia/cu13/lib/libcudart.so.13"
  fi
}

# libtorch_find ROOT sets LIBTORCH_DIR and LIBTORCH_NVIDIA, or explains and exits 1.
libtorch_find() {
  local root=$1 found why
  if [ -n "${LIBTORCH-}" ]; then
    found=$(libtorch_version "$LIBTORCH")
    if [ "$found" != "$libtorch_wanted" ]; then
      echo "LIBTORCH is $LIBTORCH, which holds version ${found:-unknown}; prlhf needs libtorch $libtorch_wanted. Unset LIBTORCH to let make setup fetch it." >&2
      exit 1
    fi
    LIBTORCH_DIR=$(cd "$LIBTORCH" && pwd)
  elif [ -e "$root/.libtorch/torch" ]; then
    LIBTORCH_DIR=$root/.libtorch/torch
    found=$(libtorch_version "$LIBTORCH_DIR")
    if [ "$found" != "$libtorch_wanted" ]; then
      echo ".libtorch holds libtorch ${found:-of an unknown version}; prlhf needs $libtorch_wanted. Remove the folder .libtorch and run: make setup" >&2
      exit 1
    fi
  else
    echo "libtorch $libtorch_wanted is not set up. Run: make setup" >&2
    exit 1
  fi
  why=$(libtorch_incomplete "$LIBTORCH_DIR")
  if [ -n "$why" ]; then
    echo "The libtorch in $LIBTORCH_DIR cannot be used: $why. Remove .libtorch (or unset LIBTORCH) and run: make setup" >&2
    exit 1
  fi
  LIBTORCH_NVIDIA=$(cd "$LIBTORCH_DIR/.." && pwd -P)/nvidia/cu13/lib
}

# libtorch_flags ROOT exports what go needs to compile with libtorch. The flags are part of Go's build cache key as text:
# gotch compiles again (4 minutes) when one of them changes.
libtorch_flags() {
  local root=$1
  libtorch_find "$root"
  export CGO_ENABLED=1
  export CGO_CXXFLAGS="-O2 -w -DGOTCH_COMPAT=1 -include $root/torch/tensor/gotch_compat.h -I$LIBTORCH_DIR/include -I$LIBTORCH_DIR/include/torch/csrc/api/include"
  export CGO_LDFLAGS="-L$root/.libtorch/stub -L$LIBTORCH_DIR/lib -Wl,-rpath,$LIBTORCH_DIR/lib -Wl,-rpath-link,$LIBTORCH_NVIDIA"
}
