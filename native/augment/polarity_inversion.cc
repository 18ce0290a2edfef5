// x → −x
#include "augment/transform.h"

namespace clmr::augment {

const TransformType kPolarityInversion{
    .name = "polarityInversion",
    .options = {},
    .parameters = {},
    .draw = [](const TransformSpec&, const DrawContext&, random::Stream&, AppliedTransform&) {},
    .apply = [](const AppliedTransform&, Row& row) { kernels::reference::scale_f32(row.samples, row.n, -1.0f); },
};

}  // namespace clmr::augment
