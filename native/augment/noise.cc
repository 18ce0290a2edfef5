// White normal noise. `ratio` is std(noise) / std(clip): drawn from a range of ratios, or from a range of
// signal-to-noise ratios in dB. (torchaudio-augmentations calls the bounds of the first one min_snr and
// max_snr, though they are noise over signal.)
#include <cmath>

#include "augment/transform.h"
#include "kernels/augment/batched/batched.h"

namespace clmr::augment {

const TransformType& kNoise = *new TransformType{
    .name = "noise",
    .options = {{"ratio", OptionKind::range}, {"snrDb", OptionKind::range}},
    .parameters = {{.name = "ratio", .min = 0, .max = 1e6},
                   {.name = "seed", .min = 0, .max = 0x1p53, .integer = true}},
    .draw =
        [](const TransformSpec& spec, const DrawContext&, random::Stream& stream, AppliedTransform& drawn) {
          drawn.parameters["ratio"] = HasOption(spec, "snrDb")
                                          ? std::pow(10.0, -DrawUniform(spec, "snrDb", stream) / 20)
                                          : DrawUniform(spec, "ratio", stream);
          drawn.parameters["seed"] = static_cast<double>(stream.Integer(0, (int64_t{1} << 53) - 1));
        },
    .fold =
        [](const AppliedTransform& applied, double, kernels::PointwisePass& pass) {
          const auto seed = static_cast<uint64_t>(NumberParameter(applied, "seed"));
          return pass.Noise(NumberParameter(applied, "ratio"), seed);
        },
    .numbers = [](const AppliedTransform& applied, double) -> std::optional<std::vector<double>> {
      return {{NumberParameter(applied, "ratio"), NumberParameter(applied, "seed")}};
    },
    .batch =
        [](const at::Tensor& x, const BatchNumbers& numbers) {
          return kernels::batched::add_noise(x, numbers.Column(0), numbers.Column(1));
        },
};

}  // namespace clmr::augment
