#pragma once
// NT-Xent in tiles of 64 anchors by 64 others: nothing of N² is stored, products and sums of a tile are
// float32, what is made of them per row float64. The formulas are those of kernels/nt_xent/fused.h. Every sum
// has a fixed order, which depends on the sizes alone, never on the grid or the device.
#include <cstdint>

#include "kernels/cuda/launch.cuh"
#include "kernels/nt_xent/cuda/launch.h"

namespace clmr::kernels::cuda {

// A tile of 64 by 64, from slices of 32 of the depth. Thread (x, y) of 16 by 16 holds rows 4y … and columns
// 4x … A line of shared memory is longer than 64 so that its writes spread over the banks.
inline constexpr int kNtXentSlice = 32, kNtXentThreads = 256, kNtXentLine = kNtXentTile + 4, kNtXentEach = 4;
inline constexpr int kNtXentSide = kNtXentTile / kNtXentEach;
inline constexpr double kNtXentLog2e = 1.4426950408889634;

__device__ inline double NtXentScale(const NtXentProblem& p) {
  return kNtXentLog2e / (p.temperature ? *p.temperature : p.temperature_value);
}

// z → u, one warp a row; rows and columns that only fill up are 0.
__global__ void NtXentNormalize(NtXentProblem p, const float* z, double* inverse_norms, float* u) {
  const int64_t row = static_cast<int64_t>(blockIdx.x) * (blockDim.x / kWarpSize) + threadIdx.x / kWarpSize;
  const int lane = static_cast<int>(threadIdx.x % kWarpSize);
  if (row >= p.padded_rows) return;
  double squares = 0;
  for (int64_t k = lane; row < p.rows && k < p.dim; k += kWarpSize) {
    const double value = z[row * p.dim + k];
    squares += value * value;
  }
  const double norm = sqrt(WarpSum(squares));
  const double inverse = norm < kNtXentSmallestNorm ? 1 / kNtXentSmallestNorm : 1 / norm;
  for (int64_t k = lane; k < p.depth; k += kWarpSize) {
    const bool real = row < p.rows && k < p.dim;
    u[row * p.depth + k] = real ? static_cast<float>(z[row * p.dim + k] * inverse) : 0.0f;
  }
  if (lane == 0 && row < p.rows) inverse_norms[row] = inverse;
}

struct NtXentPlace {
  int x, y;                      // of the thread
  int64_t first_row;             // of the tile of anchors
  int64_t first_tile, end_tile;  // of the others in a part
};

__device__ inline NtXentPlace NtXentPlaceOf(const NtXentProblem& p) {
  const int64_t tiles = p.padded_rows / kNtXentTile, each = p.tiles_of_part;
  NtXentPlace place;
  place.x = static_cast<int>(threadIdx.x) % kNtXentSide;
  place.y = static_cast<int>(threadIdx.x) / kNtXentSide;
  place.first_row = static_cast<int64_t>(blockIdx.x) * kNtXentTile;
  place.first_tile = blockIdx.y * each;
  place.end_tile = place.first_tile + each < tiles ? place.first_tile + each : tiles;
  return place;
}

// Whether anchor i has j among its negatives
__device__ inline bool NtXentNegative(const NtXentProblem& p, int64_t i, int64_t j) {
  return i < p.rows && j < p.rows && i / p.views != j / p.views;
}

// t[r][c] = scale · u_row · u_column of the tile; memory: two slices
template <class Memory>
__device__ void NtXentExponents(const NtXentProblem& p, const float* u, const NtXentPlace& place,
                                int64_t tile, float scale, Memory& memory,
                                float t[kNtXentEach][kNtXentEach]) {
  for (int r = 0; r < kNtXentEach; ++r)
    for (int c = 0; c < kNtXentEach; ++c) t[r][c] = 0;
  for (int64_t slice = 0; slice < p.depth; slice += kNtXentSlice) {
    __syncthreads();  // what the memory held has been used
    for (int i = static_cast<int>(threadIdx.x); i < kNtXentTile * kNtXentSlice; i += kNtXentThreads) {
      const int row = i / kNtXentSlice, k = i % kNtXentSlice;
      memory[k * kNtXentLine + row] = u[(place.first_row + row) * p.depth + slice + k];
      memory[(kNtXentSlice + k) * kNtXentLine + row] = u[(tile * kNtXentTile + row) * p.depth + slice + k];
    }
    __syncthreads();
    for (int k = 0; k < kNtXentSlice; ++k) {
      float a[kNtXentEach], b[kNtXentEach];
      for (int e = 0; e < kNtXentEach; ++e) {
        a[e] = memory[k * kNtXentLine + place.y * kNtXentEach + e];
        b[e] = memory[(kNtXentSlice + k) * kNtXentLine + place.x * kNtXentEach + e];
      }
      for (int r = 0; r < kNtXentEach; ++r)
        for (int c = 0; c < kNtXentEach; ++c) t[r][c] = fmaf(a[r], b[c], t[r][c]);
    }
  }
  for (int r = 0; r < kNtXentEach; ++r)
    for (int c = 0; c < kNtXentEach; ++c) t[r][c] *= scale;
}

// Σ 2^(t − top), as (top, sum)
struct NtXentSum {
  float top, sum;
};

__device__ inline void NtXentAdd(NtXentSum& a, float t) {
  if (t > a.top) {
    a.sum *= exp2f(a.top - t);
    a.top = t;
  }
  a.sum += exp2f(t - a.top);
}

// The same bits for (a, b) and (b, a)
__device__ inline NtXentSum NtXentJoin(NtXentSum a, NtXentSum b) {
  const float top = a.top > b.top ? a.top : b.top;
  if (top == -INFINITY) return {top, a.sum + b.sum};
  return {top, a.sum * exp2f(a.top - top) + b.sum * exp2f(b.top - top)};
}

// Block (tile of anchors, part): Σ over the negatives in the part, of every row
__global__ void __launch_bounds__(kNtXentThreads)
    NtXentSumNegatives(NtXentProblem p, const float* u, NtXentSum* sums) {
  CLMR_SHARED(float, slices, 2 * kNtXentSlice * kNtXentLine);
  const NtXentPlace place = NtXentPlaceOf(p);
  const auto scale = static_cast<float>(NtXentScale(p));
  NtXentSum own[kNtXentEach];
  for (NtXentSum& sum : own) sum = {-INFINITY, 0};
  for (int64_t tile = place.first_tile; tile < place.end_tile; ++tile) {
    float t[kNtXentEach][kNtXentEach];
    NtXentExponents(p, u, place, tile, scale, slices, t);
    for (int r = 0; r < kNtXentEach; ++r)
      for (int c = 0; c < kNtXentEach; ++c)
        if (NtXentNegative(p, place.first_row + place.y * kNtXentEach + r,
                           tile * kNtXentTile + place.x * kNtXentEach + c))
          NtXentAdd(own[r], t[r][c]);
  }
  for (int r = 0; r < kNtXentEach; ++r) {
    for (int mask = kNtXentSide / 2; mask > 0; mask /= 2)
      own[r] = NtXentJoin(own[r], {__shfl_xor_sync(kAllLanes, own[r].top, mask),
                                   __shfl_xor_sync(kAllLanes, own[r].sum, mask)});
    const int64_t row = place.first_row + place.y * kNtXentEach + r;
    if (place.x == 0) sums[blockIdx.y * p.padded_rows + row] = own[r];
  }
}

// u_a · u_b in float64, by a warp
__device__ inline double NtXentDot(const NtXentProblem& p, const float* u, int64_t a, int64_t b, int lane) {
  double sum = 0;
  for (int64_t k = lane; k < p.depth; k += kWarpSize)
    sum += static_cast<double>(u[a * p.depth + k]) * u[b * p.depth + k];
  return WarpSum(sum);
}

// One warp a row: its loss, and what the gradient needs of it
__global__ void NtXentLosses(NtXentProblem p, const float* u, const NtXentSum* sums, NtXentRow* rows,
                             double* losses) {
  const int64_t row = static_cast<int64_t>(blockIdx.x) * (blockDim.x / kWarpSize) + threadIdx.x / kWarpSize;
  const int lane = static_cast<int>(threadIdx.x % kWarpSize);
  if (row >= p.rows) return;
  const double scale = NtXentScale(p);
  const int64_t first = row / p.views * p.views;
  double top = -INFINITY, negatives = 0, positives = 0, loss = 0;
  for (int part = 0; part < p.parts; ++part)
    if (sums[part * p.padded_rows + row].top > top) top = sums[part * p.padded_rows + row].top;
  for (int64_t q = first; q < first + p.views; ++q)
    if (q != row) top = fmax(top, NtXentDot(p, u, row, q, lane) * scale);
  for (int part = 0; part < p.parts; ++part) {
    const NtXentSum sum = sums[part * p.padded_rows + row];
    negatives += sum.top == -INFINITY ? sum.sum : sum.sum * exp2(sum.top - top);
  }
  for (int64_t q = first; q < first + p.views; ++q)
    if (q != row) positives += exp2(NtXentDot(p, u, row, q, lane) * scale - top);
  const double all = negatives + positives;
  for (int64_t q = first; q < first + p.views; ++q) {
    if (q == row) continue;
    const double log2_own = NtXentDot(p, u, row, q, lane) * scale - top, own = exp2(log2_own);
    // The first form is exact where the loss is near 0, the second where `own` is lost beside the rest.
    const double rest = negatives + (p.views == 2 ? 0 : positives - own);
    loss += own > 1e-3 * all ? log1p(rest / own) : log(all) - log2_own / kNtXentLog2e;
  }
  if (lane != 0) return;
  losses[row] = loss / static_cast<double>(p.views - 1);
  const double log2_all = top + log2(all);
  NtXentRow result{negatives, positives, top, static_cast<float>(log2_all), 0};
  result.log2_rest = static_cast<float>(log2_all - result.log2_all);
  rows[row] = result;
}

// Σ values · factor / count, one block. divisor: τ² is divided by where `by_temperature`.
__global__ void NtXentMean(NtXentProblem p, const double* values, double factor, bool by_temperature,
                           double* out) {
  CLMR_SHARED(double, sums, kNtXentThreads);
  double sum = 0;
  for (int64_t i = threadIdx.x; i < p.rows; i += kNtXentThreads) sum += values[i];
  sums[threadIdx.x] = sum;
  for (unsigned half = kNtXentThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
  }
  if (threadIdx.x != 0) return;
  const double tau = kNtXentLog2e / NtXentScale(p);
  *out = factor * sums[0] / static_cast<double>(p.rows) / (by_temperature ? tau * tau : 1);
}

// Block (tile of anchors, part, chunk of 64 of the depth): what the negatives in the part give to ∂/∂u
__global__ void __launch_bounds__(kNtXentThreads)
    NtXentGather(NtXentProblem p, const float* u, const NtXentRow* rows, float* gradients) {
  CLMR_SHARED(float, others, kNtXentTile* kNtXentLine);   // two slices, then the chunk of the others
  CLMR_SHARED(float, weights, kNtXentTile* kNtXentLine);  // [other, anchor]
  const NtXentPlace place = NtXentPlaceOf(p);
  const auto scale = static_cast<float>(NtXentScale(p));
  const int64_t chunk = static_cast<int64_t>(blockIdx.z) * kNtXentTile;
  float g[kNtXentEach][kNtXentEach] = {};
  for (int64_t tile = place.first_tile; tile < place.end_tile; ++tile) {
    float t[kNtXentEach][kNtXentEach];
    NtXentExponents(p, u, place, tile, scale, others, t);
    for (int r = 0; r < kNtXentEach; ++r)
      for (int c = 0; c < kNtXentEach; ++c) {
        const int64_t i = place.first_row + place.y * kNtXentEach + r;
        const int column = place.x * kNtXentEach + c;
        const int64_t j = tile * kNtXentTile + column;
        float weight = 0;
        if (NtXentNegative(p, i, j))
          weight = exp2f(t[r][c] - rows[i].log2_all - rows[i].log2_rest) +
                   exp2f(t[r][c] - rows[j].log2_all - rows[j].log2_rest);
        weights[column * kNtXentLine + place.y * kNtXentEach + r] = weight;
      }
    __syncthreads();
    for (int i = static_cast<int>(threadIdx.x); i < kNtXentTile * kNtXentTile; i += kNtXentThreads) {
      const int row = i / kNtXentTile, k = i % kNtXentTile;
      others[row * kNtXentLine + k] = u[(tile * kNtXentTile + row) * p.depth + chunk + k];
    }
    __syncthreads();
    for (int j = 0; j < kNtXentTile; ++j) {
      float a[kNtXentEach], b[kNtXentEach];
      for (int e = 0; e < kNtXentEach; ++e) {
        a[e] = weights[j * kNtXentLine + place.y * kNtXentEach + e];
        b[e] = others[j * kNtXentLine + place.x * kNtXentEach + e];
      }
      for (int r = 0; r < kNtXentEach; ++r)
        for (int c = 0; c < kNtXentEach; ++c) g[r][c] = fmaf(a[r], b[c], g[r][c]);
    }
  }
  float* out = gradients + (blockIdx.y * p.padded_rows + place.first_row) * p.depth + chunk;
  for (int r = 0; r < kNtXentEach; ++r)
    for (int c = 0; c < kNtXentEach; ++c)
      out[(place.y * kNtXentEach + r) * p.depth + place.x * kNtXentEach + c] = g[r][c];
}

// c of the formula, rearranged: no difference of two numbers that are both close to 1 / (V − 1)
__device__ inline double NtXentPositiveWeight(const NtXentProblem& p, const NtXentRow& row, double exponent) {
  const double own = exp2(exponent - row.top), others = static_cast<double>(p.views - 1);
  const double rest = row.negatives + (p.views == 2 ? 0 : row.positives - others * own);
  return -rest / (others * (row.negatives + row.positives));
}

// One warp a row: the parts in order, the positives, then ∂/∂u → ∂/∂z. `along` [N]: u · ∂/∂u of every row.
__global__ void NtXentFinish(NtXentProblem p, const float* u, const NtXentRow* rows,
                             const double* inverse_norms, float* gradients, double* along, float* out) {
  const int64_t row = static_cast<int64_t>(blockIdx.x) * (blockDim.x / kWarpSize) + threadIdx.x / kWarpSize;
  const int lane = static_cast<int>(threadIdx.x % kWarpSize);
  if (row >= p.rows) return;
  const double scale = NtXentScale(p);
  float* g = gradients + row * p.depth;
  for (int part = 1; part < p.parts; ++part)
    for (int64_t k = lane; k < p.depth; k += kWarpSize) g[k] += g[part * p.padded_rows * p.depth + k];
  const int64_t first = row / p.views * p.views;
  for (int64_t q = first; q < first + p.views; ++q) {
    if (q == row) continue;
    const double exponent = NtXentDot(p, u, row, q, lane) * scale;
    const auto weight = static_cast<float>(NtXentPositiveWeight(p, rows[row], exponent) +
                                           NtXentPositiveWeight(p, rows[q], exponent));
    for (int64_t k = lane; k < p.depth; k += kWarpSize) g[k] += weight * u[q * p.depth + k];
  }
  double sum = 0;
  for (int64_t k = lane; k < p.depth; k += kWarpSize) sum += static_cast<double>(g[k]) * u[row * p.depth + k];
  sum = WarpSum(sum);
  if (lane == 0) along[row] = sum;
  const double inverse = inverse_norms[row];
  const bool clamped = inverse >= 1 / kNtXentSmallestNorm;
  const auto drop = static_cast<float>(clamped ? 0 : sum);  // ‖u‖ = 1 lets nothing move along u
  const auto factor = static_cast<float>(scale / kNtXentLog2e / static_cast<double>(p.rows) * inverse);
  for (int64_t k = lane; k < p.dim; k += kWarpSize)
    out[row * p.dim + k] = (g[k] - drop * u[row * p.depth + k]) * factor;
}

}  // namespace clmr::kernels::cuda
