#pragma once
// NT-Xent on SimCLR's projections: all views of an example attract each other, all other rows of the batch
// repel.
#include "model/projector.h"
#include "train/objective.h"

namespace clmr {

class NtXentObjective : public Objective {
 public:
  NtXentObjective(NtXentSpec spec, Projector projector);

  std::unique_ptr<Objective> Draft() const override;
  void CheckViews(int64_t views) const override;
  ObjectiveLoss Loss(const ObjectiveInput& input) override;
  NamedTensors Parameters() const override;
  void AfterUpdate(const SampleCnn& encoder, int64_t step) override;
  at::Tensor Project(const at::Tensor& embeddings) const override;
  NamedTensors State() const override;
  std::unique_ptr<Objective> WithState(const NamedTensors& state) const override;

 private:
  at::Tensor Temperature() const;  // scalar, float64

  NtXentSpec spec_;
  Projector projector_;
  at::Tensor log_temperature_;  // scalar, float; where τ is learned
};

}  // namespace clmr
