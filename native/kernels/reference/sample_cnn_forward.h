#pragma once
// SampleCNN's forward pass over ATen: plain, differentiable, any float dtype and device. The oracle of the
// faster ones.
#include <ATen/core/Tensor.h>

namespace clmr::kernels::reference {

constexpr double kBatchNormEps = 1e-5;
constexpr double kBatchNormMomentum = 0.1;
constexpr int64_t kPool = 3;

// x [N, Cin, T], weight [Cout, Cin, K], bias [Cout] → [N, Cout, T']
at::Tensor conv1d(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, int64_t stride,
                  int64_t padding);

// x [N, C, T] → [N, C, T]. training: statistics over N·T, and the running ones move in place.
at::Tensor batch_norm(const at::Tensor& x, const at::Tensor& gamma, const at::Tensor& beta,
                      const at::Tensor& running_mean, const at::Tensor& running_var, bool training);

// x [N, C, T] → ReLU, then where `pooled` the maximum of every three: [N, C, T / 3]
at::Tensor relu_max_pool(const at::Tensor& x, bool pooled);

// x [N, E], first [H, E], second [D, H] → relu(x · firstᵀ) · secondᵀ [N, D]
at::Tensor projector_forward(const at::Tensor& x, const at::Tensor& first, const at::Tensor& second);

}  // namespace clmr::kernels::reference
