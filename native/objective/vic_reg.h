#pragma once
// VICReg (Bardes, Ponce & LeCun, "VICReg: Variance-Invariance-Covariance Regularization for Self-Supervised
// Learning", ICLR 2022): the projections of two views of an example are the same, every dimension keeps its
// spread over the batch, and no two dimensions tell the same. No negatives and no second network.
#include "model/mlp_head.h"
#include "objective/objective.h"

namespace clmr {

struct VicRegSpec {
  static constexpr const char* kName = "vicReg";
  static constexpr ViewBounds kViews{2, 2};
  double invariance, variance, covariance;  // weights of the three terms
  double gamma;                             // the standard deviation that is asked for

  static auto Fields() {
    return std::tuple(Field("invariance", &VicRegSpec::invariance), Field("variance", &VicRegSpec::variance),
                      Field("covariance", &VicRegSpec::covariance), Field("gamma", &VicRegSpec::gamma));
  }
  static auto Constants() { return std::tuple(Constant{"views", kViews}); }
};

// Of a = z[0::2] and b = z[1::2], each [B, D], B ≥ 2; every term a scalar that is differentiable in z:
//   invariance = mean of (a − b)²
//   variance   = ½ Σ over a, b of the mean over dimensions of max(0, γ − √(Var + 1e-4)),  Var over B − 1
//   covariance = Σ over a, b of  Σ_{i≠j} C_ij² / D,  C the covariance matrix over B − 1
struct VicRegTerms {
  at::Tensor invariance, variance, covariance;
};
// z [B·2, D], row = example·2 + view
VicRegTerms VicReg(const at::Tensor& z, double gamma);

class VicRegObjective : public ObjectiveOf<VicRegObjective> {
 public:
  // in: numbers of an embedding
  VicRegObjective(VicRegSpec spec, int64_t in, ProjectionSpec projection, uint64_t seed);

  ObjectiveLoss Loss(const ObjectiveInput& input) override;
  at::Tensor Project(const at::Tensor& embeddings) const override;
  ModuleTensors Tensors() override;

 private:
  VicRegSpec spec_;
  MlpHead expander_;
};

std::unique_ptr<Objective> Make(const VicRegSpec& spec, const ObjectiveStart& start);

}  // namespace clmr
