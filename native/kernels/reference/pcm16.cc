#include "kernels/pcm16.h"

#include <algorithm>
#include <cmath>

namespace clmr::kernels {
namespace {

constexpr float kScale = 32767.0f;

}  // namespace

void f32_to_pcm16_reference(const float* x, int64_t length, int16_t* y) {
  for (int64_t i = 0; i < length; ++i)
    y[i] = static_cast<int16_t>(std::nearbyintf(std::clamp(x[i] * kScale, -kScale, kScale)));
}

void pcm16_to_f32_reference(const int16_t* x, int64_t length, float* y) {
  for (int64_t i = 0; i < length; ++i) y[i] = static_cast<float>(x[i]) / kScale;
}

}  // namespace clmr::kernels
