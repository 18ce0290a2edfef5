#pragma once
// The way from a file of g++ to one of nvcc: raw pointers, since ATen's headers cost nvcc 20 s a file.
#include <cstdint>

struct CUstream_st;

namespace clmr::kernels::cuda {

inline constexpr int kNtXentTile = 64;
inline constexpr double kNtXentSmallestNorm = 1e-8;  // kSmallestNorm of nt_xent.h

struct NtXentProblem {
  int64_t rows, dim, views;    // N, D, V
  int64_t padded_rows, depth;  // N and D, filled up to whole tiles
  int64_t tiles_of_part;       // The others are summed in parts, each by a block of its own.
  int parts;
  const double* temperature;  // on the device, or null for temperature_value
  double temperature_value;
};

struct NtXentSum;

// Of an anchor, relative to 2^top; log2_all + log2_rest: log2 of the sum over all others.
struct NtXentRow {
  double negatives, positives, top;
  float log2_all, log2_rest;
};

struct NtXentBuffers {
  const float* z;                // [N, D]
  float* u;                      // [padded rows, depth]
  double* inverse_norms;         // [N]
  NtXentSum* sums;               // [parts, padded rows], two floats each
  NtXentRow* rows;               // [N]
  double* row_results;           // [N]
  double* loss;                  // [1]
  float* gradient_parts;         // [parts, padded rows, depth]
  float* gradient;               // [N, D]; null, with the next, where none is wanted
  double* temperature_gradient;  // [1]
};

void LaunchNtXent(const NtXentProblem& problem, const NtXentBuffers& buffers, CUstream_st* stream);

}  // namespace clmr::kernels::cuda
