#pragma once
// All that looks at one sample, or at one and its echo, in one launch.
#include "kernels/augment/cuda/launch.h"
#include "kernels/cuda/launch.cuh"

namespace clmr::kernels::cuda {

inline constexpr int kPointwiseThreads = 256, kPointwiseSamples = 4096;  // of a block

struct NoiseWords {
  uint32_t w[4];
};

// Philox 4x32-10 (random/philox.h) of the counter (block, 0, 0, 5): what a Stream of Purpose::noise counts.
__device__ inline NoiseWords PhiloxNoise(uint32_t block, uint64_t seed) {
  uint32_t a = block, b = 0, c = 0, d = 5;
  auto k0 = static_cast<uint32_t>(seed), k1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
    const uint64_t p = uint64_t{0xD2511F53} * a, q = uint64_t{0xCD9E8D57} * c;
    a = static_cast<uint32_t>(q >> 32) ^ b ^ k0;
    b = static_cast<uint32_t>(q);
    c = static_cast<uint32_t>(p >> 32) ^ d ^ k1;
    d = static_cast<uint32_t>(p);
  }
  return {{a, b, c, d}};
}

// Number i of the stream: Box–Muller, cosine and sine of each pair of words. Near 1 the logarithm goes by the
// distance from 1, which the word gives exactly.
__device__ inline float NormalNoise(int64_t i, uint64_t seed) {
  const NoiseWords words = PhiloxNoise(static_cast<uint32_t>(i / 4), seed);
  const bool second = i % 4 >= 2;
  const uint32_t radius_word = second ? words.w[2] : words.w[0],
                 angle_word = second ? words.w[3] : words.w[1];
  const float logarithm = radius_word >> 31 ? log1pf(static_cast<float>(~radius_word) * -0x1p-32f)
                                            : logf((static_cast<float>(radius_word) + 1.0f) * 0x1p-32f);
  float sine, cosine;
  sincospif(static_cast<float>(angle_word) * 0x1p-31f, &sine, &cosine);
  return sqrtf(-2.0f * logarithm) * (i % 2 ? sine : cosine);
}

__device__ inline bool IsFinite(float x) { return x - x == 0.0f; }

// Σ over the block, the same bits in each thread
template <class Memory>
__device__ double BlockSum(double value, Memory& memory) {
  __syncthreads();
  memory[threadIdx.x] = value;
  for (unsigned half = kPointwiseThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) memory[threadIdx.x] += memory[threadIdx.x + half];
  }
  __syncthreads();
  return memory[0];
}

// Unbiased, over the finite samples of before · x; 0 for fewer than two. Each block of a row has all of it.
template <class Memory>
__device__ double Deviation(const float* x, float before, int64_t n, Memory& memory) {
  double sum = 0, count = 0, squares = 0;
  for (int64_t i = threadIdx.x; i < n; i += kPointwiseThreads)
    if (IsFinite(before * x[i])) sum += before * x[i], count += 1;
  sum = BlockSum(sum, memory);
  count = BlockSum(count, memory);
  const double mean = sum / count;
  for (int64_t i = threadIdx.x; i < n; i += kPointwiseThreads) {
    const double away = before * x[i] - mean;
    if (IsFinite(before * x[i])) squares += away * away;
  }
  squares = BlockSum(squares, memory);
  return count < 2 ? 0 : sqrt(squares / (count - 1));
}

// Block (part of a row, row)
__global__ void __launch_bounds__(kPointwiseThreads)
    Pointwise(AugmentRows rows, const float* source, const double* numbers) {
  CLMR_SHARED(double, sums, kPointwiseThreads);
  const int64_t row = blockIdx.y, n = rows.samples;
  const auto number = [&](PointwiseNumber which) { return numbers[which * rows.rows + row]; };
  const float* x = source + static_cast<int64_t>(number(kPointwiseFrom));
  const auto before = static_cast<float>(number(kPointwiseBefore)),
             after = static_cast<float>(number(kPointwiseAfter)),
             volume = static_cast<float>(number(kPointwiseVolume));
  const double ratio = number(kPointwiseRatio);
  const auto seed = static_cast<uint64_t>(number(kPointwiseSeed));
  const auto offset = static_cast<int64_t>(number(kPointwiseOffset));
  const bool reverse = number(kPointwiseReverse) != 0, noise = ratio >= 0;
  const auto deviation = noise ? static_cast<float>(ratio * Deviation(x, before, n, sums)) : 0.0f;
  const auto value = [&](int64_t i) {
    const float scaled = before * x[i];
    return noise ? after * (scaled + deviation * NormalNoise(i, seed)) : after * scaled;
  };
  const int64_t first = static_cast<int64_t>(blockIdx.x) * kPointwiseSamples;
  for (int64_t i = first + threadIdx.x; i < first + kPointwiseSamples && i < n; i += kPointwiseThreads) {
    const int64_t at = reverse ? n - 1 - i : i;
    float y = value(at);
    if (offset >= 0) {
      const float delayed = at >= offset ? value(at - offset) : 0.0f;
      y = (y + volume * (IsFinite(delayed) ? delayed : 0.0f)) * 0.5f;
    }
    rows.out[row * n + i] = y;
  }
}

}  // namespace clmr::kernels::cuda
