// The training step's products in bfloat16 with sums in float32, by dot products of pairs. Compiled once, for
// AVX512-BF16.
#include "kernels/cpu/winograd_training_blocks.h"

namespace clmr::kernels::CLMR_ISA {
namespace {

typedef __m512bh Pairs;

inline Pairs LoadPairs(const Bfloat16* p) {
  Pairs v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
// One pair for all lanes
inline Pairs Everywhere(const Bfloat16* pair) {
  int bits;
  std::memcpy(&bits, pair, sizeof bits);
  return (Pairs)_mm512_set1_epi32(bits);
}

constexpr int kColumnLanes = kGemmColumns / kLanes;

// c [kRows, 64] = a [kRows, depth] · b [depth / 2, 64, 2]
template <int kRows>
inline void MultiplyRows(int64_t depth, const Bfloat16* a, const Bfloat16* b, float* c) {
  __m512 sum[kRows][kColumnLanes] = {};
  for (int64_t k = 0; k < depth; k += 2, b += 2 * kGemmColumns) {
    Pairs row[kColumnLanes];
    for (int i = 0; i < kColumnLanes; ++i) row[i] = LoadPairs(b + i * 2 * kLanes);
    for (int r = 0; r < kRows; ++r) {
      const Pairs left = Everywhere(a + r * depth + k);
      for (int i = 0; i < kColumnLanes; ++i) sum[r][i] = _mm512_dpbf16_ps(sum[r][i], left, row[i]);
    }
  }
  for (int r = 0; r < kRows; ++r)
    for (int i = 0; i < kColumnLanes; ++i) Store(c + r * kGemmColumns + i * kLanes, (Lanes)sum[r][i]);
}

void gemm(int64_t rows, int64_t depth, const Bfloat16* a, const Bfloat16* b, float* c, const Ahead& ahead) {
  Fetcher fetcher(ahead, (rows + 5) / 6);
  int64_t r = 0;
  for (; r + 6 <= rows; r += 6) {
    fetcher.Some();
    MultiplyRows<6>(depth, a + r * depth, b, c + r * kGemmColumns);
  }
  for (; r + 2 <= rows; r += 2) MultiplyRows<2>(depth, a + r * depth, b, c + r * kGemmColumns);
  if (r < rows) MultiplyRows<1>(depth, a + r * depth, b, c + r * kGemmColumns);
}

// kIn × 2 vectors of accumulators over all pairs of tiles; x and dy point into their panels.
template <int kIn>
inline void Accumulate(int64_t pairs, const Bfloat16* x, const Bfloat16* dy, float* du, int64_t out, bool add) {
  __m512 sum[kIn][2] = {};
  for (int64_t r = 0; r < pairs; ++r, x += 2 * kPanel, dy += 2 * kPanel) {
    const Pairs g0 = LoadPairs(dy), g1 = LoadPairs(dy + 2 * kLanes);
    for (int i = 0; i < kIn; ++i) {
      const Pairs left = Everywhere(x + 2 * i);
      sum[i][0] = _mm512_dpbf16_ps(sum[i][0], left, g0);
      sum[i][1] = _mm512_dpbf16_ps(sum[i][1], left, g1);
    }
  }
  for (int i = 0; i < kIn; ++i, du += out)
    for (int j = 0; j < 2; ++j) {
      const Lanes value = (Lanes)sum[i][j];
      Store(du + j * kLanes, add ? Load(du + j * kLanes) + value : value);
    }
}

void weight_gradient(int64_t rows, const Bfloat16* x, const Bfloat16* dy, int64_t in, int64_t out, float* du, bool add,
                     const Ahead& ahead) {
  constexpr int kIn = 8;
  const int64_t pairs = (rows + 1) / 2, panel = pairs * 2 * kPanel;
  Fetcher fetcher(ahead, out / kPanel * (in / kIn));
  for (int64_t o = 0; o < out; o += kPanel)
    for (int64_t i = 0; i < in; i += kIn) {
      fetcher.Some();
      Accumulate<kIn>(pairs, x + i / kPanel * panel + i % kPanel * 2, dy + o / kPanel * panel, du + i * out + o, out, add);
    }
}

}  // namespace

const WinogradTrainingKernels<Bfloat16, Bfloat16> kBfloat16Training = {
    input_transform<Bfloat16, Bfloat16>,
    first_input_transform<Bfloat16>,
    output_transform<Bfloat16>,
    gradient_transform<Bfloat16, Bfloat16>,
    masked_output_transform<Bfloat16>,
    first_output_transform,
    first_block,
    gemm,
    weight_gradient,
    filter_transform<Bfloat16>,
    filter_gradient};

}  // namespace clmr::kernels::CLMR_ISA
