#pragma once
// SampleCNN with its classifier, trained on labels: the baseline that the others are compared with.
#include "objective/objective.h"

namespace clmr {

// logits [N, K], labels [N, K] of 0 and 1 → scalar, differentiable in the logits. Multi-label: binary
// cross-entropy, the mean over all values, those of 1 times the weight of their class; otherwise
// cross-entropy with the class of each row, the mean weighted by it. weights [K], or undefined.
at::Tensor ClassificationLoss(const at::Tensor& logits, const at::Tensor& labels, bool multilabel,
                              const at::Tensor& weights = {});

struct SupervisedSpec {
  static constexpr const char* kName = "supervised";
  static constexpr ViewBounds kViews{1, kAnyNumber};
  int64_t classes = 0;
  bool multilabel = false;
  double dropout;
  std::vector<double> class_weights;  // [K]; empty: all classes count alike

  static auto Fields() {
    return std::tuple(OptionalField("classes", &SupervisedSpec::classes),
                      OptionalField("multilabel", &SupervisedSpec::multilabel),
                      Field("dropout", &SupervisedSpec::dropout),
                      OptionalField("classWeights", &SupervisedSpec::class_weights));
  }
  static auto Constants() { return std::tuple(Constant{"views", kViews}); }
};

class SupervisedObjective : public ObjectiveOf<SupervisedObjective> {
 public:
  // in: numbers of an embedding
  SupervisedObjective(SupervisedSpec spec, int64_t in, uint64_t seed);

  ObjectiveLoss Loss(const ObjectiveInput& input) override;
  // There is no projector: throws ERR_CONFIG.
  at::Tensor Project(const at::Tensor& embeddings) const override;
  ModuleTensors Tensors() override;

 private:
  at::Tensor Dropout(const at::Tensor& embeddings, const ObjectiveInput& input) const;

  SupervisedSpec spec_;
  uint64_t seed_;
  at::Tensor weight_, bias_;  // CLMR's fc: [K, E], [K]
  at::Tensor class_weights_;  // [K], or undefined
};

std::unique_ptr<Objective> Make(const SupervisedSpec& spec, const ObjectiveStart& start);

}  // namespace clmr
