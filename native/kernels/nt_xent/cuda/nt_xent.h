#pragma once
#include <ATen/core/Tensor.h>

#include <array>

namespace clmr::kernels::cuda {

// As CudaKernels::nt_xent says.
std::array<at::Tensor, 3> nt_xent(const at::Tensor& z, int64_t views, const at::Tensor& temperature,
                                  bool differentiate);

}  // namespace clmr::kernels::cuda
