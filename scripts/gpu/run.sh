#!/usr/bin/env bash
# Everything that wants a device, in one call: builds the native part against the libtorch of python3's PyTorch (2.11 to
# 2.15), runs each kernel and the whole of it against the CPU, then the JavaScript side (check.mjs) and the benchmarks;
# one table comes last. Needed are nvcc 13, CMake, ninja or make, a C++ compiler and PyTorch with CUDA; no network. Node and
# what the JavaScript side needs lie in build-gpu-pack/, which scripts/gpu/pack.sh fills on another machine.
#
#   scripts/gpu/run.sh               on the first device; a few minutes
#   scripts/gpu/run.sh --parity      without the benchmarks: what takes long may be done in two calls
#   scripts/gpu/run.sh --bench       only the benchmarks
#   scripts/gpu/run.sh --rehearse    without a device: builds all of it, runs JavaScript and benchmarks on the CPU, in small
#
# OUT_DIR: where logs and table go. CLMR_PYTHON: the Python with PyTorch. CUDACXX: nvcc. CUDA_ARCH: 90, or of the device.
set -uo pipefail
cd "$(dirname "$0")/../.."
device=cuda
[[ ${1:-} == --rehearse ]] && device=cpu
python=${CLMR_PYTHON:-python3}
out=${OUT_DIR:-$(mktemp -d)}
build=${BUILD_DIR:-build-gpu}
seconds=${SECONDS_EACH:-3}
data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT
mkdir -p "$out"
rm -f "$out"/{build,kernels,parity,javascript,ours,peers}.log
began=$(date +%s)
failed=()

step() { printf '\n== %s (%s s)\n' "$1" "$(($(date +%s) - began))"; }
# name, command …: its output goes to a log, and its last lines here
part() {
  local name=$1 status
  shift
  "$@" >>"$out/$name.log" 2>&1
  status=$?
  tail -n "${LINES_SHOWN:-40}" "$out/$name.log"
  ((status == 0)) || failed+=("$name")
  return $status
}

torch=$("$python" -c 'import os, torch; print(os.path.dirname(torch.__file__))') || exit 1
nvcc=${CUDACXX:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
arch=${CUDA_ARCH:-90}
if [[ $device == cuda ]]; then
  arch=${CUDA_ARCH:-$("$python" -c 'import torch; print("%d%d" % torch.cuda.get_device_capability())')} || exit 1
fi
# PyTorch finds NVIDIA's libraries beside itself by its own run path; the stand-ins are not wanted here
export LD_LIBRARY_PATH="$torch/lib:$(find "$(dirname "$torch")/nvidia" -maxdepth 3 -name lib -type d 2>/dev/null | paste -sd:):${LD_LIBRARY_PATH:-}"

step "machine"
"$python" -c 'import torch; print("PyTorch", torch.__version__, torch.cuda.get_device_name() if torch.cuda.is_available() else "no device")'
nproc
step "what was packed"
pack=${PACK_DIR:-build-gpu-pack}
package=$(realpath -m "$build/package") # clmr as it is installed, with the native part that is built here
mkdir -p "$package/build/Release"
[[ -s $pack/clmr.tar.xz && -s $pack/node.xz ]] || { echo "$pack is not there: run scripts/gpu/pack.sh, and bring it along"; exit 1; }
"$python" -W ignore - "$pack" "$package" <<'PYTHON' || exit 1
import lzma, os, shutil, sys, tarfile  # there may be no xz
pack, package = sys.argv[1:]
tarfile.open(f"{pack}/clmr.tar.xz").extractall(package)
with lzma.open(f"{pack}/node.xz") as packed, open(f"{package}/node", "wb") as node:
    shutil.copyfileobj(packed, node)
os.chmod(f"{package}/node", 0o755)
PYTHON
"$package/node" --version || exit 1

step "build"
generator=()
command -v ninja >/dev/null && generator=(-G Ninja)
# A compiler that links libstdc++ statically would put a second one beside libtorch's.
LINES_SHOWN=3 part build cmake -S . -B "$build" "${generator[@]}" -DCMAKE_BUILD_TYPE=Release -DCLMR_CUDA=ON -DCLMR_GLIBC_FLOOR=OFF \
  -DCMAKE_CUDA_COMPILER="$nvcc" -DCMAKE_CUDA_ARCHITECTURES="$arch" -DCLMR_LIBTORCH="$torch" \
  -DCMAKE_CXX_STANDARD_LIBRARIES=-l:libstdc++.so.6 -DCLMR_NODE_API_INCLUDE="$package/node_modules/node-api-headers/include" \
  -DCLMR_NODE_ADDON_API="$package/node_modules/node-addon-api" || exit 1
LINES_SHOWN=12 part build cmake --build "$build" --parallel "$(nproc)" \
  --target clmr_gpu_kernels clmr_gpu_parity clmr_gpu_bench clmr_addon clmr_cuda || exit 1
cp "$build"/clmr.node "$build"/libclmr*.so "$package/build/Release/" || exit 1

if [[ $device == cuda && ${1:-} != --bench ]]; then
  step "each kernel against its plain version"
  part kernels timeout 120 "$build/clmr_gpu_kernels"
  step "the device against the CPU"
  part parity timeout 240 "$build/clmr_gpu_parity" "$data"
fi
if [[ ${1:-} != --bench ]]; then
  step "the JavaScript side"
  cp scripts/gpu/check.mjs "$package/"
  part javascript env CLMR_LIBTORCH="$torch" CLMR_LIBTORCH_VERSION=any CLMR_PYTHON="$python" \
    timeout 120 "$package/node" "$package/check.mjs" "$device"
fi
if [[ ${1:-} != --parity ]]; then
  step "benchmarks"
  patience=1 # a rehearsal shares its few cores with others
  [[ $device == cpu ]] && patience=6
  LINES_SHOWN=2 part ours timeout $((120 * patience)) "$build/clmr_gpu_bench" "$device" "$seconds" "$data"
  hows=(eager bfloat16 compile)
  [[ $device == cpu ]] && hows=(eager)
  for how in "${hows[@]}"; do LINES_SHOWN=1 part peers timeout $((70 * patience)) "$python" bench/gpu/peers.py "$device" "$seconds" "$how"; done

  step "results"
  cat "$out"/ours.log "$out"/peers.log | "$python" bench/gpu/table.py | tee "$out/table.md"
fi
((${#failed[@]} == 0)) || { echo "failed: ${failed[*]}"; exit 1; }
