#pragma once
// The two sizes of tile, and the input transforms of either, to planes of float32 or bfloat16. Local to the
// file that includes it, as everything in lanes.h.
#include "kernels/sample_cnn/cpu/bfloat16_lanes.h"
#include "kernels/sample_cnn/cpu/winograd_transforms.h"
#include "kernels/sample_cnn/inference/cpu/winograd_nine.h"
#include "kernels/sample_cnn/inference/loops.h"

namespace clmr::kernels::CLMR_ISA {
namespace {

struct Six {
  static constexpr int64_t kOutputs = kSixOutputs, kPoints = kSixPoints;
  static constexpr auto kFilter = WinogradFilterSix;
  static void Input(const Lanes d[kPoints], Lanes o[kPoints]) { TransformInput(d, o); }
  static void Output(const Lanes m[kPoints], Lanes y[kOutputs]) { TransformOutput(m, y); }
};

struct Nine {
  static constexpr int64_t kOutputs = 9, kPoints = 11;
  static constexpr auto kFilter = WinogradFilterNine;
  static void Input(const Lanes d[kPoints], Lanes o[kPoints]) { TransformInputNine(d, o); }
  static void Output(const Lanes m[kPoints], Lanes y[kOutputs]) { TransformOutputNine(m, y); }
};

template <class Tile, class T>
inline void TransformAndStore(const Lanes d[], T* v, int64_t plane) {
  Lanes o[Tile::kPoints];
  Tile::Input(d, o);
  for (int64_t p = 0; p < Tile::kPoints; ++p) Store(v + p * plane, o[p]);
}

template <class Tile, class T>
void input_transform(const float* padded, TileRange tiles, int64_t channels, T* v, int64_t plane) {
  for (int64_t i = 0; i < tiles.count; ++i) {
    const int64_t row = (tiles.first + i) * Tile::kOutputs;
    const int64_t left = tiles.steps + 2 - row;  // rows that exist, the one of zeros at the end included
    const float* x = padded + row * channels;
    T* target = v + i * channels;
    for (int64_t c = 0; c < channels; c += kLanes) {
      Lanes d[Tile::kPoints];
      if (left >= Tile::kPoints)
        for (int64_t j = 0; j < Tile::kPoints; ++j) d[j] = Load(x + j * channels + c);
      else
        for (int64_t j = 0; j < Tile::kPoints; ++j) d[j] = j < left ? Load(x + j * channels + c) : Lanes{};
      TransformAndStore<Tile>(d, target + c, plane);
    }
  }
}

template <class Tile, class T>
void first_layer_transform(const float* waveform, const float* weight, const float* bias, TileRange tiles,
                           int64_t channels, T* v, int64_t plane) {
  for (int64_t i = 0; i < tiles.count; ++i) {
    // Step of the first convolution that d[0] is.
    const int64_t first = (tiles.first + i) * Tile::kOutputs - 1;
    const bool whole = first >= 0 && first + Tile::kPoints <= tiles.steps;
    T* target = v + i * channels;
    for (int64_t c = 0; c < channels; c += kLanes) {
      const Lanes w0 = Load(weight + c), w1 = Load(weight + channels + c),
                  w2 = Load(weight + 2 * channels + c);
      const Lanes b = Load(bias + c);
      const auto at = [&](const float* x) { return Relu(w0 * x[0] + (w1 * x[1] + (w2 * x[2] + b))); };
      const float* x = waveform + 3 * first;
      Lanes d[Tile::kPoints];
      if (whole)
        for (int64_t j = 0; j < Tile::kPoints; ++j) d[j] = at(x + 3 * j);
      else
        for (int64_t j = 0; j < Tile::kPoints; ++j)
          d[j] = first + j < 0 || first + j >= tiles.steps ? Lanes{} : at(x + 3 * j);
      TransformAndStore<Tile>(d, target + c, plane);
    }
  }
}

}  // namespace
}  // namespace clmr::kernels::CLMR_ISA
