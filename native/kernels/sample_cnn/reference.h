#pragma once
// SampleCNN's blocks over ATen: plain, differentiable, any float dtype and device. The oracle of the faster
// ones, and what runs on a device that has none.
#include "kernels/sample_cnn/sample_cnn.h"

namespace clmr::kernels::reference {

// x [N, Cin, T] → Conv1d · BatchNorm1d · ReLU · (MaxPool1d(3, 3)): [N, Cout, T']. training: statistics over
// N·T, and the running ones move in place.
at::Tensor conv_block(const at::Tensor& x, const ConvBlock& block, bool training);

// x [N, C, T] → ReLU, then where `pooled` the maximum of every three: [N, C, T / 3]
at::Tensor relu_max_pool(const at::Tensor& x, bool pooled);

// With batch norm folded in, x [N, Cin, T] → Conv1d · (MaxPool1d(3, 3)) · ReLU, which commute: [N, Cout, T']
at::Tensor conv_pool_relu(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                          int64_t stride, int64_t padding, bool pooled);

}  // namespace clmr::kernels::reference
