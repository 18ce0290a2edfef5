#include "kernels/pcm16/pcm16.h"

#include <algorithm>
#include <bit>

namespace clmr::kernels {
namespace {

constexpr float kScale = 32768.0f;
constexpr int32_t kOne = std::bit_cast<int32_t>(1.0f);

// To the nearest whole number, halves to the even one, for |x| < 2²²: what is added leaves no bits for the
// rest. Unlike nearbyintf, compilers make vector code of it.
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
    // Limits and comparisons of whole numbers, as magnitudes are ordered: compilers make vector code of it.
    int32_t largest = 0, beyond = 0;
    for (int64_t i = at; i < end; ++i) {
      const int32_t bits = std::bit_cast<int32_t>(x[i]), magnitude = bits & 0x7fffffff;
      largest = magnitude > largest ? magnitude : largest;
      beyond += magnitude > kOne ? 1 : 0;
      const int32_t limited = magnitude > kOne ? kOne : magnitude;
      const float scaled = std::bit_cast<float>(limited | (bits ^ magnitude)) * kScale;
      const auto rounded = static_cast<int32_t>(Round(scaled));
      y[i] = static_cast<int16_t>(rounded > 32767 ? 32767 : rounded);
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
