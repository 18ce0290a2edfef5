#pragma once
// Batch norm, ReLU and maximum of every `pool` samples, for training. Each direction reads y once: the norm
// is monotone in a channel, so what wins a window is known before the statistics are, the largest value or,
// where gamma is below 0, the smallest. Sums have an order that depends on the sizes alone.
//
// A block of 256 threads holds kChannels channels, and 256 / kChannels positions of them at a time: 1 channel
// where the samples lie next to each other, 32 where the channels do.
#include "kernels/cuda/numbers.cuh"
#include "kernels/sample_cnn/training/cuda/launch.h"

namespace clmr::kernels::cuda {

inline constexpr int kNormThreads = 256;

// A window of y; the last one of a clip may be short, and then makes no output.
struct NormWindow {
  int64_t channel, in, out;  // where its first sample and its output lie
  int64_t size, next;        // samples, and from one to the next
  bool whole;
};

__host__ __device__ inline int64_t WindowsOf(const PoolShape& shape) {
  return (shape.samples + shape.pool - 1) / shape.pool;
}

// position: clip · windows + window, of fewer than 2^32: division of 64 bits is slow on a device
__device__ inline NormWindow WindowAt(const PoolShape& shape, int64_t channel, int64_t position) {
  const int64_t windows = WindowsOf(shape), outputs = shape.samples / shape.pool;
  const auto place = static_cast<uint32_t>(position), each = static_cast<uint32_t>(windows);
  const int64_t clip = place / each, window = place % each, first = window * shape.pool;
  const int64_t rest = shape.samples - first;
  NormWindow w;
  w.channel = channel;
  w.size = rest < shape.pool ? rest : shape.pool;
  w.whole = w.size == shape.pool;
  w.next = shape.channels_last ? shape.channels : 1;
  w.in = shape.channels_last ? (clip * shape.samples + first) * shape.channels + channel
                             : (clip * shape.channels + channel) * shape.samples + first;
  w.out = shape.channels_last ? (clip * outputs + window) * shape.channels + channel
                              : (clip * shape.channels + channel) * outputs + window;
  return w;
}

// Which sample of a window wins, the first of equals; NaN wins, as in ATen.
template <typename Number>
__device__ int64_t WinnerOf(const Number* x, const NormWindow& w, bool smallest) {
  int64_t best = 0;
  for (int64_t k = 1; k < w.size; ++k) {
    const float value = ToFloat(x[k * w.next]), so_far = ToFloat(x[best * w.next]);
    if ((smallest ? value < so_far : value > so_far) || value != value) best = k;
  }
  return best;
}

struct NormOfChannel {
  float mean, inverse, gamma, beta;
  __device__ float Normal(float y) const { return (y - mean) * inverse; }
  __device__ float Value(float y) const { return fmaf(Normal(y), gamma, beta); }
};

__device__ inline NormOfChannel NormAt(const NormPass& pass, int64_t channel) {
  return {pass.mean[channel],
          static_cast<float>(1 / sqrt(static_cast<double>(pass.variance[channel]) + pass.eps)),
          pass.gamma[channel], pass.beta[channel]};
}

// parts[part, channel] ← the sums of a and b over the threads that share the channel
template <int kChannels, class Memory>
__device__ void AddUp(const NormPass& pass, double a, double b, Memory& memory) {
  const int64_t channel = static_cast<int64_t>(blockIdx.x) * kChannels + threadIdx.x % kChannels;
  memory[2 * threadIdx.x] = a;
  memory[2 * threadIdx.x + 1] = b;
  for (unsigned half = kNormThreads / 2; half >= kChannels; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half)
      for (unsigned i = 0; i < 2; ++i) memory[2 * threadIdx.x + i] += memory[2 * (threadIdx.x + half) + i];
  }
  if (threadIdx.x >= kChannels || channel >= pass.shape.channels) return;
  double* out = pass.parts + (blockIdx.y * pass.shape.channels + channel) * 2;
  out[0] = memory[2 * threadIdx.x];
  out[1] = memory[2 * threadIdx.x + 1];
}

