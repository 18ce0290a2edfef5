#pragma once
// BYOL (Grill et al., "Bootstrap your own latent", 2020): the online network predicts, from either view of an
// example, what a target network makes of the other one; the target is a moving average of the online
// network.
#include "model/mlp_head.h"
#include "train/objective.h"

namespace clmr {

class ByolObjective : public Objective {
 public:
  ByolObjective(ByolSpec spec, const SampleCnn& encoder, ProjectionSpec projection, uint64_t seed);

  std::unique_ptr<Objective> Draft() const override;
  void CheckViews(int64_t views) const override;
  const SampleCnn* TargetEncoder() const override { return &target_encoder_; }
  ObjectiveLoss Loss(const ObjectiveInput& input) override;
  NamedTensors Parameters() const override;
  void AfterUpdate(const SampleCnn& encoder, int64_t step) override;
  at::Tensor Project(const at::Tensor& embeddings) const override;
  NamedTensors State() const override;
  std::unique_ptr<Objective> WithState(const NamedTensors& state) const override;

 private:
  ByolSpec spec_;
  MlpHead projector_, predictor_;
  SampleCnn target_encoder_;
  MlpHead target_projector_;
};

}  // namespace clmr
