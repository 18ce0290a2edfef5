#pragma once
#include <ATen/core/Tensor.h>

namespace clmr::kernels::cuda {

// As CudaKernels::pointwise says.
at::Tensor pointwise(const at::Tensor& source, const at::Tensor& numbers, int64_t samples);

}  // namespace clmr::kernels::cuda
