#pragma once
// The shape of what a convolution of the encoder leaves, for the kernels for CUDA.
#include <cstdint>

namespace clmr::kernels::cuda {

// x [N, C, T], contiguous, or with the channels last in memory: [N, T, C]. Results lie as x does.
struct PoolShape {
  int64_t examples, channels, samples;  // N, C, T
  int64_t pool;                         // 1 or 3; what is left of T at the end is dropped
  bool channels_last;

  int64_t outputs() const { return examples * channels * (samples / pool); }
};

}  // namespace clmr::kernels::cuda
