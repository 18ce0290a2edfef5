// RandomResizedCrop of torchaudio-augmentations, which does not resize: a random start, both ends included,
// as Chain::DrawStarts draws it.
#include "augment/transform.h"

namespace clmr::augment {

const TransformType& kRandomCrop = *new TransformType{
    .name = "randomCrop",
    .parameters = {{.name = "start", .min = 0, .max = 0x1p53, .integer = true}},
    .draw = [](const TransformSpec&, const DrawContext& context, random::Stream&,
               AppliedTransform& drawn) { drawn.parameters["start"] = static_cast<double>(context.start); },
};

}  // namespace clmr::augment
