#pragma once
// Matrix products that fit the caches, for the Winograd passes.
#include <cstdint>

namespace clmr {

// c [rows, columns] = a [rows, depth] · b [depth, columns], float32, columns a multiple of 32, on the calling thread
using SmallGemm = void (*)(int64_t rows, int64_t columns, int64_t depth, const float* a, int64_t lda, const float* b,
                           int64_t ldb, float* c, int64_t ldc);

// libtorch's where it is there and right, otherwise our own.
SmallGemm ChooseSmallGemm();

}  // namespace clmr
