#pragma once
// SampleCNN with its classifier, trained on labels: the baseline that the others are compared with.
#include "objective/objective.h"

namespace clmr {

// logits [N, K], labels [N, K] of 0 and 1 → scalar, differentiable in the logits. Multi-label: binary
// cross-entropy, the mean over all values; otherwise cross-entropy with the class of each row.
at::Tensor ClassificationLoss(const at::Tensor& logits, const at::Tensor& labels, bool multilabel);

struct SupervisedSpec {
  static constexpr const char* kName = "supervised";
  int64_t classes = 0;
  bool multilabel = false;
  double dropout = 0.5;

  static auto Fields() {
    return std::tuple(OptionalField("classes", &SupervisedSpec::classes),
                      OptionalField("multilabel", &SupervisedSpec::multilabel),
                      Field("dropout", &SupervisedSpec::dropout));
  }
};

class SupervisedObjective : public Objective {
 public:
  SupervisedObjective(SupervisedSpec spec, uint64_t seed);

  void CheckViews(int64_t) const override {}  // a single one will do
  ObjectiveLoss Loss(const ObjectiveInput& input) override;
  // There is no projector: throws ERR_CONFIG.
  at::Tensor Project(const at::Tensor& embeddings) const override;
  ModuleTensors Tensors() override;

 protected:
  std::unique_ptr<Objective> Copy() const override;

 private:
  at::Tensor Dropout(const at::Tensor& embeddings, const ObjectiveInput& input) const;

  SupervisedSpec spec_;
  uint64_t seed_;
  at::Tensor weight_, bias_;  // CLMR's fc: [K, 512], [K]
};

std::unique_ptr<Objective> Make(const SupervisedSpec& spec, const ObjectiveStart& start);

}  // namespace clmr
