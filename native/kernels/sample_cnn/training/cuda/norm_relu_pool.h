#pragma once
#include <ATen/core/Tensor.h>

#include <array>

#include "kernels/sample_cnn/sample_cnn.h"

namespace clmr::kernels::cuda {

// As CudaKernels says.
std::array<at::Tensor, 4> norm_relu_pool(const at::Tensor& y, const ConvBlock& block);
std::array<at::Tensor, 3> norm_relu_pool_backward(const at::Tensor& upstream, const at::Tensor& y,
                                                  const ConvBlock& block,
                                                  const std::array<at::Tensor, 3>& kept);

}  // namespace clmr::kernels::cuda
