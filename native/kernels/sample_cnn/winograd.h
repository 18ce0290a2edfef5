#pragma once
// One-dimensional Winograd convolution F(m, 3): m outputs of a 3-tap filter by m + 2 multiplications instead
// of 3·m (Winograd, "Arithmetic Complexity of Computations", 1980; Lavin & Gray, "Fast Algorithms for
// Convolutional Neural Networks", 2015):  y = Aᵀ[(G·w) ⊙ (Bᵀ·d)]. Two sizes of tile:
//   F(6,3) at the points 0, ±1, ±2, ±½, ∞: 2.25 times fewer multiplications;
//   F(9,3) at ±¼, ±½, ±1, ±3/2, ±5/2, ∞: 2.45 times fewer, with several times the rounding error (on the
//   choice of points: Barabasz et al., "Error Analysis and Improving the Accuracy of Winograd Convolution for
//   Deep Neural Networks", 2020). All constants of these are exact in float32.
// The outputs of a tile are just two or three windows of SampleCNN's pooling, so bias, ReLU and max-pool
// happen in registers.
//
// Axes: rows are time steps, channels lie next to each other. A clip of L steps has one row of zeros before
// it and one after it: [L + 2, C]. Channels are multiples of 16, blocks of output channels too.
#include <cstdint>

namespace clmr::kernels {

// F(6,3)
constexpr int64_t kTileOutputs = 6;
constexpr int64_t kTilePoints = 8;  // inputs of a tile, products of a tile
constexpr int64_t kTilePooled = 2;

constexpr int64_t kMostTilePoints = 11;
// F(9,3): plus and minus each of these, and ∞
constexpr double kNinePairs[5] = {0.25, 0.5, 1, 1.5, 2.5};

// The part of a layer's tiles that one call works on. Of m outputs, tile t covers output steps m·t … m·t + m
// − 1.
struct TileRange {
  int64_t first, count;
  int64_t steps;  // L of the layer: outputs beyond it do not exist
};

// The transforms of one size of tile.
struct TileKernels {
  int64_t outputs, points, pooled;

  // G·w for one filter: 3 taps → the points, in float64
  void (*filter)(const double taps[3], double* points);

  // padded [L + 2, channels] → v, a plane of [rows, channels] for each point, `plane` values apart: Bᵀ·d
  void (*input_f32)(const float* padded, TileRange tiles, int64_t channels, float* v, int64_t plane);

  // The same, of ReLU(first convolution) without storing it. waveform [3·L]; weight [3, channels]: one row a
  // tap; the first convolution has stride 3 and no padding.
  void (*first_layer_f32)(const float* waveform, const float* weight, const float* bias, TileRange tiles,
                          int64_t channels, float* v, int64_t plane);

  // m, a plane of [rows, block] for each point → pooled rows of `stride` values: max-pool(3) of ReLU(Aᵀ·m +
  // bias). `pooled` is the row of the first tile's first window; windows beyond L / 3 are not written.
  void (*output_f32)(const float* m, int64_t plane, const float* bias, TileRange tiles, int64_t block,
                     float* pooled, int64_t stride);
};

struct WinogradKernels {
  TileKernels six, nine;

  // c [rows, columns] = a [rows, depth] · b [depth, columns], columns a multiple of 64; what is read and
  // written fits the second-level cache. As fast as oneDNN's JIT GEMM here, without its dispatch and on every
  // CPU.
  void (*gemm_f32)(int64_t rows, int64_t columns, int64_t depth, const float* a, int64_t lda, const float* b,
                   int64_t ldb, float* c, int64_t ldc);

  // x = max(x + bias, 0), in place
  void (*bias_relu_f32)(float* x, const float* bias, int64_t channels);
};

// Tiles of six with planes and products of bfloat16, whose digits are too few for nine.
struct Bfloat16WinogradKernels {
  void (*input)(const float* padded, TileRange tiles, int64_t channels, uint16_t* v, int64_t plane);
  void (*first_layer)(const float* waveform, const float* weight, const float* bias, TileRange tiles,
                      int64_t channels, uint16_t* v, int64_t plane);

  // c [rows, 64] = a [rows, depth] · b [depth / 2, 64, 2], pairs of rows, with sums in float32
  void (*gemm)(int64_t rows, int64_t depth, const uint16_t* a, const uint16_t* b, float* c);
};

// G·w: filters of F(6,3) and F(9,3)
void WinogradFilterSix(const double taps[3], double* points);
void WinogradFilterNine(const double taps[3], double* points);

namespace base {
extern const WinogradKernels kWinograd;
}
namespace avx2 {
extern const WinogradKernels kWinograd;
}
namespace avx512 {
extern const WinogradKernels kWinograd;
}

// The best ones for this CPU.
const WinogradKernels& ChooseWinograd();

// Where there are dot products of pairs (AVX512-BF16); nullptr elsewhere.
namespace avx512 {
extern const Bfloat16WinogradKernels kBfloat16Winograd;
}
const Bfloat16WinogradKernels* ChooseBfloat16Winograd();

}  // namespace clmr::kernels
