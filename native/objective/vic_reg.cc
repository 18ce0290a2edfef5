#include "objective/vic_reg.h"

#include <ATen/ATen.h>

namespace clmr {
namespace {

// Under the root, where the gradient of a constant dimension would be infinite.
constexpr double kEpsilon = 1e-4;

// x [B, D] → the mean over dimensions of what their standard deviations lack
at::Tensor LackOfSpread(const at::Tensor& x, double gamma) {
  const at::Tensor deviation = at::sqrt(at::var(x, at::IntArrayRef{0}) + kEpsilon);
  return at::relu(gamma - deviation).mean();
}

// x [B, D] → Σ of the squares beside the diagonal of the covariance matrix, / D
at::Tensor Redundancy(const at::Tensor& x) {
  const at::Tensor centred = x - x.mean(at::IntArrayRef{0});
  const at::Tensor covariances = at::matmul(centred.t(), centred) / (x.size(0) - 1);
  const at::Tensor diagonal = at::eye(x.size(1), x.options().dtype(at::kBool));
  return covariances.masked_fill(diagonal, 0).square().sum() / x.size(1);
}

}  // namespace

VicRegTerms VicReg(const at::Tensor& z, double gamma) {
  const at::Tensor by_view = z.view({-1, 2, z.size(1)});
  const at::Tensor a = by_view.select(1, 0), b = by_view.select(1, 1);
  return {at::mse_loss(a, b), (LackOfSpread(a, gamma) + LackOfSpread(b, gamma)) / 2,
          Redundancy(a) + Redundancy(b)};
}

VicRegObjective::VicRegObjective(VicRegSpec spec, int64_t in, ProjectionSpec projection, uint64_t seed)
    : spec_(spec),
      expander_(MlpHead::Create({in, projection.hidden, projection.hidden, projection.out}, seed,
                                WeightStream::projector)) {
  expander_.RequireGrad(true);
}

// embeddings [B·2, E] → projections [B·2, D] → loss
ObjectiveLoss VicRegObjective::Loss(const ObjectiveInput& input) {
  const at::Tensor projections = Through(expander_, input.embeddings, input);
  const VicRegTerms terms = VicReg(projections, spec_.gamma);
  const at::Tensor loss = spec_.invariance * terms.invariance + spec_.variance * terms.variance +
                          spec_.covariance * terms.covariance;
  if (!input.training) return {loss, {}};
  Metrics metrics = CollapseMetrics(input, projections);
  metrics.emplace_back("invariance", terms.invariance.item<double>());
  metrics.emplace_back("variance", terms.variance.item<double>());
  metrics.emplace_back("covariance", terms.covariance.item<double>());
  return {loss, std::move(metrics)};
}

at::Tensor VicRegObjective::Project(const at::Tensor& embeddings) const {
  return expander_.Forward(embeddings, false);
}

ModuleTensors VicRegObjective::Tensors() { return Under("objective.projector.", expander_.Tensors()); }

std::unique_ptr<Objective> Make(const VicRegSpec& spec, const ObjectiveStart& start) {
  return std::make_unique<VicRegObjective>(spec, start.encoder.EmbeddingSize(), start.projection, start.seed);
}

}  // namespace clmr
