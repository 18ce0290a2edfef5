#pragma once
// Matrix products of bfloat16 with float32 sums, by libtorch's small GEMM (oneDNN's JIT: AVX512-BF16 or AMX).
#include <cstdint>

#include "kernels/bfloat16_conv.h"

namespace clmr {

constexpr int64_t kBfloat16Block = 64;  // columns of a product

// c [rows, 64] = a · b on the calling thread. a: rows of `depth` values that start `lda` apart; b: as PackPairs makes it.
void Bfloat16Gemm(int64_t rows, int64_t depth, const uint16_t* a, int64_t lda, const uint16_t* b, float* c);

// Gives back at its end what the GEMM of this thread holds, also after an abort: the tiles of AMX are a state of the
// thread, which others of its tasks would find.
class Bfloat16GemmUse {
 public:
  Bfloat16GemmUse() = default;
  Bfloat16GemmUse(const Bfloat16GemmUse&) = delete;
  Bfloat16GemmUse& operator=(const Bfloat16GemmUse&) = delete;
  ~Bfloat16GemmUse();
};

// Whether it is there and right: with an unexpected packing it would compute wrong numbers in silence.
bool Bfloat16GemmIsRight();

// value(k, n) of a [depth, 64] matrix, pairs of rows interleaved as the dot-product instructions want them (VNNI)
template <class F>
void PackPairs(int64_t depth, uint16_t* packed, F value) {
  for (int64_t k = 0; k < depth; ++k)
    for (int64_t n = 0; n < kBfloat16Block; ++n)
      packed[k / 2 * 2 * kBfloat16Block + 2 * n + k % 2] = kernels::ToBfloat16(value(k, n));
}

}  // namespace clmr
