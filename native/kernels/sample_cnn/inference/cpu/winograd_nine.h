#pragma once
// The transforms of F(9,3) in registers, local to the file that includes them as everything in lanes.h.
#include <array>
#include <utility>

#include "kernels/cpu/lanes.h"
#include "kernels/sample_cnn/winograd.h"

namespace {

using clmr::kernels::kNinePairs;

// Π (x − b²) over all pairs but `left_out` (5: none): the coefficients of x⁰, x¹ …, all exact in float32
constexpr std::array<float, 6> SquaresBut(int left_out) {
  double product[6] = {1};
  int degree = 0;
  for (int i = 0; i < 5; ++i) {
    if (i == left_out) continue;
    ++degree;
    for (int k = degree; k >= 0; --k)
      product[k] = (k ? product[k - 1] : 0) - kNinePairs[i] * kNinePairs[i] * product[k];
  }
  std::array<float, 6> coefficients{};
  for (int k = 0; k < 6; ++k) coefficients[k] = static_cast<float>(product[k]);
  return coefficients;
}

constexpr float Power(double base, int exponent) {
  double power = 1;
  for (int i = 0; i < exponent; ++i) power *= base;
  return static_cast<float>(power);
}

// The two points of pair kI: Π (x² − b²)·(x ± a) of the inputs, even and odd ones for themselves.
template <int kI>
inline void TransformInputPair(const Lanes d[11], Lanes o[11]) {
  constexpr std::array<float, 6> q = SquaresBut(kI);
  constexpr float a = static_cast<float>(kNinePairs[kI]);
  const Lanes even = q[0] * d[0] + (q[1] * d[2] + (q[2] * d[4] + (q[3] * d[6] + d[8])));
  const Lanes odd = q[0] * d[1] + (q[1] * d[3] + (q[2] * d[5] + (q[3] * d[7] + d[9])));
  o[2 * kI] = odd + a * even;
  o[2 * kI + 1] = odd - a * even;
}

// Bᵀ·d: 11 inputs → 11 points
[[maybe_unused]] inline void TransformInputNine(const Lanes d[11], Lanes o[11]) {
  constexpr std::array<float, 6> q = SquaresBut(5);
  TransformInputPair<0>(d, o);
  TransformInputPair<1>(d, o);
  TransformInputPair<2>(d, o);
  TransformInputPair<3>(d, o);
  TransformInputPair<4>(d, o);
  o[10] = q[0] * d[0] + (q[1] * d[2] + (q[2] * d[4] + (q[3] * d[6] + (q[4] * d[8] + d[10]))));
}

// Σ aʲ·(m₊ ± m₋), plus for even j: x holds sums of pairs, for odd j their differences
template <int kJ>
inline Lanes OutputNine(const Lanes x[5]) {
  constexpr float p[5] = {Power(kNinePairs[0], kJ), Power(kNinePairs[1], kJ), Power(kNinePairs[2], kJ),
                          Power(kNinePairs[3], kJ), Power(kNinePairs[4], kJ)};
  return p[0] * x[0] + (p[1] * x[1] + (p[3] * x[3] + (p[4] * x[4] + x[2])));
}
static_assert(kNinePairs[2] == 1, "its powers are left out");

// Aᵀ·m: 11 points → 9 outputs
[[maybe_unused]] inline void TransformOutputNine(const Lanes m[11], Lanes y[9]) {
  Lanes sum[5], difference[5];
  for (int i = 0; i < 5; ++i) {
    sum[i] = m[2 * i] + m[2 * i + 1];
    difference[i] = m[2 * i] - m[2 * i + 1];
  }
  y[0] = OutputNine<0>(sum);
  y[1] = OutputNine<1>(difference);
  y[2] = OutputNine<2>(sum);
  y[3] = OutputNine<3>(difference);
  y[4] = OutputNine<4>(sum);
  y[5] = OutputNine<5>(difference);
  y[6] = OutputNine<6>(sum);
  y[7] = OutputNine<7>(difference);
  y[8] = OutputNine<8>(sum) + m[10];
}

}  // namespace
