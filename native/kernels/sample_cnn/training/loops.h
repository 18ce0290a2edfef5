#pragma once
// The fast loops of training, compiled once for each instruction set: a convolution block in training mode,
// forward and backward, by Winograd F(6,3) (winograd.h).
//
// Batch norm is monotone in each channel. With the sign of γ folded into the weights,
// the maximum of a pooling window is therefore the same before and after batch norm:
// a layer keeps y = its convolution and p = max-pool(y), and the next layer normalizes p as it loads it.
//
// The gradient of the weights saves as many multiplications as the convolution: dW = Gᵀ·Σ (Bᵀ·x)(A·dy)ᵀ, the
// sum over all tiles, one matrix product for each point.
//
// Axes: rows are time steps, channels lie next to each other, nothing is padded: [L, C].
// Channels are multiples of 32.
#include "kernels/by_isa.h"
#include "kernels/sample_cnn/bfloat16.h"
#include "kernels/sample_cnn/winograd.h"

namespace clmr::kernels {

constexpr int64_t kPanel = 32;
constexpr int64_t kGemmColumns = 64;

// Eight planes of tiles × channels, one for each point. Row r and channel c of point p lie at
//   p·plane + (c / 32)·panel + r·row + c % 32
// in one of three layouts:
//   AsRows    [rows, channels], the left side of a GEMM;
//   AsPanels  [channels / 32, rows, 32], for weight_gradient; of bfloat16 in pairs of rows,
//             [channels / 32, rows / 2, 32, 2], where a last row without a partner is paired with zeros;
//   AsRight   [rows, channels], the right side of a GEMM; of bfloat16 in pairs of rows,
//             [rows / 2, channels, 2].
template <class Factor>
struct Planes {
  Factor* data;
  int64_t plane, row, panel;
  bool pairs = false;
  int64_t first = 0;  // what row 0 is counted as

  static Planes AsRows(Factor* data, int64_t plane, int64_t channels) {
    return {data, plane, channels, kPanel};
  }
  static Planes AsPanels(Factor* data, int64_t plane, int64_t rows) {
    if constexpr (sizeof(Factor) == 2) return {data, plane, 2 * kPanel, (rows + 1) / 2 * 2 * kPanel, true};
    return {data, plane, kPanel, rows * kPanel};
  }
  static Planes AsRight(Factor* data, int64_t plane, int64_t channels) {
    if constexpr (sizeof(Factor) == 2) return {data, plane, 2 * channels, 2 * kPanel, true};
    return {data, plane, channels, kPanel};
  }
  Planes From(int64_t first_row) const { return {data, plane, row, panel, pairs, first + first_row}; }
};

// z = scale · value + shift, a block's batch norm [channels]
struct Normalization {
  const float *scale, *shift;
};

// The gradient through batch norm and pool: dy = scale · dz + slope · (y − mean) + offset. dz is 0 everywhere
// except at the maximum of each pooling window.
struct NormalizationGradient {
  const float *scale, *mean, *slope, *offset;
};

// Memory that the next chunk will read: it is prefetched during the products of this one.
struct Ahead {
  static constexpr int kPieces = 3;
  struct Piece {
    const void* data = nullptr;
    int64_t bytes = 0;
  } pieces[kPieces];
};

// Stored: what activations are kept as; Factor: what products are formed of. Sums are float32 always.
template <class Stored, class Factor>
struct TrainingLoops {
  // Bᵀ·x of x = ReLU(norm(rows)), rows [L, channels]
  void (*input_transform)(const Stored* rows, Normalization norm, TileRange tiles, int64_t channels,
                          Planes<Factor> to);

  // Bᵀ·x of the first block, which is not stored: waveform [3·L]; weight [3, channels],
  // its batch norm folded in.
  void (*first_input_transform)(const float* waveform, const float* weight, const float* shift,
                                TileRange tiles, int64_t channels, Planes<Factor> to);

