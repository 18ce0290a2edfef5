#include "objective/objective.h"

#include <ATen/core/grad_mode.h>

namespace clmr {

Projector SimClrProjector(const ObjectiveStart& start) {
  if (start.projector) return Projector::FromState(*start.projector);
  return Projector::Create(start.seed, start.projection.hidden, start.projection.out);
}

void Follow(const std::vector<at::Tensor>& target, const std::vector<at::Tensor>& online, double momentum) {
  at::NoGradGuard no_gradients;
  for (size_t i = 0; i < target.size(); ++i) target[i].mul_(momentum).add_(online[i], 1 - momentum);
}

std::vector<at::Tensor> TensorsOf(const NamedTensors& named) {
  std::vector<at::Tensor> tensors;
  for (const auto& [name, tensor] : named) tensors.push_back(tensor);
  return tensors;
}

}  // namespace clmr
