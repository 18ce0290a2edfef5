// The transforms of F(6,3) and F(9,3) and what stands around them, in registers. Compiled once for each instruction set.
#include "kernels/winograd.h"

#include "kernels/cpu/register_gemm.h"
#include "kernels/cpu/winograd_nine.h"
#include "kernels/cpu/winograd_transforms.h"

namespace clmr::kernels::CLMR_ISA {
namespace {

struct Six {
  static constexpr int64_t kOutputs = kTileOutputs, kPoints = kTilePoints;
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

inline void Put(float* p, Lanes v) { Store(p, v); }
inline void Put(uint16_t* p, Lanes v) { StoreBfloat16(p, v); }
template <class Tile, class T>
inline void TransformAndStore(const Lanes d[], T* v, int64_t plane) {
  Lanes o[Tile::kPoints];
  Tile::Input(d, o);
  for (int64_t p = 0; p < Tile::kPoints; ++p) Put(v + p * plane, o[p]);
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
    const int64_t first = (tiles.first + i) * Tile::kOutputs - 1;  // step of the first convolution that d[0] is
    T* target = v + i * channels;
    for (int64_t c = 0; c < channels; c += kLanes) {
      const Lanes w0 = Load(weight + c), w1 = Load(weight + channels + c), w2 = Load(weight + 2 * channels + c);
      const Lanes b = Load(bias + c);
      Lanes d[Tile::kPoints];
      for (int64_t j = 0; j < Tile::kPoints; ++j) {
        const int64_t step = first + j;
        const float* x = waveform + 3 * step;
        d[j] = step < 0 || step >= tiles.steps ? Lanes{} : Relu(w0 * x[0] + (w1 * x[1] + (w2 * x[2] + b)));
      }
      TransformAndStore<Tile>(d, target + c, plane);
    }
  }
}

template <class Tile>
void output_transform(const float* m, int64_t plane, const float* bias, TileRange tiles, int64_t block, float* pooled,
                      int64_t stride) {
  constexpr int64_t kPooled = Tile::kOutputs / 3;
  for (int64_t i = 0; i < tiles.count; ++i) {
    const int64_t left = tiles.steps / 3 - (tiles.first + i) * kPooled;  // windows that exist
    float* target = pooled + i * kPooled * stride;
    for (int64_t c = 0; c < block; c += kLanes) {
      Lanes x[Tile::kPoints], y[Tile::kOutputs];
      for (int64_t p = 0; p < Tile::kPoints; ++p) x[p] = Load(m + p * plane + i * block + c);
      Tile::Output(x, y);
      const Lanes b = Load(bias + c);
      for (int64_t w = 0; w < kPooled; ++w)
        if (w < left) Store(target + w * stride + c, Relu(Max(Max(y[3 * w], y[3 * w + 1]), y[3 * w + 2]) + b));
    }
  }
}

void gemm_f32(int64_t rows, int64_t columns, int64_t depth, const float* a, int64_t lda, const float* b, int64_t ldb,
              float* c, int64_t ldc) {
  int64_t i = 0;
  for (; i + 6 <= rows; i += 6) MultiplyRows<6>(columns, depth, a + i * lda, lda, b, ldb, c + i * ldc, ldc);
  for (; i + 2 <= rows; i += 2) MultiplyRows<2>(columns, depth, a + i * lda, lda, b, ldb, c + i * ldc, ldc);
  if (i < rows) MultiplyRows<1>(columns, depth, a + i * lda, lda, b, ldb, c + i * ldc, ldc);
}

void bias_relu_f32(float* x, const float* bias, int64_t channels) {
  for (int64_t c = 0; c < channels; c += kLanes) Store(x + c, Relu(Load(x + c) + Load(bias + c)));
}

}  // namespace

template <class Tile>
constexpr TileKernels kTile = {Tile::kOutputs,
                               Tile::kPoints,
                               Tile::kOutputs / 3,
                               Tile::kFilter,
                               input_transform<Tile, float>,
                               first_layer_transform<Tile, float>,
                               output_transform<Tile>};

const WinogradKernels kWinograd = {
    kTile<Six>, kTile<Nine>,  input_transform<Six, uint16_t>, first_layer_transform<Six, uint16_t>,
    gemm_f32,   bias_relu_f32};

}  // namespace clmr::kernels::CLMR_ISA
