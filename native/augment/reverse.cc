// The clip backwards.
#include "augment/transform.h"

namespace clmr::augment {

const TransformType& kReverse = *new TransformType{
    .name = "reverse",
    .fold = [](const AppliedTransform&, double, kernels::PointwisePass& pass) { return pass.Reverse(); },
    .numbers = [](const AppliedTransform&, double) -> std::optional<std::vector<double>> {
      return std::vector<double>();
    },
    .batch = [](const at::Tensor& x, const BatchNumbers&) { return x.flip(1); },
};

}  // namespace clmr::augment
