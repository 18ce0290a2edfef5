#include "train/objective.h"

#include <ATen/core/grad_mode.h>

#include "train/objective_byol.h"
#include "train/objective_info_nce.h"
#include "train/objective_nt_xent.h"
#include "train/objective_supervised.h"

namespace clmr {
namespace {

Projector SimClrProjector(const ObjectiveStart& start) {
  if (start.projector) return Projector::FromState(*start.projector);
  return Projector::Create(start.seed, start.projection.hidden, start.projection.out);
}

struct Make {
  const ObjectiveStart& start;

  std::unique_ptr<Objective> operator()(const NtXentSpec& spec) const {
    return std::make_unique<NtXentObjective>(spec, SimClrProjector(start));
  }
  std::unique_ptr<Objective> operator()(const InfoNceSpec& spec) const {
    return std::make_unique<InfoNceObjective>(spec, start.encoder, SimClrProjector(start), start.seed);
  }
  std::unique_ptr<Objective> operator()(const ByolSpec& spec) const {
    return std::make_unique<ByolObjective>(spec, start.encoder, start.projection, start.seed);
  }
  std::unique_ptr<Objective> operator()(const SupervisedSpec& spec) const {
    return std::make_unique<SupervisedObjective>(spec, start.seed);
  }
};

}  // namespace

std::unique_ptr<Objective> MakeObjective(const ObjectiveSpec& spec, const ObjectiveStart& start) {
  return std::visit(Make{start}, spec);
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
