#pragma once
// SimCLR's projector:
//   embeddings [N, E] → Linear(E → H, no bias) · ReLU · Linear(H → D, no bias) → [N, D]
#include <ATen/core/Tensor.h>

#include "model/sample_cnn.h"

namespace clmr {

class Projector : public ModuleOf<Projector> {
 public:
  static Projector Create(uint64_t seed, int64_t in, int64_t hidden, int64_t out);
  // names `0.weight` and `2.weight`, for embeddings of `in` numbers; throws ERR_CHECKPOINT
  static Projector FromState(const NamedTensors& state, int64_t in);

  ModuleTensors Tensors() override;
  at::Tensor Forward(const at::Tensor& embeddings) const;

  at::Tensor first, second;  // [H, E], [D, H]
};

}  // namespace clmr
