#pragma once
// SampleCNN with its classifier, trained on labels: the baseline that the others are compared with.
#include "objective/objective.h"

namespace clmr {

struct SupervisedSpec {
  static constexpr const char* kName = "supervised";
  int64_t classes = 0;
  bool multilabel = false;
  double dropout = 0.5;
};

class SupervisedObjective : public Objective {
 public:
  SupervisedObjective(SupervisedSpec spec, uint64_t seed);

  std::unique_ptr<Objective> Draft() const override;
  void CheckViews(int64_t) const override {}  // a single one will do
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

std::unique_ptr<Objective> Make(const SupervisedSpec& spec, const ObjectiveStart& start);

}  // namespace clmr
