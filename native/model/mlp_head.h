#pragma once
// The projector and predictor of BYOL (Grill et al., "Bootstrap your own latent", 2020; for audio: Niizumi et
// al., BYOL-A, 2021): Linear(I → H) · BatchNorm · ReLU · Linear(H → D), all with biases.
#include <ATen/core/Tensor.h>

#include "model/initial_weights.h"
#include "model/sample_cnn.h"

namespace clmr {

class MlpHead : public ModuleOf<MlpHead> {
 public:
  static MlpHead Create(int64_t in, int64_t hidden, int64_t out, uint64_t seed, WeightStream part);

  // Names as of torch.nn.Sequential: `0.*`, `1.*` (batch norm), `3.*`.
  ModuleTensors Tensors() override;

  // x [N, I] → [N, D]. training: batch statistics, one set of them over the N rows, and the running ones
  // move.
  at::Tensor Forward(const at::Tensor& x, bool training) const;

 private:
  at::Tensor first_, first_bias_;                         // [H, I], [H]
  at::Tensor gamma_, beta_, running_mean_, running_var_;  // [H]
  at::Tensor batches_tracked_;                            // scalar, float
  at::Tensor second_, second_bias_;                       // [D, H], [D]
};

}  // namespace clmr
