#include "kernels/augment/cuda/pointwise.cuh"

namespace clmr::kernels::cuda {

void LaunchPointwise(const AugmentRows& rows, const float* source, const double* numbers,
                     CUstream_st* stream) {
  if (rows.rows == 0 || rows.samples == 0) return;
  const auto parts = static_cast<unsigned>((rows.samples + kPointwiseSamples - 1) / kPointwiseSamples);
  Launch(Pointwise, dim3(parts, static_cast<unsigned>(rows.rows)), kPointwiseThreads, stream, rows, source,
         numbers);
}

}  // namespace clmr::kernels::cuda
