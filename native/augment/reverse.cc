// The clip backwards.
#include "augment/transform.h"

namespace clmr::augment {

const TransformType& kReverse = *new TransformType{
    .name = "reverse",
    .options = {},
    .parameters = {},
    .draw = [](const TransformSpec&, const DrawContext&, random::Stream&, AppliedTransform&) {},
    .apply = [](const AppliedTransform&, Row& row) { kernels::reverse_f32(row.samples, row.n); },
    .numbers = [](const AppliedTransform&, double) -> std::optional<std::vector<double>> {
      return std::vector<double>();
    },
    .batch = [](const at::Tensor& x, const BatchNumbers&) { return x.flip(1); },
};

}  // namespace clmr::augment
