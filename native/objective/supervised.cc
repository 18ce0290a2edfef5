#include "objective/supervised.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "model/initial_weights.h"
#include "objective/metrics.h"
#include "random/tensors.h"

namespace clmr {

at::Tensor ClassificationLoss(const at::Tensor& logits, const at::Tensor& labels, bool multilabel,
                              const at::Tensor& weights) {
  if (multilabel) return at::binary_cross_entropy_with_logits(logits, labels, {}, weights);
  return at::cross_entropy_loss(logits, labels.argmax(1), weights);
}

SupervisedObjective::SupervisedObjective(SupervisedSpec spec, int64_t in, uint64_t seed)
    : spec_(spec), seed_(seed) {
  if (spec.classes < 1) throw Error("ERR_CONFIG", "supervised training needs classes");
  weight_ = InitialWeights({spec.classes, in}, in, seed, WeightStream::classifier, 0, 0);
  bias_ = InitialWeights({spec.classes}, in, seed, WeightStream::classifier, 0, 1);
  if (!spec.class_weights.empty()) {
    if (static_cast<int64_t>(spec.class_weights.size()) != spec.classes)
      throw Error("ERR_CONFIG", "expected " + std::to_string(spec.classes) + " class weights, not " +
                                    std::to_string(spec.class_weights.size()));
    class_weights_ = at::tensor(spec.class_weights, at::kFloat);
  }
  weight_.requires_grad_(true);
  bias_.requires_grad_(true);
}

// embeddings [B·V, E], labels [B, K] → logits [B·V, K] → loss
ObjectiveLoss SupervisedObjective::Loss(const ObjectiveInput& input) {
  if (!input.labels.defined())
    throw Error("ERR_CONFIG", "supervised training needs the labels of the examples");
  if (input.labels.size(1) != spec_.classes)
    throw Error("ERR_SHAPE", "expected labels of " + std::to_string(spec_.classes) + " classes, not of " +
                                 std::to_string(input.labels.size(1)));
  const at::Tensor labels = input.labels.repeat_interleave(input.views, 0);
  const at::Tensor embeddings = input.training ? Dropout(input.embeddings, input) : input.embeddings;
  const at::Tensor logits = at::linear(embeddings, weight_, bias_);
  // no tensor of the state: it stays where it was made
  const at::Tensor weights = class_weights_.defined() ? class_weights_.to(logits.options()) : class_weights_;
  ObjectiveLoss result{ClassificationLoss(logits, labels, spec_.multilabel, weights), {}};
  if (!input.training) return result;
  at::NoGradGuard no_gradients;
  if (!spec_.multilabel) result.metrics.emplace_back("accuracy", Accuracy(logits, labels));
  if (const auto ranking = MacroRanking(logits, labels)) {
    result.metrics.emplace_back("rocAuc", ranking->roc_auc);
    result.metrics.emplace_back("prAuc", ranking->average_precision);
  }
  return result;
}

// Each value is left out with the chance of `dropout`, the others grow to make up for it.
at::Tensor SupervisedObjective::Dropout(const at::Tensor& embeddings, const ObjectiveInput& input) const {
  if (spec_.dropout == 0) return embeddings;
  const at::Tensor drawn = random::UniformRows(embeddings.size(0), embeddings.size(1), seed_,
                                               random::Purpose::dropout, input.step, input.first_row);
  const at::Tensor kept = (drawn >= spec_.dropout).to(at::kDouble) / (1 - spec_.dropout);
  return embeddings * kept.to(embeddings.options());
}

at::Tensor SupervisedObjective::Project(const at::Tensor&) const {
  throw Error("ERR_CONFIG", "supervised training has no projector");
}

ModuleTensors SupervisedObjective::Tensors() {
  return {{"head.0.weight", &weight_, Role::learned}, {"head.0.bias", &bias_, Role::learned}};
}

std::unique_ptr<Objective> Make(const SupervisedSpec& spec, const ObjectiveStart& start) {
  return std::make_unique<SupervisedObjective>(spec, start.encoder.EmbeddingSize(), start.seed);
}

}  // namespace clmr
