// The transforms of F(6,3) and what stands around them, in registers. Compiled once for each instruction set.
#include "kernels/winograd.h"

#include "kernels/cpu/register_gemm.h"
#include "kernels/cpu/winograd_transforms.h"

namespace clmr::kernels::CLMR_ISA {
namespace {

inline void Put(float* p, Lanes v) { Store(p, v); }
inline void Put(uint16_t* p, Lanes v) { StoreBfloat16(p, v); }
template <class T>
inline void StorePlanes(const Lanes o[8], T* v, int64_t plane) {
  for (int64_t p = 0; p < kTilePoints; ++p) Put(v + p * plane, o[p]);
}

template <class T>
void input_transform(const float* padded, TileRange tiles, int64_t channels, T* v, int64_t plane) {
  for (int64_t i = 0; i < tiles.count; ++i) {
    const int64_t row = (tiles.first + i) * kTileOutputs;
    const int64_t left = tiles.steps + 2 - row;  // rows that exist, the one of zeros at the end included
    const float* x = padded + row * channels;
    T* target = v + i * channels;
    for (int64_t c = 0; c < channels; c += kLanes) {
      Lanes d[kTilePoints], o[kTilePoints];
      if (left >= kTilePoints)
        for (int64_t j = 0; j < kTilePoints; ++j) d[j] = Load(x + j * channels + c);
      else
        for (int64_t j = 0; j < kTilePoints; ++j) d[j] = j < left ? Load(x + j * channels + c) : Lanes{};
      TransformInput(d, o);
      StorePlanes(o, target + c, plane);
    }
  }
}

template <class T>
void first_layer_transform(const float* waveform, const float* weight, const float* bias, TileRange tiles,
                           int64_t channels, T* v, int64_t plane) {
  for (int64_t i = 0; i < tiles.count; ++i) {
    const int64_t first = (tiles.first + i) * kTileOutputs - 1;  // step of the first convolution that d[0] is
    T* target = v + i * channels;
    for (int64_t c = 0; c < channels; c += kLanes) {
      const Lanes w0 = Load(weight + c), w1 = Load(weight + channels + c), w2 = Load(weight + 2 * channels + c);
      const Lanes b = Load(bias + c);
      Lanes d[kTilePoints], o[kTilePoints];
      for (int64_t j = 0; j < kTilePoints; ++j) {
        const int64_t step = first + j;
        const float* x = waveform + 3 * step;
        d[j] = step < 0 || step >= tiles.steps ? Lanes{} : Relu(w0 * x[0] + (w1 * x[1] + (w2 * x[2] + b)));
      }
      TransformInput(d, o);
      StorePlanes(o, target + c, plane);
    }
  }
}

void output_transform_f32(const float* m, int64_t plane, const float* bias, TileRange tiles, int64_t block, float* pooled,
                          int64_t stride) {
  const int64_t windows = tiles.steps / 3;
  for (int64_t i = 0; i < tiles.count; ++i) {
    const bool both = (tiles.first + i) * kTilePooled + 1 < windows;
    float* target = pooled + i * kTilePooled * stride;
    for (int64_t c = 0; c < block; c += kLanes) {
      Lanes x[kTilePoints], y[kTileOutputs];
      for (int64_t p = 0; p < kTilePoints; ++p) x[p] = Load(m + p * plane + i * block + c);
      TransformOutput(x, y);
      const Lanes b = Load(bias + c);
      Store(target + c, Relu(Max(Max(y[0], y[1]), y[2]) + b));
      if (both) Store(target + stride + c, Relu(Max(Max(y[3], y[4]), y[5]) + b));
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

const WinogradKernels kWinograd = {
    input_transform<float>, first_layer_transform<float>, input_transform<uint16_t>, first_layer_transform<uint16_t>,
    output_transform_f32,   gemm_f32,                     bias_relu_f32};

}  // namespace clmr::kernels::CLMR_ISA
