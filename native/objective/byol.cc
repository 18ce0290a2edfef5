#include "objective/byol.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>

#include "model/layers.h"

namespace clmr {

at::Tensor ByolLoss(const at::Tensor& predictions, const at::Tensor& targets) {
  const at::Tensor other = targets.view({-1, 2, targets.size(1)}).flip(1).flatten(0, 1);
  const at::Tensor p = UnitRows(predictions), t = UnitRows(other);
  const at::Tensor cosine = (p * t).sum(1);
  return 2 * (2 - 2 * cosine).mean();  // a mean over rows is half a mean over examples
}

double ByolMomentum(double base, int64_t k, int64_t steps) {
  constexpr double kPi = 3.14159265358979323846;
  if (steps == 0) return base;
  const double way = std::min(1.0, static_cast<double>(k) / static_cast<double>(steps));
  return 1 - (1 - base) * (std::cos(kPi * way) + 1) / 2;
}

ByolObjective::ByolObjective(ByolSpec spec, const SampleCnn& encoder, ProjectionSpec projection,
                             uint64_t seed)
    : spec_(spec),
      projector_(MlpHead::Create({encoder.EmbeddingSize(), projection.hidden, projection.out}, seed,
                                 WeightStream::projector)),
      predictor_(MlpHead::Create({projection.out, spec.predictor_hidden, projection.out}, seed,
                                 WeightStream::predictor)),
      target_encoder_(encoder.Clone()),
      target_projector_(projector_.Clone()) {
  projector_.RequireGrad(true);
  predictor_.RequireGrad(true);
}

// embeddings, targets [B·2, E] → predictions, target projections [B·2, D] → loss
ObjectiveLoss ByolObjective::Loss(const ObjectiveInput& input) {
  const at::Tensor projections = Through(projector_, input.embeddings, input);
  const at::Tensor predictions = Through(predictor_, projections, input);
  at::Tensor targets;
  {
    at::NoGradGuard no_gradients;
    targets = Through(target_projector_, input.targets, input);
  }
  const at::Tensor loss = ByolLoss(predictions, targets);
  if (!input.training) return {loss, {}};
  Metrics metrics = CollapseMetrics(input, projections);
  metrics.emplace_back("targetMomentum", ByolMomentum(spec_.momentum, input.step, spec_.schedule_steps));
  return {loss, std::move(metrics)};
}

void ByolObjective::AfterUpdate(const SampleCnn& encoder, int64_t step) {
  const double momentum = ByolMomentum(spec_.momentum, step - 1, spec_.schedule_steps);
  Follow(target_encoder_.Parameters(), encoder.Parameters(), momentum);
  Follow(target_projector_.Parameters(), projector_.Parameters(), momentum);
}

at::Tensor ByolObjective::Project(const at::Tensor& embeddings) const {
  return projector_.Forward(embeddings, false);
}

ModuleTensors ByolObjective::Tensors() {
  ModuleTensors all = Under("objective.projector.", projector_.Tensors());
  Append(all, Under("objective.predictor.", predictor_.Tensors()));
  Append(all, Frozen(Under("objective.target.encoder.", target_encoder_.Tensors())));
  Append(all, Frozen(Under("objective.target.projector.", target_projector_.Tensors())));
  return all;
}

std::unique_ptr<Objective> Make(const ByolSpec& spec, const ObjectiveStart& start) {
  return std::make_unique<ByolObjective>(spec, start.encoder, start.projection, start.seed);
}

}  // namespace clmr
