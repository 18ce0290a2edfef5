#pragma once
// SampleCNN in training mode: on the CPU blocks 0 to 9 as one differentiable operation (pass.h), on CUDA what follows the
// convolution of each block.
#include <ATen/core/Tensor.h>

#include <vector>

#include "error.h"
#include "kernels/sample_cnn/sample_cnn.h"

namespace clmr::kernels {

// How many blocks TrainingForward does at once. The one after them sees a single step: nothing to be gained.
constexpr int64_t kTrainingBlocks = 10;

// Whether TrainingForward can take this: CLMR's network, float32 on the CPU, no gradient of the clips wanted, and the plain
// versions are not asked for.
bool TrainingServes(const std::vector<ConvBlock>& blocks, const at::Tensor& clips);

// clips [N, 59049] → [N, 512, 1] by batch statistics; the running ones move (momentum 0.1). Differentiable
// once in the parameters of the blocks. Forward and backward look at `abort`, which has to live until the
// backward pass is over. Activations are kept in
// `precision`.
at::Tensor TrainingForward(const std::vector<ConvBlock>& blocks, const at::Tensor& clips,
                           const AbortFlag& abort, Precision precision);

// Whether norm_relu_pool can take what the convolution of the block leaves of x: the kernels for CUDA are there.
bool NormReluPoolServes(const ConvBlock& block, const at::Tensor& x);

// Batch norm, ReLU and max-pool in one pass each way. y [N, C, T], the convolution without its bias, which the norm would
// take away again: its gradient is 0 → [N, C, T / pool]. Differentiable once in y and in what the block learns; the
// running statistics move, and the batch is counted.
at::Tensor norm_relu_pool(const at::Tensor& y, const ConvBlock& block);

}  // namespace clmr::kernels
