#pragma once
// bfloat16: the upper half of a float32.
#include <cstdint>

namespace clmr::kernels {

using Bfloat16 = uint16_t;

// To nearest, ties to even; NaN stays NaN.
Bfloat16 ToBfloat16(float x);

// The right side of a product, as dot products of pairs take it: value(k, n) of a [depth, 64] matrix →
// [depth / 2, 64, 2], pairs of rows interleaved (VNNI).
constexpr int64_t kPairColumns = 64;
template <class F>
void PackPairs(int64_t depth, Bfloat16* packed, F value) {
  for (int64_t k = 0; k < depth; ++k)
    for (int64_t n = 0; n < kPairColumns; ++n)
      packed[k / 2 * 2 * kPairColumns + 2 * n + k % 2] = ToBfloat16(value(k, n));
}

}  // namespace clmr::kernels
