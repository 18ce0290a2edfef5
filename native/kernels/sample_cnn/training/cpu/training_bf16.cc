// The training step's products in bfloat16 with sums in float32, by dot products of pairs.
// Compiled once, for AVX512-BF16.
#include "kernels/sample_cnn/cpu/register_gemm_bf16.h"
#include "kernels/sample_cnn/training/cpu/blocks.h"

namespace clmr::kernels::CLMR_ISA {
namespace {

static_assert(kGemmColumns == kPairColumns);

void gemm(int64_t rows, int64_t depth, const Bfloat16* a, const Bfloat16* b, float* c, const Ahead& ahead) {
  Fetcher fetcher(ahead, (rows + 5) / 6);
  EachRows(rows, [&]<int kRows>(int64_t r) {
    if (kRows == 6) fetcher.Some();
    MultiplyPairs<kRows>(depth, a + r * depth, b, c + r * kGemmColumns);
  });
}

// kIn × 2 vectors of accumulators over all pairs of tiles; x and dy point into their panels.
template <int kIn>
inline void Accumulate(int64_t pairs, const Bfloat16* x, const Bfloat16* dy, float* du, int64_t out,
                       bool add) {
  AtLeastOne(pairs);
  Lanes sum[kIn][2] = {};
  for (int64_t r = 0; r < pairs; ++r, x += 2 * kPanel, dy += 2 * kPanel) {
    const Pairs g0 = LoadPairs(dy), g1 = LoadPairs(dy + 2 * kLanes);
    for (int i = 0; i < kIn; ++i) {
      const Pairs left = Everywhere(x + 2 * i);
      AddProducts(sum[i][0], left, g0);
      AddProducts(sum[i][1], left, g1);
    }
  }
  for (int i = 0; i < kIn; ++i, du += out)
    for (int j = 0; j < 2; ++j) {
      const Lanes value = sum[i][j];
      Store(du + j * kLanes, add ? Load(du + j * kLanes) + value : value);
    }
}

void weight_gradient(int64_t rows, const Bfloat16* x, const Bfloat16* dy, int64_t in, int64_t out, float* du,
                     bool add, const Ahead& ahead) {
  constexpr int kIn = 8;
  const int64_t pairs = (rows + 1) / 2, panel = pairs * 2 * kPanel;
  Fetcher fetcher(ahead, out / kPanel * (in / kIn));
  for (int64_t o = 0; o < out; o += kPanel)
    for (int64_t i = 0; i < in; i += kIn) {
      fetcher.Some();
      Accumulate<kIn>(pairs, x + i / kPanel * panel + i % kPanel * 2, dy + o / kPanel * panel,
                      du + i * out + o, out, add);
    }
}

}  // namespace

const TrainingLoops<Bfloat16, Bfloat16> kTrainingInBfloat16 = {input_transform<Bfloat16, Bfloat16>,
                                                               first_input_transform<Bfloat16>,
                                                               output_transform<Bfloat16>,
                                                               gradient_transform<Bfloat16, Bfloat16>,
                                                               masked_output_transform<Bfloat16>,
                                                               first_output_transform,
                                                               gemm,
                                                               weight_gradient,
                                                               filter_transform<Bfloat16>,
                                                               filter_gradient};

}  // namespace clmr::kernels::CLMR_ISA
