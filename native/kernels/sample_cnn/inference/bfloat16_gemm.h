#pragma once
// Matrix products of bfloat16 with float32 sums, by libtorch's small GEMM (oneDNN's JIT: AVX512-BF16 or AMX).
#include <cstdint>

#include "kernels/sample_cnn/bfloat16.h"

namespace clmr::kernels {

// c [rows, 64] = a · b on the calling thread. a: rows of `depth` values that start `lda` apart;
// b: as PackPairs makes it.
void Bfloat16Gemm(int64_t rows, int64_t depth, const Bfloat16* a, int64_t lda, const Bfloat16* b, float* c);

// Releases the GEMM's state of this thread at its end, also after an abort: the tiles of AMX belong to the
// thread, and whatever runs on it next would find them configured.
class Bfloat16GemmUse {
 public:
  Bfloat16GemmUse() = default;
  Bfloat16GemmUse(const Bfloat16GemmUse&) = delete;
  Bfloat16GemmUse& operator=(const Bfloat16GemmUse&) = delete;
  ~Bfloat16GemmUse();
};

// Whether the GEMM is there and computes the right numbers: with a packing that it does not expect
// it would be wrong in silence.
bool Bfloat16GemmIsRight();

}  // namespace clmr::kernels
