#pragma once
#include <ATen/core/Tensor.h>

#include <array>

namespace clmr::kernels::cuda {

// As CudaKernels::norm_relu_pool and norm_relu_pool_backward say.
std::array<at::Tensor, 4> norm_relu_pool(const at::Tensor& y, const at::Tensor& gamma, const at::Tensor& beta,
                                         double eps, bool pooled);
std::array<at::Tensor, 3> norm_relu_pool_backward(const at::Tensor& upstream, const at::Tensor& y,
                                                  const at::Tensor& gamma, const at::Tensor& beta, double eps,
                                                  const std::array<at::Tensor, 4>& forward);

}  // namespace clmr::kernels::cuda
