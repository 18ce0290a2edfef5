#include "kernels/pcm16/pcm16.h"

#include <algorithm>
#include <bit>

namespace clmr::kernels {
namespace {

constexpr float kScale = 32768.0f;
constexpr int32_t kOne = std::bit_cast<int32_t>(1.0f);

// To the nearest whole number, halves to the even one, for |x| < 2²²: what is added leaves no bits for the rest. Unlike
// nearbyintf, compilers make vector code of it.
float Round(float x) {
  constexpr float kShift = 12582912.0f;  // 1.5 · 2²³
  return (x + kShift) - kShift;
}

}  // namespace

Overload f32_to_pcm16(const float* x, int64_t length, int16_t* y) {
  constexpr int64_t kPiece = 4096;
  Overload overload;
  for (int64_t at = 0; at < length; at += kPiece) {
    const int64_t end = std::min(length, at + kPiece);
    // Magnitudes as whole numbers, which are ordered as the floats are: compilers make vector code of it.
    int32_t largest = 0, beyond = 0;
    for (int64_t i = at; i < end; ++i) {
      const int32_t magnitude = std::bit_cast<int32_t>(x[i]) & 0x7fffffff;
      largest = std::max(largest, magnitude);
      beyond += magnitude > kOne;
      y[i] = static_cast<int16_t>(Round(std::clamp(x[i] * kScale, -kScale, kScale - 1)));
    }
    overload.peak = std::max(overload.peak, std::bit_cast<float>(largest));
    overload.count += beyond;
  }
  return overload;
}

void pcm16_to_f32(const int16_t* x, int64_t length, float* y) {
  for (int64_t i = 0; i < length; ++i) y[i] = static_cast<float>(x[i]) / kScale;
}

}  // namespace clmr::kernels
