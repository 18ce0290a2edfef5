#pragma once
// Pitch by stretching the time and resampling back: WSOLA, one block a row, whose threads search in parallel;
// then the polyphase resampler, a thread an output.
#include "kernels/augment/cuda/filter.cuh"
#include "kernels/augment/cuda/launch.h"
#include "kernels/augment/cuda/reverb.cuh"
#include "kernels/augment/shapes.h"

namespace clmr::kernels::cuda {

inline constexpr int kWsolaThreads = 512;                        // more than there are shifts at 22,050 Hz
inline constexpr int kPitchThreads = 256, kPitchOutputs = 4096;  // of a block
// Up an octave; a row of the table is one longer: threads in different rows read from different banks.
inline constexpr int kMostResampleTaps = 128;

struct PitchRow {
  const float* x;
  int64_t n;
  // silence outside
  __device__ float At(int64_t i) const { return i >= 0 && i < n ? FullScale(x[i]) : 0.0f; }
};

__device__ inline float SquareOf(float x) { return x * x; }

// Squared distance of what begins at `candidate` to what begins at `tail`, in the order of the plain version
__device__ inline float WsolaDistance(const PitchRow& row, int64_t candidate, int64_t tail, int64_t overlap) {
  float distance = 0;
  for (int64_t i = 0; i < overlap; i += 4) {
    float squares[4];
    for (int e = 0; e < 4; ++e) squares[e] = SquareOf(row.At(candidate + i + e) - row.At(tail + i + e));
    distance += (squares[0] + squares[1]) + (squares[2] + squares[3]);
  }
  return distance;
}

// The shift in [0, search) with the least distance, the first of equals; the same in each thread
template <class Distances, class Shifts>
__device__ int64_t WsolaBestShift(const PitchRow& row, int64_t window, int64_t tail, const PitchSizes& sizes,
                                  Distances& distances, Shifts& shifts) {
  float least = INFINITY;
  int best = 0;
  for (int64_t j = threadIdx.x; j < sizes.search; j += kWsolaThreads) {
    const float distance = WsolaDistance(row, window + j, tail, sizes.overlap);
    if (distance < least) least = distance, best = static_cast<int>(j);
  }
  __syncthreads();  // what the memory held has been used
  distances[threadIdx.x] = least;
  shifts[threadIdx.x] = best;
  for (unsigned half = kWsolaThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x >= half) continue;
    const float other = distances[threadIdx.x + half];
    const int shift = shifts[threadIdx.x + half];
    if (other < least || (other == least && shift < best)) least = other, best = shift;
    distances[threadIdx.x] = least;
    shifts[threadIdx.x] = best;
  }
  __syncthreads();
  return shifts[0];
}

__device__ inline int64_t StretchedLength(int64_t n, double factor) {
  return static_cast<int64_t>(static_cast<double>(n) / factor + 0.5);
}

// source [rows, n] → stretched [rows, sizes.longest]; broken[row]: it holds a NaN
__global__ void __launch_bounds__(kWsolaThreads)
    Wsola(AugmentRows rows, const float* source, const double* factors, PitchSizes sizes, float* stretched,
          int* broken) {
  CLMR_SHARED(float, distances, kWsolaThreads);
  CLMR_SHARED(int, shifts, kWsolaThreads);
  const PitchRow row{source + blockIdx.x * rows.samples, rows.samples};
  const double factor = factors[blockIdx.x];
  const int64_t hop = sizes.segment - sizes.overlap, total = StretchedLength(row.n, factor);
  int nan = 0;
  for (int64_t i = threadIdx.x; i < row.n; i += kWsolaThreads) nan |= row.x[i] != row.x[i];
  for (int mask = kWarpSize / 2; mask > 0; mask /= 2) nan |= __shfl_xor_sync(kAllLanes, nan, mask);
  shifts[threadIdx.x] = nan;
  __syncthreads();
  if (threadIdx.x == 0) {
    for (int warp = 1; warp < kWsolaThreads / kWarpSize; ++warp) nan |= shifts[warp * kWarpSize];
    broken[blockIdx.x] = nan;
  }
  const float step = 1.0f / static_cast<float>(sizes.overlap);
  float* out = stretched + blockIdx.x * sizes.longest;
  int64_t before = 0;  // where the segment before began
  for (int64_t segment = 0, at = 0; at < total; ++segment, at += hop) {
    const auto position =
        segment == 0 ? 0 : static_cast<int64_t>(factor * (static_cast<double>(segment) * hop) + 0.5);
    const int64_t window = position - sizes.search / 2;
    const int64_t begin = segment == 0
                              ? position
                              : window + WsolaBestShift(row, window, before + hop, sizes, distances, shifts);
    for (int64_t i = threadIdx.x; i < hop && at + i < total; i += kWsolaThreads) {
      float value = row.At(begin + i);
      if (segment > 0 && i < sizes.overlap) {
        const float fade = static_cast<float>(i) * step;
        value = row.At(before + hop + i) * (1 - fade) + value * fade;
      }
      out[at + i] = value;
    }
    before = begin;
  }
}

