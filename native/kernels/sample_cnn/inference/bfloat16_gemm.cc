#include "kernels/sample_cnn/inference/bfloat16_gemm.h"

#include <ATen/native/CPUBlas.h>

#include <exception>
#include <vector>

namespace clmr::kernels {
namespace {

bool Check() {
  constexpr int64_t rows = 5, depth = 64;
  std::vector<Bfloat16> a(rows * depth), b(depth * kPairColumns);
  std::vector<float> c(rows * kPairColumns);
  const auto left = [](int64_t i, int64_t k) { return float((i * 3 + k) % 7 - 3); };
  const auto right = [](int64_t k, int64_t n) { return float((k + 2 * n) % 5 - 2); };
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t k = 0; k < depth; ++k) a[i * depth + k] = ToBfloat16(left(i, k));
  PackPairs(depth, b.data(), right);
  try {
    Bfloat16GemmUse use;
    Bfloat16Gemm(rows, depth, a.data(), depth, b.data(), c.data());
  } catch (const std::exception&) {
    return false;
  }
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t n = 0; n < kPairColumns; ++n) {
      float sum = 0;  // small integers: exact
      for (int64_t k = 0; k < depth; ++k) sum += left(i, k) * right(k, n);
      if (sum != c[i * kPairColumns + n]) return false;
    }
  return true;
}

}  // namespace

void Bfloat16Gemm(int64_t rows, int64_t depth, const Bfloat16* a, int64_t lda, const Bfloat16* b, float* c) {
  at::native::cpublas::brgemm(rows, kPairColumns, depth, lda, kPairColumns, kPairColumns, /*add_C=*/false,
                              reinterpret_cast<const at::BFloat16*>(a),
                              reinterpret_cast<const at::BFloat16*>(b), c,
                              /*is_vnni=*/true);
}

Bfloat16GemmUse::~Bfloat16GemmUse() { at::native::cpublas::brgemm_release(true); }

bool Bfloat16GemmIsRight() {
  static const bool right = Check();
  return right;
}

}  // namespace clmr::kernels
