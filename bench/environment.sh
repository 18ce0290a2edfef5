#!/usr/bin/env bash
# Makes the Python side of the benchmarks and the golden files: the packages that clmr is compared with.
#
#   bench/environment.sh            install once, then print the path of its python on the last line
#   bench/environment.sh --there    print it, or fail where nothing is installed
#   "$(bench/environment.sh | tail -n 1)" test/golden/make_model.py
#
# The environment lies in the user's cache, in a folder named after the versions, and is left alone once it is
# whole. torch 2.8 / torchaudio 2.8 are the last versions with sox effects, which the original augmentations need.
set -euo pipefail

readonly torch_version=2.8.0
readonly packages=(
  "torch==${torch_version}" "torchaudio==${torch_version}" torchaudio-augmentations==0.2.4 simclr==1.0.2
  wavaugment==0.2 julius==0.2.8 scikit-learn==1.9.1 safetensors==0.8.0 numpy==2.4.6 soundfile==0.14.0
)

# For the benchmarks only; added to the same environment.
readonly bench_packages=(
  onnx==1.23.2 onnxruntime==1.32.0 torch-audiomentations==0.12.0 audiomentations==0.43.1
)

readonly stamp="$(printf '%s\n' "${packages[@]}" | cksum | cut -d ' ' -f 1)"
readonly root="${XDG_CACHE_HOME:-$HOME/.cache}/clmr/python-peers"
readonly environment="$root/torch-$torch_version-$stamp"
readonly python="$environment/bin/python"

fail() {
  printf 'environment.sh: %s\n' "$1" >&2
  exit 1
}

# torchaudio opens these by name at run time; pip cannot bring them.
check_sox() {
  if command -v ldconfig >/dev/null && ! ldconfig -p | grep 'libsox\.so ' >/dev/null; then  # -q would end the pipe early
    fail 'libsox.so was not found; torchaudio needs it for reverb and pitch. Debian and Ubuntu: apt-get install libsox3 libsox-dev'
  fi
}

find_python() {
  local candidate
  for candidate in "${CLMR_PYTHON:-}" python3.12 python3.11 python3.13 python3; do
    if [[ -n $candidate ]] && "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  fail 'no Python 3.11, 3.12 or 3.13 was found (torch 2.8.0 has no wheels for others); set CLMR_PYTHON'
}

install() {
  local base
  base="$(find_python)"
  mkdir -p "$root"
  rm -rf "$environment"
  "$base" -m venv "$environment" || fail "could not make a virtual environment with $base (Debian: apt-get install python3-venv)"
  printf 'environment.sh: installing %s\n' "${packages[*]}" >&2
  "$python" -m pip install --quiet --no-input --disable-pip-version-check "${packages[@]}" >&2
  "$python" - <<'PYTHON' >&2 || fail 'the packages were installed, but do not work together (see above)'
import warnings
warnings.simplefilter("ignore")
import torch, torchaudio, torchaudio_augmentations, simclr, julius, sklearn, safetensors, soundfile
torchaudio.sox_effects.apply_effects_tensor(torch.zeros(1, 4096), 22050, [["reverb"]])
PYTHON
  touch "$environment/complete"
}

install_bench() {
  printf 'environment.sh: installing %s\n' "${bench_packages[*]}" >&2
  "$python" -m pip install --quiet --no-input --disable-pip-version-check "${bench_packages[@]}" >&2
  touch "$environment/complete-${bench_packages[*]//[^a-z0-9.]/-}"
}

if [[ ${1:-} == --there ]]; then
  [[ -e $environment/complete ]] || fail 'nothing is installed'
else
  check_sox
  [[ -e $environment/complete ]] || install
  [[ -e "$environment/complete-${bench_packages[*]//[^a-z0-9.]/-}" ]] || install_bench
fi
printf '%s\n' "$python"
