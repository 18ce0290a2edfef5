#pragma once
// SampleCNN's blocks in eval mode over ATen: plain, any float dtype and device. The oracle of the faster
// ones, and what runs on a device that has none. In training mode that is SampleCnn::Forward, block by block.
#include "kernels/sample_cnn/sample_cnn.h"

namespace clmr::kernels::reference {

// x [N, C, T], overwritten → the maximum of every `pool`, then ReLU: [N, C, T / pool]
at::Tensor pool_relu(at::Tensor x, int64_t pool);

// With batch norm folded in, x [N, Cin, T] → Conv1d · (MaxPool1d(s, s)) · ReLU: [N, Cout, T'].
// The last two commute.
at::Tensor conv_pool_relu(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                          int64_t stride, int64_t padding, int64_t pool);

}  // namespace clmr::kernels::reference