template <int kChannels>
__device__ int64_t ChannelOfThread() {
  return static_cast<int64_t>(blockIdx.x) * kChannels + threadIdx.x % kChannels;
}

// The norm of the channel of this thread; of any where it has none
template <int kChannels>
__device__ NormOfChannel NormOfThread(const NormPass& pass) {
  const int64_t channel = ChannelOfThread<kChannels>();
  return NormAt(pass, channel < pass.shape.channels ? channel : 0);
}

// Calls f(window) for the windows of this thread: its channel, its part of the positions.
template <int kChannels, class F>
__device__ void EachWindow(const PoolShape& shape, F f) {
  const int64_t channel = ChannelOfThread<kChannels>();
  const int64_t positions = shape.examples * WindowsOf(shape), parts = gridDim.y;
  const int64_t each = (positions + parts - 1) / parts, first = blockIdx.y * each;
  const int64_t end = first + each < positions ? first + each : positions;
  if (channel >= shape.channels) return;
  for (int64_t p = first + threadIdx.x / kChannels; p < end; p += kNormThreads / kChannels)
    f(WindowAt(shape, channel, p));
}

// Σ (y − pivot) and Σ (y − pivot)² of every channel, and the winners. The pivot is the channel's first
// sample, so that a mean far from 0 costs no digits.
template <int kChannels, typename Number>
__global__ void __launch_bounds__(kNormThreads) NormStatistics(NormPass pass) {
  CLMR_SHARED(double, memory, 2 * kNormThreads);
  const auto* y = static_cast<const Number*>(pass.y);
  auto* extremes = static_cast<Number*>(pass.extremes);
  double sum = 0, squares = 0;
  EachWindow<kChannels>(pass.shape, [&](const NormWindow& w) {
    const float pivot = ToFloat(y[WindowAt(pass.shape, w.channel, 0).in]);
    float in_window = 0, squared = 0;
    for (int64_t k = 0; k < w.size; ++k) {
      const float away = ToFloat(y[w.in + k * w.next]) - pivot;
      in_window += away;
      squared = fmaf(away, away, squared);
    }
    sum += in_window;
    squares += squared;
    const int64_t winner = WinnerOf(y + w.in, w, pass.gamma[w.channel] < 0);
    if (w.whole) extremes[w.out] = y[w.in + winner * w.next];
  });
  AddUp<kChannels>(pass, sum, squares, memory);
}

// Σ over the parts of a channel, one block each: (a, b) in memory[0] and [1]
template <class Memory>
__device__ void JoinParts(const NormPass& pass, int64_t parts, Memory& memory) {
  double a = 0, b = 0;
  for (int64_t part = threadIdx.x; part < parts; part += kNormThreads) {
    a += pass.parts[(part * pass.shape.channels + blockIdx.x) * 2];
    b += pass.parts[(part * pass.shape.channels + blockIdx.x) * 2 + 1];
  }
  memory[2 * threadIdx.x] = a;
  memory[2 * threadIdx.x + 1] = b;
  for (unsigned half = kNormThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half)
      for (unsigned i = 0; i < 2; ++i) memory[2 * threadIdx.x + i] += memory[2 * (threadIdx.x + half) + i];
  }
}

__device__ inline void MoveTo(float* running, float value, float momentum) {
  *running = *running * (1 - momentum) + value * momentum;
}

template <typename Number>
__global__ void NormMoments(NormPass pass, int64_t parts, RunningStatistics running) {
  CLMR_SHARED(double, memory, 2 * kNormThreads);
  JoinParts(pass, parts, memory);
  if (threadIdx.x != 0) return;
  const auto count = static_cast<double>(pass.shape.examples * pass.shape.samples);
  const double pivot = ToFloat(static_cast<const Number*>(pass.y)[WindowAt(pass.shape, blockIdx.x, 0).in]);
  const double shift = memory[0] / count, spread = memory[1] / count - shift * shift;
  const double variance = spread < 0 ? 0 : spread;
  pass.mean[blockIdx.x] = static_cast<float>(pivot + shift);
  pass.variance[blockIdx.x] = static_cast<float>(variance);
  MoveTo(running.mean + blockIdx.x, static_cast<float>(pivot + shift + running.bias[blockIdx.x]),
         running.momentum);
  MoveTo(running.variance + blockIdx.x, static_cast<float>(variance * (count / (count - 1))),
         running.momentum);
}

