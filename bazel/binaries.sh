# For ./up and ./test, which stand in the repository's root: builds the two programs and names them.

TARGETS=(//node:slotmesh-node //admin:slotmesh)

# Builds with optimisation. slotmesh starts slotmesh-node by name: it is found through PATH.
build_binaries() {
  bazel build -c opt "${TARGETS[@]}" || return 1
  local folder
  folder=$(dirname "$(readlink -f "$(node_binary)")")
  export PATH="$folder:$PATH"
}

# The first of the given files that exists; the first if none does.
first_existing() {
  local path
  for path in "$@"; do
    if [[ -e $path ]]; then
      echo "$path"
      return
    fi
  done
  echo "$1"
}

node_binary() {
  first_existing "$PWD"/bazel-bin/node/slotmesh-node "$PWD"/bazel-bin/node/app/slotmesh-node
}

slotmesh_binary() {
  first_existing "$PWD"/bazel-bin/admin/slotmesh "$PWD"/bazel-bin/admin/cli/slotmesh
}
