#pragma once
// NT-Xent on SimCLR's projections: all views of an example attract each other, all other rows of the batch
// repel (Chen et al., "A simple framework for contrastive learning of visual representations", 2020).
// z [N, D], rows grouped by example (row = example·V + view):
//   loss = mean over anchors i and their positives j of  −sim(i,j)/τ + log Σ_{k≠i} exp(sim(i,k)/τ)
// where sim is the cosine.
#include "kernels/nt_xent/nt_xent.h"
#include "model/projector.h"
#include "objective/objective.h"

namespace clmr {

// temperature: τ, a scalar. Scalar of float64, differentiable in z (of any float dtype, its gradient in the
// same) and in τ. The fused kernel where it serves, otherwise the plain one, whose memory grows as N². Throws
// ERR_SHAPE or ERR_ARGUMENT (τ ≤ 0, V < 2, N not a multiple of V), ABORT.
at::Tensor NtXentLoss(const at::Tensor& z, int64_t views, const at::Tensor& temperature,
                      const AbortFlag& abort);

using kernels::NtXentValue;
// The same with its gradients at once, without a graph.
NtXentValue NtXentLossAndGradient(const at::Tensor& z, int64_t views, double temperature,
                                  const AbortFlag& abort);

struct NtXentSpec {
  static constexpr const char* kName = "ntXent";
  static constexpr ViewBounds kViews{2, kAnyNumber};
  double temperature;
  bool learn_temperature = false;

  static auto Fields() {
    return std::tuple(Field("temperature", &NtXentSpec::temperature),
                      OptionalField("learnTemperature", &NtXentSpec::learn_temperature));
  }
  static auto Constants() { return std::tuple(Constant{"views", kViews}); }
};

class NtXentObjective : public ObjectiveOf<NtXentObjective> {
 public:
  NtXentObjective(NtXentSpec spec, Projector projector);

  ObjectiveLoss Loss(const ObjectiveInput& input) override;
  void AfterUpdate(const SampleCnn& encoder, int64_t step) override;
  at::Tensor Project(const at::Tensor& embeddings) const override;
  ModuleTensors Tensors() override;

 private:
  at::Tensor Temperature() const;  // scalar, float64

  NtXentSpec spec_;
  Projector projector_;
  at::Tensor log_temperature_;  // scalar, float; where τ is learned
};

std::unique_ptr<Objective> Make(const NtXentSpec& spec, const ObjectiveStart& start);

}  // namespace clmr
