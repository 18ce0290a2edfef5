#include <algorithm>
#include <cstring>

#include "kernels/augment/augment.h"
#include "kernels/augment/loops.h"
#include "kernels/augment/reference.h"
#include "kernels/augment/shapes.h"
#include "kernels/dispatch.h"

namespace clmr::kernels {
namespace {

// The lines of `ring` one behind the other from `memory` on, or their total length where it is null.
template <size_t kCount>
int64_t LayOut(const int (&delays)[2][kCount], float* memory, ReverbRing* ring) {
  int longest = 0;
  for (const auto& channel : delays)
    longest = std::max(longest, *std::max_element(channel, channel + kCount));
  ring->size = (longest + 15) / 16 * 16 + 16;
  const int64_t space = ring->size + 16;
  for (int c = 0; memory && c < 2; ++c)
    for (size_t i = 0; i < kCount; ++i) {
      ring->delays[c][i] = delays[c][i];
      ring->lines[c][i] = memory + (c * kCount + i) * space;
    }
  return 2 * kCount * space;
}

}  // namespace

void reverb_f32(float* x, int64_t n, double sample_rate, const ReverbParameters& parameters,
                AugmentScratch& scratch) {
  const ReverbLines lines = ReverbLinesAt(sample_rate, parameters.room_size);
  const Choice choice = ActiveChoice();
  const ReverbLoops& loops = kReverb[choice.isa];
  int shortest = lines.all_passes[0][0];
  for (int c = 0; c < 2; ++c) {
    for (int delay : lines.combs[c]) shortest = std::min(shortest, delay);
    for (int delay : lines.all_passes[c]) shortest = std::min(shortest, delay);
  }
  if (choice.plain || shortest < loops.shortest) return reference::reverb_f32(x, n, sample_rate, parameters);

  ReverbPlan plan{.feedback = ReverbFeedback(parameters.reverberance),
                  .damping = ReverbDamping(parameters.damping),
                  .wet_gain = kReverbWetGain};
  const int64_t combs = LayOut(lines.combs, nullptr, &plan.combs);
  const int64_t total = combs + LayOut(lines.all_passes, nullptr, &plan.all_passes);
  float* memory = scratch.lines.Reserve(total);
  std::memset(memory, 0, total * sizeof(float));
  LayOut(lines.combs, memory, &plan.combs);
  LayOut(lines.all_passes, memory + combs, &plan.all_passes);
  loops.reverb_f32(x, n, plan);
}

}  // namespace clmr::kernels
