#pragma once
// The block of a matrix product of bfloat16 that the registers hold, by dot products of pairs with sums in
// float32 (AVX512-BF16). Local to the file that includes it, as everything in lanes.h.
#include <immintrin.h>

#include "kernels/sample_cnn/bfloat16.h"
#include "kernels/sample_cnn/cpu/register_gemm.h"

namespace {

typedef __m512bh Pairs;

[[maybe_unused]] inline Pairs LoadPairs(const uint16_t* p) {
  Pairs v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
// One pair for all lanes
[[maybe_unused]] inline Pairs Everywhere(const uint16_t* pair) {
  int bits;
  std::memcpy(&bits, pair, sizeof bits);
  return (Pairs)_mm512_set1_epi32(bits);
}

using clmr::kernels::kPairColumns;
constexpr int kPairLanes = kPairColumns / kLanes;

inline void AddProducts(Lanes& sum, Pairs a, Pairs b) { sum = (Lanes)_mm512_dpbf16_ps((__m512)sum, a, b); }

// c [kRows, 64] = a [kRows, depth] · b [depth / 2, 64, 2]
template <int kRows>
[[maybe_unused]] inline void MultiplyPairs(int64_t depth, const uint16_t* a, const uint16_t* b, float* c) {
  AtLeastOne(depth);
  Lanes sum[kRows][kPairLanes] = {};
  for (int64_t k = 0; k < depth; k += 2, b += 2 * kPairColumns) {
    Pairs row[kPairLanes];
    for (int i = 0; i < kPairLanes; ++i) row[i] = LoadPairs(b + i * 2 * kLanes);
    for (int r = 0; r < kRows; ++r) {
      const Pairs left = Everywhere(a + r * depth + k);
      for (int i = 0; i < kPairLanes; ++i) AddProducts(sum[r][i], left, row[i]);
    }
  }
  for (int r = 0; r < kRows; ++r)
    for (int i = 0; i < kPairLanes; ++i) Store(c + r * kPairColumns + i * kLanes, sum[r][i]);
}

}  // namespace
