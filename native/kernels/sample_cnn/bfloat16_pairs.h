#pragma once
// The right side of a product of bfloat16, as dot products of pairs take it.
#include <cstdint>

#include "kernels/sample_cnn/inference/direct.h"

namespace clmr::kernels {

constexpr int64_t kPairColumns = 64;

// value(k, n) of a [depth, 64] matrix → [depth / 2, 64, 2]: pairs of rows interleaved (VNNI)
template <class F>
void PackPairs(int64_t depth, uint16_t* packed, F value) {
  for (int64_t k = 0; k < depth; ++k)
    for (int64_t n = 0; n < kPairColumns; ++n)
      packed[k / 2 * 2 * kPairColumns + 2 * n + k % 2] = ToBfloat16(value(k, n));
}

}  // namespace clmr::kernels
