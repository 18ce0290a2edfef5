#pragma once
// The way from a file of g++ to one of nvcc: raw pointers, since ATen's headers cost nvcc 20 s a file.
#include <cuda_runtime_api.h>

#include <cstdint>

namespace clmr::kernels::cuda {

// in [rows, samples] → out [rows, samples / pool], bias [channels] where row r is of channel r % channels.
void LaunchBiasReluPool(float* out, const float* in, const float* bias, int64_t rows, int64_t channels,
                        int64_t samples, int64_t pool, cudaStream_t stream);
// The same in bfloat16; the bias and what happens in between are float32.
void LaunchBiasReluPool(uint16_t* out, const uint16_t* in, const float* bias, int64_t rows, int64_t channels,
                        int64_t samples, int64_t pool, cudaStream_t stream);

}  // namespace clmr::kernels::cuda
