#pragma once
// float32 and bfloat16, as kernels read and store them. No header of CUDA's, so that the host can play this.
#include <cstdint>
#include <cstring>

#include "kernels/cuda/launch.cuh"

namespace clmr::kernels::cuda {

struct BFloat16 {
  uint16_t bits;
};

__host__ __device__ inline float ToFloat(float x) { return x; }
__host__ __device__ inline float ToFloat(BFloat16 x) {
  const uint32_t bits = static_cast<uint32_t>(x.bits) << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

__host__ __device__ inline void Store(float* to, float x) { *to = x; }
// To nearest, ties to even; NaN stays NaN.
__host__ __device__ inline void Store(BFloat16* to, float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  to->bits = x != x ? 0x7fc0 : static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

}  // namespace clmr::kernels::cuda
