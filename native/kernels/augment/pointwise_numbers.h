#pragma once
// What CudaKernels::pointwise takes of each row: y = reversed(echo(after · (before · x + noise))), with x the
// samples of the source from `from` on.
#include <cstdint>

namespace clmr::kernels {

enum PointwiseNumber : int64_t {
  kPointwiseFrom,
  kPointwiseBefore,
  kPointwiseRatio,  // std(noise) / std(before · x), or below 0 for no noise
  kPointwiseSeed,
  kPointwiseAfter,
  kPointwiseOffset,  // of the echo, in samples, or below 0 for no echo
  kPointwiseVolume,
  kPointwiseReverse,  // 0 or 1
  kPointwiseNumbers
};

}  // namespace clmr::kernels
