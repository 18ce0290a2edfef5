#pragma once
// What follows a convolution of the encoder, in one pass: bias, ReLU, maximum of every `pool` samples. No
// header of CUDA's and none of ATen's: test/native/cuda_kernels.cc runs the same text on the host.
#include <cstdint>
#include <cstring>

namespace clmr::kernels::cuda {

struct BFloat16 {
  uint16_t bits;
};

__host__ __device__ inline float ToFloat(float x) { return x; }
__host__ __device__ inline float ToFloat(BFloat16 x) {
  const uint32_t bits = static_cast<uint32_t>(x.bits) << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

__host__ __device__ inline void Store(float* to, float x) { *to = x; }
// To nearest, ties to even; NaN stays NaN.
__host__ __device__ inline void Store(BFloat16* to, float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  to->bits = x != x ? 0x7fc0 : static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

struct PoolShape {
  int64_t rows;      // N · C
  int64_t channels;  // C
  int64_t samples;   // T
  int64_t pool;      // 1 or 3; what is left of T at the end is dropped
};

// in [rows, T] → out [rows, T / pool]. For a grid of any size: each thread takes every n-th output, where n
// is the number of threads.
template <typename Number>
__global__ void BiasReluPool(Number* out, const Number* in, const float* bias, PoolShape shape) {
  const int64_t outputs = shape.samples / shape.pool;
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < shape.rows * outputs;
       i += step) {
    const int64_t row = i / outputs;
    const Number* x = in + row * shape.samples + (i - row * outputs) * shape.pool;
    float best = ToFloat(x[0]);
    for (int64_t k = 1; k < shape.pool; ++k) {
      const float next = ToFloat(x[k]);
      if (next > best || next != next) best = next;  // NaN wins, as in ATen
    }
    best += bias[row % shape.channels];
    Store(out + i, best < 0 ? 0.0f : best);
  }
}

}  // namespace clmr::kernels::cuda
