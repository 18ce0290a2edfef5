#include "train/objective_nt_xent.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

#include "kernels/reference/nt_xent.h"
#include "loss/embedding_metrics.h"
#include "loss/nt_xent.h"
#include "model/named_tensors.h"

namespace clmr {
namespace {

constexpr const char* kLogTemperature = "objective.log_temperature";
// A learned τ does not fall below this, as in CLIP (Radford et al., 2021): similarities are multiplied by 100
// at most.
constexpr double kLeastTemperature = 0.01;

}  // namespace

NtXentObjective::NtXentObjective(NtXentSpec spec, Projector projector)
    : spec_(spec), projector_(std::move(projector)) {
  projector_.RequireGrad(true);
  if (spec.learn_temperature)
    log_temperature_ = at::scalar_tensor(std::log(spec.temperature), at::kFloat).requires_grad_(true);
}

std::unique_ptr<Objective> NtXentObjective::Draft() const { return std::make_unique<NtXentObjective>(*this); }

void NtXentObjective::CheckViews(int64_t views) const {
  if (views < 2) throw Error("ERR_CONFIG", "NT-Xent compares views of an example: it needs at least 2");
}

at::Tensor NtXentObjective::Temperature() const {
  if (log_temperature_.defined()) return log_temperature_.to(at::kDouble).exp();
  return at::scalar_tensor(spec_.temperature, at::kDouble);
}

// embeddings [N, E] → projections [N, D] → loss
ObjectiveLoss NtXentObjective::Loss(const ObjectiveInput& input) {
  const at::Tensor projections = projector_.Forward(input.embeddings);
  const at::Tensor temperature = Temperature();
  ObjectiveLoss result{NtXentLoss(projections, input.views, temperature, *input.abort), {}};
  if (!input.training) return result;
  at::NoGradGuard no_gradients;
  const at::Tensor u = kernels::reference::unit_rows(input.embeddings.detach());
  result.metrics = {
      {"accuracy", NearestIsPositive(kernels::reference::unit_rows(projections.detach()), input.views)},
      {"alignment", Alignment(u, input.views)},
      {"uniformity", Uniformity(u)}};
  if (spec_.learn_temperature) result.metrics.emplace_back("temperature", temperature.item<double>());
  return result;
}

NamedTensors NtXentObjective::Parameters() const {
  NamedTensors parameters = {{"projector.0.weight", projector_.first},
                             {"projector.2.weight", projector_.second}};
  if (log_temperature_.defined()) parameters.emplace_back(kLogTemperature, log_temperature_);
  return parameters;
}

void NtXentObjective::AfterUpdate(const SampleCnn&, int64_t) {
  if (!log_temperature_.defined()) return;
  at::NoGradGuard no_gradients;
  log_temperature_.clamp_min_(std::log(kLeastTemperature));
}

at::Tensor NtXentObjective::Project(const at::Tensor& embeddings) const {
  return projector_.Forward(embeddings);
}

NamedTensors NtXentObjective::State() const {
  NamedTensors state;
  Append(state, "projector.", projector_.State());
  if (log_temperature_.defined()) state.emplace_back(kLogTemperature, log_temperature_.detach().clone());
  return state;
}

std::unique_ptr<Objective> NtXentObjective::WithState(const NamedTensors& state) const {
  auto restored = std::make_unique<NtXentObjective>(spec_, projector_.WithState(Under(state, "projector.")));
  if (!log_temperature_.defined()) return restored;
  StateReader reader(state, "the objective");
  restored->log_temperature_ = reader.Take(kLogTemperature, {}).requires_grad_(true);
  return restored;
}

}  // namespace clmr
