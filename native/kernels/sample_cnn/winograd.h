#pragma once
// One-dimensional Winograd convolution F(m, 3): m outputs of a 3-tap filter by m + 2 multiplications
// instead of 3·m (Winograd, "Arithmetic Complexity of Computations", 1980; Lavin & Gray, "Fast Algorithms
// for Convolutional Neural Networks", 2015):
//   y = Aᵀ[(G·w) ⊙ (Bᵀ·d)]
// Two sizes of tile:
//   F(6,3) at the points 0, ±1, ±2, ±½, ∞: 2.25 times fewer multiplications;
//   F(9,3) at ±¼, ±½, ±1, ±3/2, ±5/2, ∞: 2.45 times fewer, with several times the rounding error.
// All constants of these points are exact in float32. On their choice: Barabasz et al., "Error Analysis and
// Improving the Accuracy of Winograd Convolution for Deep Neural Networks", 2020.
// The outputs of a tile are just two or three windows of SampleCNN's pooling: bias, ReLU and max-pool happen
// in registers.
#include <cstdint>

namespace clmr::kernels {

// F(6,3)
constexpr int64_t kSixOutputs = 6;
constexpr int64_t kSixPoints = 8;  // inputs of a tile, products of a tile
constexpr int64_t kSixPooled = 2;

constexpr int64_t kMostTilePoints = 11;
// F(9,3): plus and minus each of these, and ∞
constexpr double kNinePairs[5] = {0.25, 0.5, 1, 1.5, 2.5};

// The part of a layer's tiles that one call works on.
// Of m outputs, tile t covers output steps m·t … m·t + m − 1.
struct TileRange {
  int64_t first, count;
  int64_t steps;  // L of the layer: outputs beyond it do not exist
};

// G·w: filters of F(6,3) and F(9,3)
void WinogradFilterSix(const double taps[3], double* points);
void WinogradFilterNine(const double taps[3], double* points);

}  // namespace clmr::kernels
