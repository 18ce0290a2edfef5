#pragma once
#include <ATen/core/Tensor.h>

namespace clmr::kernels::cuda {

// As CudaKernels says.
at::Tensor pointwise(const at::Tensor& source, const at::Tensor& numbers, int64_t samples);
at::Tensor sinc_filter(const at::Tensor& x, const at::Tensor& cutoffs, const at::Tensor& high_pass,
                       double lowest_cutoff);
at::Tensor reverb(const at::Tensor& x, const at::Tensor& numbers, double sample_rate);
at::Tensor pitch_shift(const at::Tensor& x, const at::Tensor& factors, double sample_rate,
                       double least_factor);

}  // namespace clmr::kernels::cuda
