#!/usr/bin/env bash
# Variants of the preset `small` on a device, where a minute is worth hours of a CPU: bench/quality/sweep.ts on music that
# is packed here. On the machine with the device, run npm ci && npm run build first.
#
#   scripts/gpu/sweep.sh pack MUSIC OUT     here: MUSIC (a folder a class) as mono Opus of at most 50 MB in OUT; needs ffmpeg
#   scripts/gpu/sweep.sh run OUT [SECONDS]  there: the sweep, cut off after SECONDS (300) at the end of a training; the
#                                           table goes to stdout, and to $OUT_DIR/sweep.md where that is set
#
# VIEWS (default 200000) is the length of each training; ONLY the variants ("small,tau 0.2"), SEEDS their seeds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly most_bytes=$((50 * 1000 * 1000))
# Seconds from the middle of a track, and bits a second: 200 tracks of a minute at 24 kbit/s are 36 MB.
readonly excerpt=60 rate=24k

fail() {
  printf 'sweep.sh: %s\n' "$1" >&2
  exit 1
}

pack() {
  local music=$1 out=$2 file target length start
  command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null || fail 'ffmpeg was not found; it encodes the music'
  while IFS= read -r -d '' file; do
    target="$out/${file#"$music"/}"
    target="${target%.*}.opus"
    [[ -e $target ]] && continue
    mkdir -p "$(dirname "$target")"
    length="$(ffprobe -v error -show_entries format=duration -of csv=p=0 "$file")" || continue
    start="$(awk -v whole="$length" -v part="$excerpt" 'BEGIN { s = (whole - part) / 2; print (s > 0 ? s : 0) }')"
    ffmpeg -v error -nostdin -ss "$start" -t "$excerpt" -i "$file" -ac 1 -c:a libopus -b:a "$rate" "$target" </dev/null
  done < <(find "$music" -type f \( -name '*.ogg' -o -name '*.opus' -o -name '*.mp3' -o -name '*.flac' -o -name '*.wav' \) -print0)
  local bytes
  bytes="$(du -sb "$out" | cut -f 1)"
  ((bytes <= most_bytes)) || fail "$out has $bytes bytes, more than $most_bytes: leave out some music"
  printf '%s bytes in %s\n' "$bytes" "$out"
}

run() {
  local music=$1 seconds=${2:-300} table
  [[ -d dist && -d node_modules ]] || fail 'nothing is built here: run npm ci && npm run build first'
  table="${OUT_DIR:-$(mktemp -d)}/sweep.md"
  local arguments=(--music "$music" --views "${VIEWS:-200000}" --seeds "${SEEDS:-1}")
  [[ -z ${ONLY:-} ]] || arguments+=(--only "$ONLY")
  # finished trainings are kept, so that a call that is cut off goes on where it was
  timeout "$seconds" npx tsx bench/quality/sweep.ts "${arguments[@]}" | tee "$table" || [[ $? == 124 ]]
}

case "${1:-}" in
  pack) [[ $# == 3 ]] || fail 'usage: pack MUSIC OUT' && pack "${2%/}" "${3%/}" ;;
  run) [[ $# -ge 2 ]] || fail 'usage: run MUSIC [SECONDS]' && run "$2" "${3:-}" ;;
  *) fail 'usage: pack MUSIC OUT, or run MUSIC [SECONDS]' ;;
esac
