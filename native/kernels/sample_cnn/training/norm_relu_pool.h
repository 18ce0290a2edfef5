#pragma once
// What follows the convolution of a block in training mode, by the kernels for CUDA.
#include <ATen/core/Tensor.h>

#include "kernels/sample_cnn/sample_cnn.h"

namespace clmr::kernels {

// Whether norm_relu_pool takes what the convolution of the block leaves of x: the kernels for CUDA are there.
bool NormReluPoolServes(const ConvBlock& block, const at::Tensor& x);

// Batch norm, ReLU and max-pool in one pass each way. y [N, C, T], the convolution without its bias, which
// the norm would take away again: its gradient is 0 → [N, C, T / pool]. Differentiable once in y and in what
// the block learns; the running statistics move, and the batch is counted.
at::Tensor norm_relu_pool(const at::Tensor& y, const ConvBlock& block);

}  // namespace clmr::kernels
