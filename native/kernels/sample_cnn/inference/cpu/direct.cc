// Compiled once for each instruction set.
#include "kernels/sample_cnn/inference/loops.h"

#include "kernels/cpu/lanes.h"

namespace clmr::kernels::CLMR_ISA {
namespace {

void first_layer(const float* waveform, const float* weight, const float* bias, int64_t first, int64_t count,
                 int64_t steps, int64_t channels, uint16_t* rows) {
  for (int64_t i = 0; i < count; ++i) {
    const int64_t step = first + i;
    uint16_t* target = rows + i * channels;
    if (step < 0 || step >= steps) {
      std::memset(target, 0, channels * sizeof(uint16_t));
      continue;
    }
    const float* x = waveform + 3 * step;
    for (int64_t c = 0; c < channels; c += kLanes) {
      const Lanes w0 = Load(weight + c), w1 = Load(weight + channels + c),
                  w2 = Load(weight + 2 * channels + c);
      StoreBfloat16(target + c, Relu(w0 * x[0] + (w1 * x[1] + (w2 * x[2] + Load(bias + c)))));
    }
  }
}

void pool(const float* c, int64_t windows, int64_t block, const float* bias, uint16_t* pooled,
          int64_t stride) {
  for (int64_t w = 0; w < windows; ++w) {
    const float* rows = c + 3 * w * block;
    for (int64_t k = 0; k < block; k += kLanes) {
      const Lanes highest = Max(Max(Load(rows + k), Load(rows + block + k)), Load(rows + 2 * block + k));
      StoreBfloat16(pooled + w * stride + k, Relu(highest + Load(bias + k)));
    }
  }
}

}  // namespace

const DirectLoops kDirect = {first_layer, pool};

}  // namespace clmr::kernels::CLMR_ISA
