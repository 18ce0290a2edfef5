#pragma once
// SampleCNN (Lee et al., "SampleCNN: end-to-end deep convolutional neural networks using very small filters
// for music classification", 2018) as CLMR builds it: clips [N, T] → embeddings [N, E].
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "error.h"
#include "fields.h"
#include "kernels/sample_cnn/sample_cnn.h"
#include "model/architecture.h"
#include "model/module.h"

namespace clmr {

class SampleCnn : public ModuleOf<SampleCnn> {
 public:
  // New weights as PyTorch's defaults, drawn from (seed, Purpose::weights). Throws ERR_CONFIG.
  static SampleCnn Create(uint64_t seed, const Architecture& architecture);
  // All tensors by their state-dict names (`sequential.0.0.weight` …), copied. Throws ERR_CONFIG, or
  // ERR_CHECKPOINT naming what is missing, unknown or of the wrong shape.
  static SampleCnn FromState(const NamedTensors& state, const Architecture& architecture);

  ModuleTensors Tensors() override;

  int64_t ClipLength() const { return architecture.clip_length; }
  int64_t EmbeddingSize() const { return architecture.EmbeddingSize(); }

  // clips [N, T] → [N, E]. training: batch statistics, and the running ones move (momentum 0.1). Looks
  // at `abort` between layers, forward and backward: the flag has to live until the backward pass is over.
  // Differentiable where the parameters require grad. fused: blocks 0 to 9 as one operation while training,
  // where kernels::TrainingServes. precision: what activations are kept in.
  at::Tensor Forward(const at::Tensor& clips, bool training, const AbortFlag& abort, bool fused = false,
                     Precision precision = Precision::float32) const;

  Architecture architecture;
  std::vector<ConvBlock> blocks;  // one for each stride, one before and one after them

 private:
  static SampleCnn Blank(const Architecture& architecture);
};

}  // namespace clmr
