// The transforms of F(6,3) and F(9,3) and what stands around them, in registers.
// Compiled once for each instruction set.
#include "kernels/sample_cnn/cpu/register_gemm.h"
#include "kernels/sample_cnn/inference/cpu/winograd_tiles.h"

namespace clmr::kernels::CLMR_ISA {
namespace {

template <class Tile>
void output_transform(const float* m, int64_t plane, const float* bias, TileRange tiles, int64_t block,
                      float* pooled, int64_t stride) {
  constexpr int64_t kPooled = Tile::kOutputs / 3;
  for (int64_t i = 0; i < tiles.count; ++i) {
    const int64_t left = tiles.steps / 3 - (tiles.first + i) * kPooled;  // windows that exist
    float* target = pooled + i * kPooled * stride;
    for (int64_t c = 0; c < block; c += kLanes) {
      Lanes x[Tile::kPoints], y[Tile::kOutputs];
      for (int64_t p = 0; p < Tile::kPoints; ++p) x[p] = Load(m + p * plane + i * block + c);
      // A NaN in an input row reaches all outputs of each tile that reads the row, since nearly every point
      // adds up all rows. The exceptions do no harm: the point 0 enters the first output only, and its row
      // is also read by the tile before; the point ∞ enters the last output only.
      Tile::Output(x, y);
      const Lanes b = Load(bias + c);
      for (int64_t w = 0; w < kPooled; ++w)
        if (w < left)
          Store(target + w * stride + c, Relu(Larger(Larger(y[3 * w], y[3 * w + 1]), y[3 * w + 2]) + b));
    }
  }
}

void gemm_f32(int64_t rows, int64_t columns, int64_t depth, const float* a, int64_t lda, const float* b,
              int64_t ldb, float* c, int64_t ldc) {
  EachRows(rows, [&]<int kRows>(int64_t r) {
    MultiplyRows<kRows>(columns, depth, a + r * lda, lda, b, ldb, c + r * ldc, ldc);
  });
}

void bias_relu_f32(float* x, const float* bias, int64_t channels) {
  for (int64_t c = 0; c < channels; c += kLanes) Store(x + c, Relu(Load(x + c) + Load(bias + c)));
}

}  // namespace

template <class Tile>
constexpr TileLoops kTile = {Tile::kOutputs,
                             Tile::kPoints,
                             Tile::kOutputs / 3,
                             Tile::kFilter,
                             input_transform<Tile, float>,
                             first_layer_transform<Tile, float>,
                             output_transform<Tile>};

const WinogradLoops kWinograd = {kTile<Six>, kTile<Nine>, gemm_f32, bias_relu_f32};

}  // namespace clmr::kernels::CLMR_ISA
