// x → 10^(dB/20) · x
#include <cmath>

#include "augment/transform.h"

namespace clmr::augment {

const TransformType kGain{
    .name = "gain",
    .options = {"db"},
    .parameters = {{.name = "db", .min = -120, .max = 60}},
    .draw = [](const TransformSpec& spec, const DrawContext&, random::Stream& stream,
               AppliedTransform& drawn) { drawn.parameters["db"] = DrawUniform(spec, "db", stream); },
    .apply =
        [](const AppliedTransform& applied, Row& row) {
          const double factor = std::pow(10.0, NumberParameter(applied, "db") / 20);
          kernels::reference::scale_f32(row.samples, row.n, static_cast<float>(factor));
        },
};

}  // namespace clmr::augment
