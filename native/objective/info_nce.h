#pragma once
// Momentum contrast (He et al., "Momentum contrast for unsupervised visual representation learning", 2020;
// with MoCo v2's projector and temperature, Chen et al., 2020): the first view of an example asks, the second
// one is its key, made by an encoder that follows slowly. Negatives are the keys of earlier batches. The loss
// is InfoNCE (van den Oord, Li & Vinyals, "Representation learning with contrastive predictive coding",
// 2018): −log exp(q·k⁺/τ) / (exp(q·k⁺/τ) + Σ exp(q·k⁻/τ)).
#include "model/projector.h"
#include "objective/objective.h"

namespace clmr {

struct InfoNceValue {
  at::Tensor loss;  // scalar, the mean over queries; differentiable in them
  double accuracy;  // share of the queries that are closer to their own key than to all of the queue
};

// Rows of length 1: queries [B, D], keys [B, D] (query i belongs to key i), queue [K, D].
InfoNceValue InfoNce(const at::Tensor& queries, const at::Tensor& keys, const at::Tensor& queue,
                     double temperature);

struct InfoNceSpec {
  static constexpr const char* kName = "infoNce";
  static constexpr ViewBounds kViews{2, 2};
  double temperature, momentum;
  int64_t queue;

  static auto Fields() {
    return std::tuple(Field("temperature", &InfoNceSpec::temperature),
                      Field("momentum", &InfoNceSpec::momentum), Field("queue", &InfoNceSpec::queue));
  }
  static auto Constants() { return std::tuple(Constant{"views", kViews}); }
};

class InfoNceObjective : public ObjectiveOf<InfoNceObjective> {
 public:
  // The queue starts as random directions, as MoCo's.
  InfoNceObjective(InfoNceSpec spec, const SampleCnn& encoder, Projector projector, uint64_t seed);

  ViewRange OnlineViews(int64_t) const override { return {0, 1}; }
  const SampleCnn* TargetEncoder() const override { return &target_encoder_; }
  ViewRange TargetViews(int64_t) const override { return {1, 1}; }
  ObjectiveLoss Loss(const ObjectiveInput& input) override;
  void AfterUpdate(const SampleCnn& encoder, int64_t step) override;
  at::Tensor Project(const at::Tensor& embeddings) const override;
  ModuleTensors Tensors() override;

 protected:
  void CheckState() const override;

 private:
  void Enqueue(const at::Tensor& keys);
  int64_t QueueNext() const;

  InfoNceSpec spec_;
  Projector projector_;
  SampleCnn target_encoder_;
  Projector target_projector_;
  at::Tensor queue_;                  // [K, D], rows of length 1: a ring
  at::Tensor queue_next_;             // scalar, float: the row that the next key takes
  std::vector<at::Tensor> new_keys_;  // of the batches of this step
};

std::unique_ptr<Objective> Make(const InfoNceSpec& spec, const ObjectiveStart& start);

}  // namespace clmr
