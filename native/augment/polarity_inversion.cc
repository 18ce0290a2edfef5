// x → −x
#include "augment/transform.h"

namespace clmr::augment {

const TransformType& kPolarityInversion = *new TransformType{
    .name = "polarityInversion",
    .options = {},
    .parameters = {},
    .draw = [](const TransformSpec&, const DrawContext&, random::Stream&, AppliedTransform&) {},
    .fold = [](const AppliedTransform&, double, kernels::PointwisePass& pass) { return pass.Scale(-1.0f); },
};

}  // namespace clmr::augment
