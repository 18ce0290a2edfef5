#include "kernels/pcm16/pcm16.h"

#include <algorithm>
#include <cmath>

namespace clmr::kernels {
namespace {

constexpr float kScale = 32768.0f;

// To the nearest whole number, halves to the even one, for |x| < 2²²: what is added leaves no bits for the rest. Unlike
// nearbyintf, compilers make vector code of it.
float Round(float x) {
  constexpr float kShift = 12582912.0f;  // 1.5 · 2²³
  return (x + kShift) - kShift;
}

}  // namespace

Overload f32_to_pcm16(const float* x, int64_t length, int16_t* y) {
  Overload overload;
  for (int64_t i = 0; i < length; ++i) {
    const float magnitude = std::fabs(x[i]);
    overload.peak = std::max(overload.peak, magnitude);
    if (magnitude > 1.0f) ++overload.count;
    y[i] = static_cast<int16_t>(Round(std::clamp(x[i] * kScale, -kScale, kScale - 1)));
  }
  return overload;
}

void pcm16_to_f32(const int16_t* x, int64_t length, float* y) {
  for (int64_t i = 0; i < length; ++i) y[i] = static_cast<float>(x[i]) / kScale;
}

}  // namespace clmr::kernels
