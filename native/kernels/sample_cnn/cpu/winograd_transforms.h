#pragma once
// The transforms of F(6,3) in registers, local to the file that includes them as everything in lanes.h.
#include "kernels/cpu/lanes.h"

namespace {

// Bᵀ·d: 8 inputs → 8 points
[[maybe_unused]] inline void TransformInput(const Lanes d[8], Lanes o[8]) {
  o[0] = (d[0] - d[6]) + 5.25f * (d[4] - d[2]);
  const Lanes even1 = d[2] + d[6] - 4.25f * d[4], odd1 = d[1] + d[5] - 4.25f * d[3];
  o[1] = even1 + odd1;
  o[2] = even1 - odd1;
  const Lanes even2 = d[6] + 0.25f * d[2] - 1.25f * d[4], odd2 = 0.5f * d[1] - 2.5f * d[3] + 2.0f * d[5];
  o[3] = even2 + odd2;
  o[4] = even2 - odd2;
  const Lanes even3 = d[6] + 4.0f * d[2] - 5.0f * d[4], odd3 = 2.0f * d[1] - 2.5f * d[3] + 0.5f * d[5];
  o[5] = even3 + odd3;
  o[6] = even3 - odd3;
  o[7] = (d[7] - d[1]) + 5.25f * (d[3] - d[5]);
}

// Aᵀ·m: 8 points → 6 outputs
[[maybe_unused]] inline void TransformOutput(const Lanes m[8], Lanes y[6]) {
  const Lanes sum1 = m[1] + m[2], sum2 = m[3] + m[4], sum3 = m[5] + m[6];
  const Lanes dif1 = m[1] - m[2], dif2 = m[3] - m[4], dif3 = m[5] - m[6];
  y[0] = m[0] + sum1 + sum2 + sum3;
  y[1] = dif1 + 2.0f * dif2 + 0.5f * dif3;
  y[2] = sum1 + 4.0f * sum2 + 0.25f * sum3;
  y[3] = dif1 + 8.0f * dif2 + 0.125f * dif3;
  y[4] = sum1 + 16.0f * sum2 + 0.0625f * sum3;
  y[5] = dif1 + 32.0f * dif2 + 0.03125f * dif3 + m[7];
}

// A·y, the transpose of TransformOutput: 6 gradients → 8 points
[[maybe_unused]] inline void TransformGradient(const Lanes y[6], Lanes o[8]) {
  o[0] = y[0];
  const Lanes even1 = y[0] + y[2] + y[4], odd1 = y[1] + y[3] + y[5];
  o[1] = even1 + odd1;
  o[2] = even1 - odd1;
  const Lanes even2 = y[0] + 4.0f * y[2] + 16.0f * y[4], odd2 = 2.0f * y[1] + 8.0f * y[3] + 32.0f * y[5];
  o[3] = even2 + odd2;
  o[4] = even2 - odd2;
  const Lanes even3 = y[0] + 0.25f * y[2] + 0.0625f * y[4],
              odd3 = 0.5f * y[1] + 0.125f * y[3] + 0.03125f * y[5];
  o[5] = even3 + odd3;
  o[6] = even3 - odd3;
  o[7] = y[5];
}

// G·w: 3 taps → 8 points
[[maybe_unused]] inline void TransformFilter(const Lanes w[3], Lanes o[8]) {
  const Lanes even1 = w[0] + w[2], even2 = w[0] + 4.0f * w[2], even3 = 4.0f * w[0] + w[2];
  o[0] = w[0];
  o[1] = (-2.0f / 9) * (even1 + w[1]);
  o[2] = (-2.0f / 9) * (even1 - w[1]);
  o[3] = (1.0f / 90) * (even2 + 2.0f * w[1]);
  o[4] = (1.0f / 90) * (even2 - 2.0f * w[1]);
  o[5] = (8.0f / 45) * (even3 + 2.0f * w[1]);
  o[6] = (8.0f / 45) * (even3 - 2.0f * w[1]);
  o[7] = w[2];
}

// Gᵀ·u, its transpose: 8 points → 3 taps
[[maybe_unused]] inline void TransformFilterGradient(const Lanes u[8], Lanes w[3]) {
  const Lanes sum1 = (-2.0f / 9) * (u[1] + u[2]), sum2 = (1.0f / 90) * (u[3] + u[4]),
              sum3 = (8.0f / 45) * (u[5] + u[6]);
  const Lanes dif1 = (-2.0f / 9) * (u[1] - u[2]), dif2 = (1.0f / 90) * (u[3] - u[4]),
              dif3 = (8.0f / 45) * (u[5] - u[6]);
  w[0] = u[0] + sum1 + sum2 + 4.0f * sum3;
  w[1] = dif1 + 2.0f * dif2 + 2.0f * dif3;
  w[2] = sum1 + 4.0f * sum2 + sum3 + u[7];
}

}  // namespace
