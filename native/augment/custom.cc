// The place of a transform that is written in JavaScript: drawn here like the others, applied by the facade,
// which cuts the chain at it.
#include "augment/transform.h"

namespace clmr::augment {

const TransformType& kCustom = *new TransformType{
    .name = "custom",
    .options = {{"title", OptionKind::word}},
    .draw =
        [](const TransformSpec& spec, const DrawContext&, random::Stream& stream, AppliedTransform& drawn) {
          drawn.parameters["title"] = WordOption(spec, "title");
          drawn.parameters["seed"] = static_cast<double>(stream.Integer(0, (int64_t{1} << 53) - 1));
        },
};

}  // namespace clmr::augment
