#include "objective/nt_xent.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>
#include <string>

#include "model/layers.h"
#include "objective/metrics.h"

namespace clmr {
namespace {

void Check(const at::Tensor& z, int64_t views, double temperature) {
  if (z.dim() != 2 || z.size(1) == 0) throw Error("ERR_SHAPE", "NT-Xent expects projections [N, D]");
  if (views < 2)
    throw Error("ERR_ARGUMENT", "NT-Xent expects 2 views or more but received " + std::to_string(views));
  if (!std::isfinite(temperature) || temperature <= 0)
    throw Error("ERR_ARGUMENT",
                "NT-Xent expects a temperature above 0 but received " + std::to_string(temperature));
  if (z.size(0) == 0 || z.size(0) % views != 0)
    throw Error("ERR_SHAPE", "NT-Xent expects a multiple of " + std::to_string(views) +
                                 " rows but received " + std::to_string(z.size(0)));
}

// A learned τ does not fall below this, as in CLIP (Radford et al., 2021):
// similarities are multiplied by 100 at most.
constexpr double kLeastTemperature = 0.01;

}  // namespace

at::Tensor NtXentLoss(const at::Tensor& z, int64_t views, const at::Tensor& temperature,
                      const AbortFlag& abort) {
  Check(z, views, temperature.item<double>());
  return kernels::nt_xent(z, views, temperature, abort);
}

NtXentValue NtXentLossAndGradient(const at::Tensor& z, int64_t views, double temperature,
                                  const AbortFlag& abort) {
  Check(z, views, temperature);
  return kernels::nt_xent_with_gradients(z, views, temperature, abort);
}

NtXentObjective::NtXentObjective(NtXentSpec spec, Projector projector)
    : spec_(spec), projector_(std::move(projector)) {
  projector_.RequireGrad(true);
  if (spec.learn_temperature)
    log_temperature_ = at::scalar_tensor(std::log(spec.temperature), at::kFloat).requires_grad_(true);
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
  const at::Tensor u = UnitRows(input.embeddings.detach());
  result.metrics = {{"accuracy", NearestIsPositive(UnitRows(projections.detach()), input.views)},
                    {"alignment", Alignment(u, input.views)},
                    {"uniformity", Uniformity(u)}};
  if (spec_.learn_temperature) result.metrics.emplace_back("temperature", temperature.item<double>());
  return result;
}

void NtXentObjective::AfterUpdate(const SampleCnn&, int64_t) {
  if (!log_temperature_.defined()) return;
  at::NoGradGuard no_gradients;
  log_temperature_.clamp_min_(std::log(kLeastTemperature));
}

at::Tensor NtXentObjective::Project(const at::Tensor& embeddings) const {
  return projector_.Forward(embeddings);
}

ModuleTensors NtXentObjective::Tensors() {
  ModuleTensors all = Under("projector.", projector_.Tensors());
  if (log_temperature_.defined())
    all.push_back({"objective.log_temperature", &log_temperature_, Role::learned});
  return all;
}

std::unique_ptr<Objective> Make(const NtXentSpec& spec, const ObjectiveStart& start) {
  return std::make_unique<NtXentObjective>(spec, SimClrProjector(start));
}

}  // namespace clmr
