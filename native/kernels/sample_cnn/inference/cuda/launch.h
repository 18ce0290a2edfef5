#pragma once
// The way from a file of g++ to one of nvcc: raw pointers, since ATen's headers cost nvcc 20 s a file.
#include <cstdint>

#include "kernels/sample_cnn/cuda/pool_shape.h"

struct CUstream_st;

namespace clmr::kernels::cuda {

// in [N, C, T] → out [N, C, T / pool], bias [C]
void LaunchBiasReluPool(float* out, const float* in, const float* bias, const PoolShape& shape,
                        CUstream_st* stream);
// The same in bfloat16; the bias and what happens in between are float32.
void LaunchBiasReluPool(uint16_t* out, const uint16_t* in, const float* bias, const PoolShape& shape,
                        CUstream_st* stream);

}  // namespace clmr::kernels::cuda
