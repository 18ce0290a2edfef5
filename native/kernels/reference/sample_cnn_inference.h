#pragma once
// SampleCNN in eval mode: batch norm becomes part of the convolution before it.
#include <ATen/core/Tensor.h>

#include <utility>

namespace clmr::kernels::reference {

// weight [Cout, Cin, K], bias [Cout] → the weight and bias of conv · batch norm, formed in float64, returned
// in `dtype`:
//   w' = w · γ / √(σ² + ε),   b' = (b − μ) · γ / √(σ² + ε) + β
std::pair<at::Tensor, at::Tensor> fold_batch_norm(const at::Tensor& weight, const at::Tensor& bias,
                                                  const at::Tensor& gamma, const at::Tensor& beta,
                                                  const at::Tensor& running_mean,
                                                  const at::Tensor& running_var, at::ScalarType dtype);

// x [N, Cin, T] → Conv1d · (MaxPool1d(3, 3)) · ReLU, which commute: [N, Cout, T']
at::Tensor conv_pool_relu(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                          int64_t stride, int64_t padding, bool pooled);

}  // namespace clmr::kernels::reference
