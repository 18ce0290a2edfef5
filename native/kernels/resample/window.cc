// What resampling does to samples before and after the taps.
#include <algorithm>
#include <bit>
#include <cmath>

#include "kernels/resample/resample.h"

namespace clmr::kernels {

void copy_window_f32(const float* x, int64_t frames, int64_t start, int64_t length, float* y) {
  const int64_t from = std::clamp<int64_t>(-start, 0, length);
  const int64_t to = std::clamp<int64_t>(frames - start, from, length);
  std::fill(y, y + from, 0.0f);
  std::copy(x + start + from, x + start + to, y + from);
  std::fill(y + to, y + length, 0.0f);
}

int64_t FirstNonFinite(const float* x, int64_t length) {
  constexpr int32_t kInfinity = 0x7f800000, kMagnitude = 0x7fffffff;
  constexpr int64_t kPiece = 4096;
  for (int64_t at = 0; at < length; at += kPiece) {
    const int64_t end = std::min(length, at + kPiece);
    // As whole numbers, without a way out: compilers make vector code of it.
    int32_t largest = 0;
    for (int64_t i = at; i < end; ++i) largest = std::max(largest, std::bit_cast<int32_t>(x[i]) & kMagnitude);
    if (largest < kInfinity) continue;
    for (int64_t i = at; i < end; ++i)
      if (!std::isfinite(x[i])) return i;
  }
  return -1;
}

}  // namespace clmr::kernels
