// x → −x
#include "augment/transform.h"
#include "kernels/augment/batched/batched.h"

namespace clmr::augment {

const TransformType& kPolarityInversion = *new TransformType{
    .name = "polarityInversion",
    .fold = [](const AppliedTransform&, double, kernels::PointwisePass& pass) { return pass.Scale(-1.0f); },
    .numbers = [](const AppliedTransform&, double) -> std::optional<std::vector<double>> { return {{-1}}; },
    .batch = [](const at::Tensor& x,
                const BatchNumbers& numbers) { return kernels::batched::scale(x, numbers.Column(0)); },
};

}  // namespace clmr::augment
