#pragma once
#include <ATen/core/Tensor.h>

namespace clmr::kernels::cuda {

// As CudaKernels::bias_relu_pool says.
at::Tensor bias_relu_pool(const at::Tensor& x, const at::Tensor& bias, bool pooled);

}  // namespace clmr::kernels::cuda
