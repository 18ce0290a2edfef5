#pragma once
// The fast loops of inference, compiled once for each instruction set: what stands around the products of
// Winograd and of direct convolution, and the products of Winograd.
//
// Axes: rows are time steps, channels lie next to each other. A clip of L steps has one row of zeros before
// it and one after it: [L + 2, C]. Channels are multiples of 64.
#include <cstdint>

#include "kernels/by_isa.h"
#include "kernels/sample_cnn/winograd.h"

namespace clmr::kernels {

// The transforms of one size of tile.
struct TileLoops {
  int64_t outputs, points, pooled;

  // G·w for one filter: 3 taps → the points, in float64
  void (*filter)(const double taps[3], double* points);

  // padded [L + 2, channels] → v, a plane of [rows, channels] for each point, `plane` values apart: Bᵀ·d
  void (*input_f32)(const float* padded, TileRange tiles, int64_t channels, float* v, int64_t plane);

  // The same, of ReLU(first convolution) without storing it. waveform [3·L]; weight [3, channels]: one row a
  // tap; the first convolution has stride 3 and no padding.
  void (*first_layer_f32)(const float* waveform, const float* weight, const float* bias, TileRange tiles,
                          int64_t channels, float* v, int64_t plane);

  // m, a plane of [rows, block] for each point → pooled rows of `stride` values:
  // max-pool(3) of ReLU(Aᵀ·m + bias). `pooled` is the row of the first tile's first window;
  // windows beyond L / 3 are not written.
  void (*output_f32)(const float* m, int64_t plane, const float* bias, TileRange tiles, int64_t block,
                     float* pooled, int64_t stride);
};

struct WinogradLoops {
  TileLoops six, nine;

  // c [rows, columns] = a [rows, depth] · b [depth, columns], columns a multiple of 64;
  // what is read and written fits the second-level cache. As fast as oneDNN's JIT GEMM here,
  // without its dispatch and on every CPU.
  void (*gemm_f32)(int64_t rows, int64_t columns, int64_t depth, const float* a, int64_t lda, const float* b,
                   int64_t ldb, float* c, int64_t ldc);

  // x = max(x + bias, 0), in place
  void (*bias_relu_f32)(float* x, const float* bias, int64_t channels);
};

// Tiles of six with planes and products of bfloat16, whose digits are too few for nine.
struct Bfloat16WinogradLoops {
  void (*input)(const float* padded, TileRange tiles, int64_t channels, uint16_t* v, int64_t plane);
  void (*first_layer)(const float* waveform, const float* weight, const float* bias, TileRange tiles,
                      int64_t channels, uint16_t* v, int64_t plane);

  // c [rows, 64] = a [rows, depth] · b [depth / 2, 64, 2], pairs of rows, with sums in float32
  void (*gemm)(int64_t rows, int64_t depth, const uint16_t* a, const uint16_t* b, float* c);
};

// What stands around the bfloat16 GEMM of a direct convolution: the first layer, and bias, ReLU and max-pool.
// A window of 3 rows × C channels is one contiguous row of the GEMM's left side,
// so nothing has to be gathered.
struct DirectLoops {
  // Steps first … first + count - 1 of ReLU(first convolution) as rows of `channels`;
  // steps outside of 0 … steps - 1 are zeros. waveform [3·steps]; weight [3, channels], one row a tap.
  void (*first_layer)(const float* waveform, const float* weight, const float* bias, int64_t first,
                      int64_t count, int64_t steps, int64_t channels, uint16_t* rows);

  // c [3·windows, block] → windows rows of `stride` values: max over 3 rows, plus bias, ReLU
  void (*pool)(const float* c, int64_t windows, int64_t block, const float* bias, uint16_t* pooled,
               int64_t stride);
};

CLMR_BY_ISA(WinogradLoops, kWinograd);
CLMR_BY_ISA(DirectLoops, kDirect);

// Where HasBfloat16Products().
namespace avx512 {
extern const Bfloat16WinogradLoops kBfloat16Winograd;
}

}  // namespace clmr::kernels