template <int kChannels, typename Number>
__global__ void __launch_bounds__(kNormThreads) NormApply(NormPass pass, Number* out) {
  const auto* extremes = static_cast<const Number*>(pass.extremes);
  const NormOfChannel norm = NormOfThread<kChannels>(pass);
  EachWindow<kChannels>(pass.shape, [&](const NormWindow& w) {
    if (!w.whole) return;
    const float value = norm.Value(ToFloat(extremes[w.out]));
    Store(out + w.out, value < 0 ? 0.0f : value);
  });
}

// What ReLU lets through of the upstream gradient
template <typename Number>
__device__ float Passed(const NormOfChannel& norm, float extreme, Number upstream) {
  return norm.Value(extreme) > 0 ? ToFloat(upstream) : 0.0f;
}

// Σ dz and Σ dz · x̂ of every channel
template <int kChannels, typename Number>
__global__ void __launch_bounds__(kNormThreads) NormGradientSums(NormPass pass, const Number* upstream) {
  CLMR_SHARED(double, memory, 2 * kNormThreads);
  const auto* extremes = static_cast<const Number*>(pass.extremes);
  const NormOfChannel norm = NormOfThread<kChannels>(pass);
  double sum = 0, along = 0;
  EachWindow<kChannels>(pass.shape, [&](const NormWindow& w) {
    if (!w.whole) return;
    const float extreme = ToFloat(extremes[w.out]), dz = Passed(norm, extreme, upstream[w.out]);
    sum += dz;
    along += static_cast<double>(dz) * norm.Normal(extreme);
  });
  AddUp<kChannels>(pass, sum, along, memory);
}

__global__ void NormJoinGradients(NormPass pass, int64_t parts, NormGradients gradients) {
  CLMR_SHARED(double, memory, 2 * kNormThreads);
  JoinParts(pass, parts, memory);
  if (threadIdx.x != 0) return;
  gradients.beta[blockIdx.x] = static_cast<float>(memory[0]);
  gradients.gamma[blockIdx.x] = static_cast<float>(memory[1]);
}

// dy = gamma / std · (dz − mean(dz) − x̂ · mean(dz · x̂)); dz is 0 but at the winners.
template <int kChannels, typename Number>
__global__ void __launch_bounds__(kNormThreads) NormBackward(NormPass pass, NormGradients gradients) {
  const auto *y = static_cast<const Number*>(pass.y),
             *upstream = static_cast<const Number*>(gradients.upstream);
  auto* dy = static_cast<Number*>(gradients.dy);
  const float share = 1.0f / static_cast<float>(pass.shape.examples * pass.shape.samples);
  const NormOfChannel norm = NormOfThread<kChannels>(pass);
  EachWindow<kChannels>(pass.shape, [&](const NormWindow& w) {
    const float mean = gradients.beta[w.channel] * share, along = gradients.gamma[w.channel] * share;
    const int64_t winner = WinnerOf(y + w.in, w, norm.gamma < 0);
    const float passed = w.whole ? Passed(norm, ToFloat(y[w.in + winner * w.next]), upstream[w.out]) : 0.0f;
    for (int64_t k = 0; k < w.size; ++k) {
      const float dz = k == winner ? passed : 0.0f;
      const float normal = norm.Normal(ToFloat(y[w.in + k * w.next]));
      Store(dy + w.in + k * w.next, norm.gamma * norm.inverse * (dz - mean - normal * along));
    }
  });
}

}  // namespace clmr::kernels::cuda