// I0(2 · √z), the first terms of Σ z^k / k!²
__device__ inline double BesselSeries(double z) {
  double sum = 1, term = 1;
  for (int k = 1; k < kBesselTerms; ++k) {
    term *= z / (static_cast<double>(k) * k);
    sum += term;
  }
  return sum;
}

__device__ inline double Widening(double factor) { return 1 / factor > 1 ? 1 / factor : 1.0; }

__device__ inline int64_t TapsOf(double widening) {
  return static_cast<int64_t>(ceil(2 * kResampleZeros * widening / 16)) * 16;
}

// Block (phase, row) → table [rows, phases + 1, sizes.taps], as the plain version's
__global__ void ResampleTable(const double* factors, PitchSizes sizes, float* table) {
  const double widening = Widening(factors[blockIdx.y]), cutoff = kResampleRolloff / widening;
  const int64_t taps = TapsOf(widening);
  const double root = kResampleBeta * kResampleBeta / 4, norm = cutoff / BesselSeries(root);
  float* line = table + (blockIdx.y * (kResamplePhases + 1) + blockIdx.x) * sizes.taps;
  for (int64_t k = threadIdx.x; k < taps; k += blockDim.x) {
    const double t =
        static_cast<double>(k - taps / 2 + 1) - static_cast<double>(blockIdx.x) / kResamplePhases;
    const double u = t / (static_cast<double>(taps) / 2), angle = kFilterPi * cutoff * t;
    const double window = BesselSeries(u * u < 1 ? root * (1 - u * u) : 0.0);
    line[k] = static_cast<float>(norm * window * (fabs(angle) < 1e-9 ? 1.0 : sin(angle) / angle));
  }
}

// Output i of a row that is not broken; weights: the row's table in shared memory
template <class Weights>
__device__ float ResampleAt(int64_t i, double step, int64_t taps, const float* x, int64_t total,
                            Weights& weights) {
  constexpr int kFractionBits = 32 - kResamplePhaseBits;
  const uint64_t position = static_cast<uint64_t>(step * 0x1p32 + 0.5) * static_cast<uint64_t>(i);
  const auto between = static_cast<uint32_t>(position);
  const float fraction =
      static_cast<float>(between & ((1u << kFractionBits) - 1)) * (1.0f / (1u << kFractionBits));
  const int64_t a = (between >> kFractionBits) * (taps + 1), b = a + taps + 1;
  const int64_t first = static_cast<int64_t>(position >> 32) - (taps / 2 - 1);
  float sum = 0;
  for (int64_t k = 0; k < taps; ++k) {
    const int64_t at = first + k;
    const float sample = at >= 0 && at < total ? x[at] : 0.0f, weight = weights[a + k];
    sum = fmaf(sample, weight + fraction * (weights[b + k] - weight), sum);
  }
  return sum;
}

// Block (part of a row, row)
__global__ void __launch_bounds__(kPitchThreads)
    Resample(AugmentRows rows, const float* source, const double* factors, PitchSizes sizes,
             const float* stretched, const int* broken, const float* table) {
  CLMR_SHARED(float, weights, (kResamplePhases + 1) * (kMostResampleTaps + 1));
  const int64_t row = blockIdx.y, n = rows.samples;
  const int64_t taps = TapsOf(Widening(factors[row])), total = StretchedLength(n, factors[row]);
  const float* of_row = table + row * (kResamplePhases + 1) * sizes.taps;
  for (int64_t phase = threadIdx.x / kWarpSize; phase <= kResamplePhases; phase += kPitchThreads / kWarpSize)
    for (int64_t k = threadIdx.x % kWarpSize; k < taps; k += kWarpSize)
      weights[phase * (taps + 1) + k] = of_row[phase * sizes.taps + k];
  __syncthreads();
  const int64_t begin = static_cast<int64_t>(blockIdx.x) * kPitchOutputs;
  for (int64_t i = begin + threadIdx.x; i < begin + kPitchOutputs && i < n; i += kPitchThreads)
    rows.out[row * n + i] = broken[row]
                                ? source[row * n + i]
                                : FullScale(ResampleAt(i, 1 / factors[row], taps,
                                                       stretched + row * sizes.longest, total, weights));
}

}  // namespace clmr::kernels::cuda
