#pragma once
// The windowed-sinc filters, directly: a block makes 2048 outputs of a row from tiles of the signal and of
// the taps in shared memory. (An FFT by cuFFT has not been measured against it.)
#include "kernels/augment/cuda/launch.h"
#include "kernels/augment/cuda/pointwise.cuh"

namespace clmr::kernels::cuda {

// Each thread has 8 outputs next to each other: it reads 8 new samples for every 8 taps.
inline constexpr int kFilterThreads = 256, kFilterEach = 8, kFilterOutputs = kFilterThreads * kFilterEach;
inline constexpr int kFilterTaps = 256;  // of a tile
inline constexpr int kFilterWindow = kFilterOutputs + kFilterTaps;
inline constexpr double kFilterPi = 3.14159265358979323846;

// A hole after every 8 samples, so that the threads of a warp read from different banks
__device__ inline int FilterPlace(int i) { return i + i / kFilterEach; }

__device__ inline int64_t FilterHalf(double cutoff) { return static_cast<int64_t>(8 / cutoff / 2); }

// The low-pass before it is scaled, at distance t from the middle
__device__ inline double FilterDesign(double cutoff, int64_t half, int64_t t) {
  const double angle = 2 * kFilterPi * cutoff * static_cast<double>(t);
  const double window = 0.5 + 0.5 * cos(kFilterPi * static_cast<double>(t) / static_cast<double>(half));
  return window * (t == 0 ? 1.0 : sin(angle) / angle);
}

// One block a row → taps [room], 2 · half + 1 of them, then zeros
__global__ void __launch_bounds__(kPointwiseThreads)
    DesignFilter(const double* cutoffs, const double* high_pass, float* taps, int64_t room) {
  CLMR_SHARED(double, sums, kPointwiseThreads);
  const double cutoff = cutoffs[blockIdx.x];
  const int64_t half = FilterHalf(cutoff);
  double sum = 0;
  for (int64_t i = threadIdx.x; i <= 2 * half; i += kPointwiseThreads)
    sum += FilterDesign(cutoff, half, i - half);
  sum = BlockSum(sum, sums);
  for (int64_t i = threadIdx.x; i < room; i += kPointwiseThreads) {
    double tap =
        i <= 2 * half ? FilterDesign(cutoff, half, i - half) / sum : 0;  // a constant passes unchanged
    if (high_pass[blockIdx.x] != 0) tap = i == half ? 1.0 - tap : -tap;
    taps[blockIdx.x * room + i] = static_cast<float>(i <= 2 * half ? tap : 0);
  }
}

// Block (part of a row, row)
__global__ void __launch_bounds__(kFilterThreads)
    Filter(AugmentRows rows, const float* source, const double* cutoffs, const float* taps, int64_t room) {
  CLMR_SHARED(float, window, kFilterWindow + kFilterWindow / kFilterEach);
  CLMR_SHARED(float, tile, kFilterTaps);
  const int64_t row = blockIdx.y, n = rows.samples, half = FilterHalf(cutoffs[row]);
  const int64_t first = static_cast<int64_t>(blockIdx.x) * kFilterOutputs;
  const float* x = source + row * n;
  const int own = static_cast<int>(threadIdx.x) * kFilterEach;
  float sums[kFilterEach] = {};
  for (int64_t from = 0; from <= 2 * half; from += kFilterTaps) {
    __syncthreads();  // what the tiles held has been used
    for (int i = static_cast<int>(threadIdx.x); i < kFilterWindow; i += kFilterThreads) {
      const int64_t at = first + from - half + i;  // the ends of the clip are repeated
      const float sample = x[at < 0 ? 0 : at < n ? at : n - 1];
      window[FilterPlace(i)] = IsFinite(sample) ? sample : 0.0f;
    }
    tile[threadIdx.x] = from + threadIdx.x < room ? taps[row * room + from + threadIdx.x] : 0.0f;
    __syncthreads();
    float near[2 * kFilterEach];
    for (int e = 0; e < kFilterEach; ++e) near[e] = window[FilterPlace(own + e)];
    for (int k = 0; k < kFilterTaps; k += kFilterEach) {
      for (int e = 0; e < kFilterEach; ++e)
        near[kFilterEach + e] = window[FilterPlace(own + k + kFilterEach + e)];
      for (int j = 0; j < kFilterEach; ++j) {
        const float tap = tile[k + j];
        for (int e = 0; e < kFilterEach; ++e) sums[e] = fmaf(tap, near[e + j], sums[e]);
      }
      for (int e = 0; e < kFilterEach; ++e) near[e] = near[kFilterEach + e];
    }
  }
  for (int e = 0; e < kFilterEach; ++e)
    if (first + own + e < n) rows.out[row * n + first + own + e] = sums[e];
}

}  // namespace clmr::kernels::cuda
