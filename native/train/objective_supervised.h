#pragma once
// SampleCNN with its classifier, trained on labels: the baseline that the others are compared with.
#include "train/objective.h"

namespace clmr {

class SupervisedObjective : public Objective {
 public:
  SupervisedObjective(SupervisedSpec spec, uint64_t seed);

  std::unique_ptr<Objective> Draft() const override;
  void CheckViews(int64_t) const override {}  // a single one will do
  bool NeedsLabels() const override { return true; }
  ObjectiveLoss Loss(const ObjectiveInput& input) override;
  NamedTensors Parameters() const override;
  // There is no projector: throws ERR_CONFIG.
  at::Tensor Project(const at::Tensor& embeddings) const override;
  NamedTensors State() const override;
  std::unique_ptr<Objective> WithState(const NamedTensors& state) const override;

 private:
  at::Tensor Dropout(const at::Tensor& embeddings, const ObjectiveInput& input) const;

  SupervisedSpec spec_;
  uint64_t seed_;
  at::Tensor weight_, bias_;  // CLMR's fc: [K, 512], [K]
};

}  // namespace clmr
