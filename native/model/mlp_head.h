#pragma once
// Linear layers with batch norm and ReLU between them, all with biases: the projector and predictor of BYOL
// have two (Grill et al., "Bootstrap your own latent", 2020; for audio: Niizumi et al., BYOL-A, 2021).
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "model/initial_weights.h"
#include "model/module.h"

namespace clmr {

class MlpHead : public ModuleOf<MlpHead> {
 public:
  // widths: I, those of the hidden layers, D
  static MlpHead Create(const std::vector<int64_t>& widths, uint64_t seed, WeightStream part);

  // Names as of torch.nn.Sequential: `0.*`, `1.*` (batch norm), `3.*`, `4.*` (batch norm), `6.*`, …
  ModuleTensors Tensors() override;

  // x [N, I] → [N, D]. training: batch statistics, one set of them over the N rows,
  // and the running ones move.
  at::Tensor Forward(const at::Tensor& x, bool training) const;

 private:
  struct Layer {
    at::Tensor weight, bias;  // [out, in], [out]
  };
  struct Norm {
    at::Tensor gamma, beta, running_mean, running_var;  // [out]
    at::Tensor batches_tracked;                         // scalar, float
  };
  std::vector<Layer> layers_;
  std::vector<Norm> norms_;  // one behind every layer but the last
};

}  // namespace clmr
