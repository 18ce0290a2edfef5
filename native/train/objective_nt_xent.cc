#include "train/objective_nt_xent.h"

#include <ATen/ops/scalar_tensor.h>

#include "loss/nt_xent.h"
#include "model/named_tensors.h"

namespace clmr {

NtXentObjective::NtXentObjective(NtXentSpec spec, Projector projector) : spec_(spec), projector_(std::move(projector)) {
  projector_.RequireGrad(true);
}

std::unique_ptr<Objective> NtXentObjective::Draft() const { return std::make_unique<NtXentObjective>(*this); }

void NtXentObjective::CheckViews(int64_t views) const {
  if (views < 2) throw Error("ERR_CONFIG", "NT-Xent compares views of an example: it needs at least 2");
}

// embeddings [N, E] → projections [N, D] → loss
ObjectiveLoss NtXentObjective::Loss(const ObjectiveInput& input) {
  const at::Tensor projections = projector_.Forward(input.embeddings);
  return {NtXentLoss(projections, input.views, at::scalar_tensor(spec_.temperature, at::kDouble), *input.abort), {}};
}

NamedTensors NtXentObjective::Parameters() const {
  return {{"projector.0.weight", projector_.first}, {"projector.2.weight", projector_.second}};
}

at::Tensor NtXentObjective::Project(const at::Tensor& embeddings) const { return projector_.Forward(embeddings); }

NamedTensors NtXentObjective::State() const {
  NamedTensors state;
  Append(state, "projector.", projector_.State());
  return state;
}

std::unique_ptr<Objective> NtXentObjective::WithState(const NamedTensors& state) const {
  Projector projector = Projector::FromState(Under(state, "projector."));
  if (projector.first.sizes() != projector_.first.sizes() || projector.second.sizes() != projector_.second.sizes())
    throw Error("ERR_CHECKPOINT", "the projector of the state has other sizes than the trainer's");
  return std::make_unique<NtXentObjective>(spec_, std::move(projector));
}

}  // namespace clmr
