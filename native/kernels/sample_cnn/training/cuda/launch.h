#pragma once
// The way from a file of g++ to one of nvcc: raw pointers, since ATen's headers cost nvcc 20 s a file.
#include <cstdint>

#include "kernels/sample_cnn/cuda/pool_shape.h"

struct CUstream_st;

namespace clmr::kernels::cuda {

// y [N, C, T] → out [N, C, T / pool]; activations are float32 or, where `half`, bfloat16.
struct NormPass {
  PoolShape shape;
  bool half;
  double eps;
  const void* y;
  const float *gamma, *beta;  // [C]
  void* extremes;             // as out: what wins each window, before the norm
  double* parts;              // [NormParts(shape), C, 2]
  float *mean, *variance;     // [C], the latter biased
};

// They move by those of the batch; the bias was left out of y. All [C]
struct RunningStatistics {
  const float* bias;
  float *mean, *variance;
  float momentum;
};

struct NormGradients {
  const void* upstream;  // as out
  void* dy;              // as y
  float *gamma, *beta;   // [C]
};

// In how many parts the positions of a channel are summed
int64_t NormParts(const PoolShape& shape);
void LaunchNormReluPool(const NormPass& pass, const RunningStatistics& running, void* out,
                        CUstream_st* stream);
void LaunchNormReluPoolBackward(const NormPass& pass, const NormGradients& gradients, CUstream_st* stream);

}  // namespace clmr::kernels::cuda
