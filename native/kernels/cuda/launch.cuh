#pragma once
// What the kernels say in words of their own, so that the host can play them: see
// test/native/cuda/emulation.h, which comes before and means the same.
#ifndef CLMR_EMULATED_CUDA
#include <cstdint>

// Shared memory of a block, aligned for loads of four
#define CLMR_SHARED(type, name, count) __shared__ __align__(16) type name[count]

namespace clmr::kernels::cuda {

// A pointer to what threads of a block write for each other
template <class T>
using Watched = T*;

template <class Kernel, class... Arguments>
void Launch(Kernel kernel, dim3 grid, dim3 block, cudaStream_t stream, const Arguments&... arguments) {
  kernel<<<grid, block, 0, stream>>>(arguments...);
}

}  // namespace clmr::kernels::cuda
#endif

namespace clmr::kernels::cuda {

inline constexpr int kWarpSize = 32;
inline constexpr unsigned kAllLanes = 0xffffffff;

// The sum over the lanes of a warp, the same bits in each.
template <class T>
__device__ T WarpSum(T value) {
  for (int mask = kWarpSize / 2; mask > 0; mask /= 2) value += __shfl_xor_sync(kAllLanes, value, mask);
  return value;
}

}  // namespace clmr::kernels::cuda
