#!/usr/bin/env bash
# What the JavaScript side needs on a machine without Node, in build-gpu-pack/ (27 MB): the running Node, clmr's JavaScript,
# which is built anew, its dependencies, and the headers of Node-API. scripts/gpu/run.sh unpacks it. Pack again after every
# change of lib/: the native part is built from the sources that are there.
set -euo pipefail
cd "$(dirname "$0")/../.."
pack=${PACK_DIR:-build-gpu-pack}
readonly most_bytes=$((50 * 1000 * 1000))
mkdir -p "$pack"
npm run --silent build:ts
node=$(node --print process.execPath)
[[ -s $pack/node.xz && ! $node -nt $pack/node.xz ]] || xz --threads=0 --stdout "$node" >"$pack/node.xz"
mapfile -t dependencies < <(npm ls --omit=dev --all --parseable | tail -n +2 | sed "s|^$PWD/||")
tar --create --xz --file "$pack/clmr.tar.xz" package.json dist --exclude=dist/packages --exclude=dist/docs \
  "${dependencies[@]}" node_modules/node-api-headers node_modules/node-addon-api
bytes=$(du -sb "$pack" | cut -f 1)
((bytes <= most_bytes)) || { echo "$pack has $bytes bytes, more than $most_bytes"; exit 1; }
echo "$bytes bytes in $pack"
