#pragma once
// SampleCNN's blocks in eval mode over ATen: plain, any float dtype and device. The oracle of the faster
// ones, and what runs on a device that has none. In training mode that is SampleCnn::Forward, block by block.
#include "kernels/sample_cnn/sample_cnn.h"

namespace clmr::kernels::reference {

// x [N, C, T], overwritten → where `pooled` the maximum of every three, then ReLU: [N, C, T / 3]
at::Tensor pool_relu(at::Tensor x, bool pooled);

// With batch norm folded in, x [N, Cin, T] → Conv1d · (MaxPool1d(3, 3)) · ReLU: [N, Cout, T'].
// The last two commute.
at::Tensor conv_pool_relu(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                          int64_t stride, int64_t padding, bool pooled);

}  // namespace clmr::kernels::reference