  // m, 8 planes of [rows, block] → y = Aᵀ·m and pooled, rows of `stride` values from the first tile on; sum
  // += y − pivot and squares += (y − pivot)² [block]. `fresh`: the pivot is chosen here, from the first tile.
  // `stream`: past the caches, for layers that do not fit them; y and pooled start at a multiple of a vector.
  void (*output_transform)(const float* m, int64_t plane, TileRange tiles, int64_t block, Stored* y,
                           Stored* pooled, int64_t stride, bool stream, bool fresh, float* pivot, float* sum,
                           float* squares);

  // y [L, channels] and dz of its pooled values [L / 3, channels] → Bᵀ·dy and A·dy. `carry` [4, channels]
  // holds the rows that the next tile of the same clip shares with this one. A clip is worked through from
  // its first tile to its last, and the rows of finished tiles are not read again.
  void (*gradient_transform)(const Stored* y, const Stored* dz, NormalizationGradient norm, TileRange tiles,
                             int64_t channels, float* carry, Planes<Factor> for_data,
                             Planes<Factor> for_weights);

  // m, 8 planes of [rows, block] → dz [L, …] of the block below, rows of `stride` values: Aᵀ·m where
  // norm(pooled) > 0, else 0; sum += dz, products += dz · (pooled − mean).
  void (*masked_output_transform)(const float* m, int64_t plane, TileRange tiles, int64_t block,
                                  const Stored* pooled, Normalization norm, const float* mean, Stored* dz,
                                  int64_t stride, float* sum, float* products);

  // The same of the first block, whose gradient needs four sums a channel:
  // sums [4, channels] += dz, dz·x₀, dz·x₁, dz·x₂ of the three samples that a step sees.
  // weight, shift and sums point to the first channel of the block of columns.
  void (*first_output_transform)(const float* m, int64_t plane, TileRange tiles, int64_t block,
                                 const float* waveform, const float* weight, const float* shift,
                                 int64_t channels, float* sums);

  // c [rows, 64] = a [rows, depth] · b [depth, 64], b of bfloat16 in pairs of rows: [depth / 2, 64, 2]
  void (*gemm)(int64_t rows, int64_t depth, const Factor* a, const Factor* b, float* c, const Ahead& ahead);

  // One plane of panels each: du [in, out] (+)= xᵀ·dy over `rows` tiles
  void (*weight_gradient)(int64_t rows, const Factor* x, const Factor* dy, int64_t in, int64_t out, float* du,
                          bool add, const Ahead& ahead);

  // taps [3, rows, columns] → points [columns / block, 8, rows, block], as gemm reads them: G·w
  void (*filter_transform)(const float* taps, int64_t rows, int64_t columns, int64_t block, Factor* points);

  // parts × du [8, size] → the values first … last of taps [3, size]: Gᵀ·(sum of the parts, in their order)
  void (*filter_gradient)(const float* const* du, int64_t parts, int64_t size, int64_t first, int64_t last,
                          float* taps);
};

using TrainingFloat32 = TrainingLoops<float, float>;
using TrainingKeptAsBfloat16 = TrainingLoops<Bfloat16, float>;
using TrainingInBfloat16 = TrainingLoops<Bfloat16, Bfloat16>;
CLMR_BY_ISA(TrainingFloat32, kTrainingFloat32);
CLMR_BY_ISA(TrainingKeptAsBfloat16, kTrainingKeptAsBfloat16);
// Where HasBfloat16Products().
namespace avx512 {
extern const TrainingInBfloat16 kTrainingInBfloat16;
}

// Each step of the first convolution sees three samples. The sums of these samples and of their products over
// all steps are all that its batch statistics and the gradient of its weights need.
struct WaveformMoments {
  double first[3] = {};
  double second[3][3] = {};
};
// waveform [3·steps]
void AddWaveformMoments(const float* waveform, int64_t steps, WaveformMoments& sums);

}  // namespace clmr::kernels
