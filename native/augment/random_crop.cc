// RandomResizedCrop of torchaudio-augmentations, which does not resize: a random start, both ends included.
#include "augment/transform.h"

namespace clmr::augment {

const TransformType& kRandomCrop = *new TransformType{
    .name = "randomCrop",
    .options = {},
    .parameters = {{.name = "start", .min = 0, .max = 0x1p53, .integer = true}},
    .draw =
        [](const TransformSpec&, const DrawContext& context, random::Stream& stream,
           AppliedTransform& drawn) {
          drawn.parameters["start"] =
              static_cast<double>(stream.Integer(0, context.length - context.clip_length));
        },
};

}  // namespace clmr::augment
