#pragma once
// BYOL (Grill et al., "Bootstrap your own latent", 2020): the online network predicts,
// from either view of an example, what a target network makes of the other one;
// the target is a moving average of the online network.
#include "model/mlp_head.h"
#include "objective/objective.h"

namespace clmr {

// predictions and targets [B·2, D], row = example·2 + view → the mean over examples of
//   (2 − 2·cos(p₁, t₂)) + (2 − 2·cos(p₂, t₁)),
// differentiable in the predictions.
at::Tensor ByolLoss(const at::Tensor& predictions, const at::Tensor& targets);

// The momentum of the target at step k (from 0) of K: from `base` to 1 along half a cosine;
// `base` where K is 0.
double ByolMomentum(double base, int64_t k, int64_t steps);

struct ByolSpec {
  static constexpr const char* kName = "byol";
  static constexpr ViewBounds kViews{2, 2};
  double momentum;
  int64_t schedule_steps = 0;  // in which the momentum rises to 1; 0: it stays
  int64_t predictor_hidden;

  static auto Fields() {
    return std::tuple(Field("momentum", &ByolSpec::momentum),
                      OptionalField("scheduleSteps", &ByolSpec::schedule_steps),
                      Field("predictorHidden", &ByolSpec::predictor_hidden));
  }
  static auto Constants() { return std::tuple(Constant{"views", kViews}); }
};

class ByolObjective : public ObjectiveOf<ByolObjective> {
 public:
  ByolObjective(ByolSpec spec, const SampleCnn& encoder, ProjectionSpec projection, uint64_t seed);

  const SampleCnn* TargetEncoder() const override { return &target_encoder_; }
  ObjectiveLoss Loss(const ObjectiveInput& input) override;
  void AfterUpdate(const SampleCnn& encoder, int64_t step) override;
  at::Tensor Project(const at::Tensor& embeddings) const override;
  ModuleTensors Tensors() override;

 private:
  ByolSpec spec_;
  MlpHead projector_, predictor_;
  SampleCnn target_encoder_;
  MlpHead target_projector_;
};

std::unique_ptr<Objective> Make(const ByolSpec& spec, const ObjectiveStart& start);

}  // namespace clmr
