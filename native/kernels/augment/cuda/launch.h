#pragma once
// The way from a file of g++ to one of nvcc: raw pointers, since ATen's headers cost nvcc 20 s a file.
#include <cstdint>

#include "kernels/augment/pointwise_numbers.h"

struct CUstream_st;

namespace clmr::kernels::cuda {

// Rows of a batch: out [rows, samples]
struct AugmentRows {
  int64_t rows, samples;
  float* out;
};

// source: any length; numbers [kPointwiseNumbers, rows]
void LaunchPointwise(const AugmentRows& rows, const float* source, const double* numbers,
                     CUstream_st* stream);

}  // namespace clmr::kernels::cuda
