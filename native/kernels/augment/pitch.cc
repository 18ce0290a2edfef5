#include <algorithm>
#include <cstring>

#include "kernels/augment/augment.h"
#include "kernels/augment/loops.h"
#include "kernels/augment/reference.h"
#include "kernels/augment/shapes.h"
#include "kernels/dispatch.h"

namespace clmr::kernels {
namespace {

void Zero(float* p, int64_t n) { std::memset(p, 0, n * sizeof(float)); }

int64_t ToLines(int64_t n) { return (n + 15) / 16 * 16; }

}  // namespace

void pitch_shift_f32(float* x, int64_t n, double sample_rate, double factor, AugmentScratch& scratch) {
  const Choice choice = ActiveChoice();
  if (choice.plain) return reference::pitch_shift_f32(x, n, sample_rate, factor);
  const PitchLoops& loops = kPitch[choice.isa];
  const WsolaLengths l = WsolaLengthsAt(sample_rate);
  const double step = 1 / factor;
  const int64_t total = static_cast<int64_t>(n / factor + 0.5), taps = ResampleTaps(step);

  const int64_t before = ToLines(l.search), behind = 2 * l.segment + kLaneSlack;
  float* clipped = scratch.input.Reserve(before + n + behind) + before;
  Zero(clipped - before, before);
  Zero(clipped + n, behind);
  if (!loops.clip_f32(x, clipped, n)) return;  // as torchaudio-augmentations: a clip with NaN stays as it was

  const int64_t rest = l.segment + taps + kLaneSlack;
  float* stretched = scratch.stretched.Reserve(taps + total + rest) + taps;
  const WsolaPlan plan{l.segment, l.search, l.overlap,
                       factor,    total,    scratch.lines.Reserve(4 * (l.search + l.overlap + kLaneSlack))};
  loops.wsola_f32(clipped, plan, stretched);
  Zero(stretched - taps, taps);
  Zero(stretched + total, rest);

  // Up to a step of 1 the kernel is always the same.
  const double widening = std::max(1.0, step);
  float* table = scratch.table.Reserve((kResamplePhases + 1) * taps);
  if (scratch.table_widening != widening || scratch.table_isa != choice.isa)
    loops.resample_table_f32(widening, taps, table);
  scratch.table_widening = widening;
  scratch.table_isa = choice.isa;
  loops.resample_f32(stretched, step, table, taps, x, n);
}

}  // namespace clmr::kernels
