#pragma once
// SampleCNN's blocks 0 to 9 in training mode as one differentiable operation (training_pass.h).
#include <ATen/core/Tensor.h>

#include <vector>

#include "error.h"
#include "kernels/sample_cnn/sample_cnn.h"

namespace clmr {

// How many blocks FusedTrainingForward does at once. The one after them sees a single step: nothing to be
// gained.
constexpr size_t kFusedTrainingBlocks = 10;

// Whether FusedTrainingForward can take this: float32 on the CPU, no gradient of the clips wanted, and not
// switched off by CLMR_KERNELS=reference.
bool FusedTrainingServes(const std::vector<ConvBlock>& blocks, const at::Tensor& clips);

// clips [N, 59049] → [N, 512, 1] by batch statistics; the running ones move (momentum 0.1). Differentiable
// once in the parameters of the blocks. Forward and backward look at `abort`, which has to live until the
// backward pass is over. Activations are kept as float32 or as bfloat16.
at::Tensor FusedTrainingForward(const std::vector<ConvBlock>& blocks, const at::Tensor& clips,
                                const AbortFlag& abort, at::ScalarType kept);

}  // namespace clmr
