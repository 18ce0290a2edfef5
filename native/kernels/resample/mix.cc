// What resampling does to samples before and after the taps.
#include <algorithm>
#include <cmath>

#include "kernels/resample/resample.h"

namespace clmr::kernels {

void mix_down_f32(const float* const* channels, int64_t count, int64_t frames, int64_t start, int64_t length,
                  float* y) {
  const int64_t from = std::clamp<int64_t>(-start, 0, length);
  const int64_t to = std::clamp<int64_t>(frames - start, from, length);
  std::fill(y, y + from, 0.0f);
  std::fill(y + to, y + length, 0.0f);
  std::copy(channels[0] + start + from, channels[0] + start + to, y + from);
  for (int64_t c = 1; c < count; ++c)
    for (int64_t i = from; i < to; ++i) y[i] += channels[c][start + i];
  const float share = 1.0f / static_cast<float>(count);
  if (count > 1)
    for (int64_t i = from; i < to; ++i) y[i] *= share;
}

int64_t FirstNonFinite(const float* x, int64_t length) {
  for (int64_t i = 0; i < length; ++i)
    if (!std::isfinite(x[i])) return i;
  return -1;
}

}  // namespace clmr::kernels
