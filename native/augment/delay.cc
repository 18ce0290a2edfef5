// One echo, its time on a grid: min, min + step, … up to max, which is included (torchaudio-augmentations
// leaves it out, against its own description).
#include <cmath>

#include "augment/transform.h"
#include "kernels/augment/batched/batched.h"

namespace clmr::augment {
namespace {

// Cut down to whole samples, as the Python package does.
int64_t OffsetOf(const AppliedTransform& applied, double sample_rate) {
  return static_cast<int64_t>(NumberParameter(applied, "ms") * (sample_rate / 1000));
}

}  // namespace

const TransformType& kDelay = *new TransformType{
    .name = "delay",
    .options = {{"ms", OptionKind::range}, {"stepMs", OptionKind::number}, {"volume", OptionKind::number}},
    .parameters = {{.name = "ms", .min = 0, .max = 60000}, {.name = "volume", .min = 0, .max = 1}},
    .draw =
        [](const TransformSpec& spec, const DrawContext&, random::Stream& stream, AppliedTransform& drawn) {
          const auto [low, high] = RangeOption(spec, "ms");
          const double step = NumberOption(spec, "stepMs");
          const auto steps = static_cast<int64_t>(std::floor((high - low) / step + 1e-9));
          drawn.parameters["ms"] = low + step * static_cast<double>(stream.Integer(0, steps));
          drawn.parameters["volume"] = NumberOption(spec, "volume");
        },
    .fold =
        [](const AppliedTransform& applied, double sample_rate, kernels::PointwisePass& pass) {
          const auto volume = static_cast<float>(NumberParameter(applied, "volume"));
          return pass.Echo(OffsetOf(applied, sample_rate), volume);
        },
    .numbers = [](const AppliedTransform& applied, double sample_rate) -> std::optional<std::vector<double>> {
      return {{static_cast<double>(OffsetOf(applied, sample_rate)), NumberParameter(applied, "volume")}};
    },
    .batch =
        [](const at::Tensor& x, const BatchNumbers& numbers) {
          return kernels::batched::echo(x, numbers.Column(0), numbers.Column(1));
        },
};

}  // namespace clmr::augment
