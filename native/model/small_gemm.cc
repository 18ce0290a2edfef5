#include "model/small_gemm.h"

#include <ATen/native/CPUBlas.h>

#include <algorithm>
#include <vector>

#include "kernels/dispatch.h"
#include "kernels/winograd.h"

namespace clmr {
namespace {

constexpr int64_t kDepth = 64;

// Sums of kDepth products are formed in registers and added up: about half the rounding error of one long sum, which is
// what F(6,3) has most of its error from.
void Brgemm(int64_t rows, int64_t columns, int64_t depth, const float* a, int64_t lda, const float* b, int64_t ldb,
            float* c, int64_t ldc) {
  for (int64_t k = 0; k < depth; k += kDepth)
    at::native::cpublas::brgemm(rows, columns, std::min(kDepth, depth - k), lda, ldb, ldc, /*add_C=*/k > 0, a + k,
                                b + k * ldb, c, /*is_vnni=*/false);
}

}  // namespace

SmallGemm ChooseSmallGemm() {
  constexpr int64_t n = 32;
  std::vector<float> a(n * n), b(n * n), got(n * n), expected(n * n);
  for (int64_t i = 0; i < n * n; ++i) a[i] = float(i % 7) - 3, b[i] = float(i % 5) - 2;
  const SmallGemm own = kernels::ChooseWinograd().gemm_f32;
  if (!kernels::BrgemmWanted()) return own;
  own(n, n, n, a.data(), n, b.data(), n, expected.data(), n);
  try {
    Brgemm(n, n, n, a.data(), n, b.data(), n, got.data(), n);
    at::native::cpublas::brgemm_release(false);
  } catch (const std::exception&) {
    return own;
  }
  return got == expected ? Brgemm : own;  // small integers: exact in any order
}

}  // namespace clmr
