#pragma once
// SampleCNN's blocks over ATen: plain, any float dtype and device. The oracle of the faster versions, and
// what runs on a device that has none.
#include "kernels/sample_cnn/sample_cnn.h"

namespace clmr::kernels::reference {

// x [N, C, T], overwritten → the maximum of every `pool`, then ReLU: [N, C, T / pool]
at::Tensor pool_relu(at::Tensor x, int64_t pool);

// With batch norm folded in, x [N, Cin, T] → Conv1d · (MaxPool1d(s, s)) · ReLU: [N, Cout, T'].
// The last two commute.
at::Tensor conv_pool_relu(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                          int64_t stride, int64_t padding, int64_t pool);

// y [N, C, T] or [N, C, 1, T], of the block's convolution → BatchNorm · ReLU · (MaxPool(s, s)) along T,
// differentiable. training: by the statistics of y; the running ones move in place, and the batch is counted.
at::Tensor norm_relu_pool(const ConvBlock& block, const at::Tensor& y, bool training);

// x [N, Cin, T] → Conv1d · norm_relu_pool: [N, Cout, T']. bfloat16: as torch.autocast does it, the
// convolution in bfloat16, all that follows in its type; weights and statistics stay as they are.
at::Tensor conv_norm_relu_pool(const ConvBlock& block, const at::Tensor& x, bool training,
                               Precision precision);

// The type that the convolution of a block of x computes in.
at::ScalarType ConvolutionType(const at::Tensor& x, Precision precision);

}  // namespace clmr::kernels::reference
