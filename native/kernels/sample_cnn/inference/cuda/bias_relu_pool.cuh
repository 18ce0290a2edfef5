#pragma once
// What follows a convolution of the encoder, in one pass: bias, ReLU, maximum of every `pool` samples.
#include "kernels/cuda/numbers.cuh"
#include "kernels/sample_cnn/cuda/pool_shape.h"

namespace clmr::kernels::cuda {

// in [N, C, T] → out [N, C, T / pool]. For a grid of any size: each thread takes every n-th output, where n
// is the number of threads.
template <typename Number>
__global__ void BiasReluPool(Number* out, const Number* in, const float* bias, PoolShape shape) {
  const int64_t windows = shape.samples / shape.pool, channels = shape.channels;
  const int64_t count = shape.examples * channels * windows;
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) {
    const int64_t line = i / (shape.channels_last ? channels : windows);
    const int64_t within = i - line * (shape.channels_last ? channels : windows);
    const int64_t channel = shape.channels_last ? within : line % channels;
    const int64_t next = shape.channels_last ? channels : 1;
    const Number* x =
        shape.channels_last
            ? in + (line / windows * shape.samples + line % windows * shape.pool) * channels + channel
            : in + line * shape.samples + within * shape.pool;
    float best = ToFloat(x[0]);
    for (int64_t k = 1; k < shape.pool; ++k) {
      const float other = ToFloat(x[k * next]);
      if (other > best || other != other) best = other;  // NaN wins, as in ATen
    }
    best += bias[channel];
    Store(out + i, best < 0 ? 0.0f : best);
  }
}

}  // namespace clmr::kernels::cuda
