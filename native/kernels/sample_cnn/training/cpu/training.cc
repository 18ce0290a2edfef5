// The training step's products in float32. Compiled once for each instruction set.
#include "kernels/sample_cnn/cpu/register_gemm.h"
#include "kernels/sample_cnn/training/cpu/blocks.h"

namespace clmr::kernels::CLMR_ISA {
namespace {

void gemm(int64_t rows, int64_t depth, const float* a, const float* b, float* c, const Ahead& ahead) {
  constexpr int64_t n = kGemmColumns;
  Fetcher fetcher(ahead, (rows + 5) / 6);
  EachRows(rows, [&]<int kRows>(int64_t r) {
    if (kRows == 6) fetcher.Some();
    MultiplyRows<kRows>(n, depth, a + r * depth, depth, b, n, c + r * n, n);
  });
}

// kIn × 2 vectors of accumulators over all tiles; x and dy point into their panels.
template <int kIn>
inline void Accumulate(int64_t rows, const float* x, const float* dy, float* du, int64_t out, bool add) {
  AtLeastOne(rows);
  Lanes sum[kIn][2] = {};
  for (int64_t r = 0; r < rows; ++r, x += kPanel, dy += kPanel) {
    const Lanes g0 = Load(dy), g1 = Load(dy + kLanes);
    for (int i = 0; i < kIn; ++i) {
      sum[i][0] += x[i] * g0;
      sum[i][1] += x[i] * g1;
    }
  }
  for (int i = 0; i < kIn; ++i, du += out) {
    Store(du, add ? Load(du) + sum[i][0] : sum[i][0]);
    Store(du + kLanes, add ? Load(du + kLanes) + sum[i][1] : sum[i][1]);
  }
}

void weight_gradient(int64_t rows, const float* x, const float* dy, int64_t in, int64_t out, float* du,
                     bool add, const Ahead& ahead) {
  constexpr int kIn = kLanes == 16 ? 8 : 4;  // as many as the registers hold
  Fetcher fetcher(ahead, out / (2 * kLanes) * (in / kIn));
  for (int64_t o = 0; o < out; o += 2 * kLanes)
    for (int64_t i = 0; i < in; i += kIn) {
      fetcher.Some();
      Accumulate<kIn>(rows, x + i / kPanel * rows * kPanel + i % kPanel,
                      dy + o / kPanel * rows * kPanel + o % kPanel, du + i * out + o, out, add);
    }
}

}  // namespace

template <class Stored>
constexpr TrainingLoops<Stored, float> kKernels = {input_transform<Stored, float>,
                                                   first_input_transform<float>,
                                                   output_transform<Stored>,
                                                   gradient_transform<Stored, float>,
                                                   masked_output_transform<Stored>,
                                                   first_output_transform,
                                                   gemm,
                                                   weight_gradient,
                                                   filter_transform<float>,
                                                   filter_gradient};

const TrainingLoops<float, float> kTrainingFloat32 = kKernels<float>;
const TrainingLoops<Bfloat16, float> kTrainingKeptAsBfloat16 = kKernels<Bfloat16>;

}  // namespace clmr::kernels::CLMR_ISA
