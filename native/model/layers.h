#pragma once
// Plain layers over ATen, differentiable, any float dtype and device.
#include <utility>

#include "kernels/sample_cnn/sample_cnn.h"

namespace clmr {

// x [N, C] or [N, C, T] → the same shape. training: statistics over all but C,
// and the running ones move in place.
at::Tensor BatchNorm(const at::Tensor& x, const at::Tensor& gamma, const at::Tensor& beta,
                     const at::Tensor& running_mean, const at::Tensor& running_var, bool training);

// Conv1d and its batch norm in eval mode as one convolution in float64: weight [Cout, Cin, K], bias [Cout]
//   w' = w · γ / √(σ² + ε),   b' = (b − μ) · γ / √(σ² + ε) + β
std::pair<at::Tensor, at::Tensor> FoldBatchNorm(const ConvBlock& block);

// z [N, D] → rows of length 1; norms below kernels::kSmallestNorm count as that. Rows whose squares overflow
// or underflow are safe.
at::Tensor UnitRows(const at::Tensor& z);

}  // namespace clmr
