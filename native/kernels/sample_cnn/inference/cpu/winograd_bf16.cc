// F(6,3) with planes and products of bfloat16, for inference. Compiled once, for AVX512-BF16.
#include "kernels/sample_cnn/cpu/register_gemm_bf16.h"
#include "kernels/sample_cnn/inference/cpu/winograd_tiles.h"

namespace clmr::kernels::CLMR_ISA {
namespace {

void gemm(int64_t rows, int64_t depth, const uint16_t* a, const uint16_t* b, float* c) {
  EachRows(rows, [&]<int kRows>(int64_t r) {
    MultiplyPairs<kRows>(depth, a + r * depth, b, c + r * kPairColumns);
  });
}

}  // namespace

const Bfloat16WinogradLoops kBfloat16Winograd = {input_transform<Six, uint16_t>,
                                                 first_layer_transform<Six, uint16_t>, gemm};

}  // namespace clmr::kernels::CLMR_ISA
