#pragma once
// SampleCNN as training runs it: on the CPU blocks 0 to 9 as one differentiable operation (pass.h), on a
// device block by block.
#include <ATen/core/Tensor.h>

#include <vector>

#include "error.h"
#include "kernels/sample_cnn/sample_cnn.h"

namespace clmr::kernels {

// How many blocks TrainingForward does at once. The one after them sees a single step: nothing to be gained.
constexpr int64_t kTrainingBlocks = 10;

// Whether TrainingForward can take this: CLMR's network, float32 on the CPU, no gradient of the clips wanted,
// and the plain versions are not asked for.
bool TrainingServes(const std::vector<ConvBlock>& blocks, const at::Tensor& clips);

// clips [N, 59049] → [N, 512, 1] by batch statistics; the running ones move (momentum 0.1). Differentiable
// once in the parameters of the blocks. Forward and backward look at `abort`, which has to live until the
// backward pass is over. Activations are kept in `precision`.
at::Tensor TrainingForward(const std::vector<ConvBlock>& blocks, const at::Tensor& clips,
                           const AbortFlag& abort, Precision precision);

// One block, x [N, Cin, T] → [N, Cout, T'], as reference::conv_norm_relu_pool, which runs on the CPU and
// where the plain versions are asked for. On a device the convolution reads channels last where matrix units
// compute, and where the kernels for CUDA are there, one pass each way does all that follows it in training.
at::Tensor ConvBlockForward(const ConvBlock& block, const at::Tensor& x, bool training, Precision precision);

}  // namespace clmr::kernels
