#!/usr/bin/env bash
# Everything that wants a device, in one call: builds the native part, without Node, against the libtorch of python3's
# PyTorch (2.11 to 2.15), runs each kernel and the whole of it against the CPU, then the benchmarks; one table comes last.
# Needed are nvcc 13, CMake, ninja or make, a C++ compiler and PyTorch with CUDA; no network.
#
#   scripts/gpu/run.sh               on the first device; a few minutes
#   scripts/gpu/run.sh --parity      without the benchmarks
#   scripts/gpu/run.sh --rehearse    without a device: builds all of it, runs the benchmarks on the CPU, in small
#
# OUT_DIR: where logs and table go. CLMR_PYTHON: the Python with PyTorch. CUDACXX: nvcc. CUDA_ARCH: 90, or of the device.
# The headers of Node-API (npm install node-api-headers node-addon-api) lie in node_modules/.
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
rm -f "$out"/{build,kernels,parity,ours,peers}.log
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
step "build"
generator=()
command -v ninja >/dev/null && generator=(-G Ninja)
# A compiler that links libstdc++ statically would put a second one beside libtorch's.
LINES_SHOWN=3 part build cmake -S . -B "$build" "${generator[@]}" -DCMAKE_BUILD_TYPE=Release -DCLMR_CUDA=ON -DCLMR_GLIBC_FLOOR=OFF \
  -DCMAKE_CUDA_COMPILER="$nvcc" -DCMAKE_CUDA_ARCHITECTURES="$arch" -DCLMR_LIBTORCH="$torch" \
  -DCMAKE_CXX_STANDARD_LIBRARIES=-l:libstdc++.so.6 || exit 1
LINES_SHOWN=12 part build cmake --build "$build" --parallel "$(nproc)" \
  --target clmr_gpu_kernels clmr_gpu_parity clmr_gpu_bench || exit 1

if [[ $device == cuda ]]; then
  step "each kernel against its plain version"
  part kernels timeout 120 "$build/clmr_gpu_kernels"
  step "the device against the CPU"
  part parity timeout 180 "$build/clmr_gpu_parity" "$data"
fi
if [[ ${1:-} != --parity ]]; then
  step "benchmarks"
  LINES_SHOWN=2 part ours timeout 120 "$build/clmr_gpu_bench" "$device" "$seconds" "$data"
  hows=(eager bfloat16 compile)
  [[ $device == cpu ]] && hows=(eager)
  for how in "${hows[@]}"; do LINES_SHOWN=1 part peers timeout 70 "$python" bench/gpu/peers.py "$device" "$seconds" "$how"; done

  step "results"
  cat "$out"/ours.log "$out"/peers.log | "$python" bench/gpu/table.py | tee "$out/table.md"
fi
((${#failed[@]} == 0)) || { echo "failed: ${failed[*]}"; exit 1; }
