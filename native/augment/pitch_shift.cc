// Pitch by whole cents, duration kept: stretch the time (WSOLA), then resample back, as sox's `pitch`.
#include <cmath>

#include "augment/transform.h"
#include "kernels/augment/batched/batched.h"

namespace clmr::augment {
namespace {

// sox hands its stretch factor on as text of six significant digits.
double ToSixDigits(double value) {
  const double scale = std::pow(10.0, 5 - std::floor(std::log10(value)));
  return std::nearbyint(value * scale) / scale;
}

// Of the duration; none where the pitch stays.
std::optional<double> FactorOf(const AppliedTransform& applied) {
  const double cents = NumberParameter(applied, "cents");
  if (cents == 0) return std::nullopt;
  return ToSixDigits(1 / std::pow(2.0, cents / 1200));
}

void ShiftPitch(const AppliedTransform& applied, Row& row) {
  if (const auto factor = FactorOf(applied))
    kernels::pitch_shift_f32(row.samples, row.n, row.sample_rate, *factor, row.scratch);
}

}  // namespace

const TransformType& kPitchShift = *new TransformType{
    .name = "pitchShift",
    .options = {{"cents", OptionKind::range}},
    .parameters = {{.name = "cents", .min = -1200, .max = 1200, .integer = true}},
    .draw = [](const TransformSpec& spec, const DrawContext&, random::Stream& stream,
               AppliedTransform& drawn) { drawn.parameters["cents"] = DrawInteger(spec, "cents", stream); },
    .apply = ShiftPitch,
    .numbers = [](const AppliedTransform& applied, double) -> std::optional<std::vector<double>> {
      if (const auto factor = FactorOf(applied)) return {{*factor}};
      return std::nullopt;
    },
    .batch =
        [](const at::Tensor& x, const BatchNumbers& numbers) {
          return kernels::batched::pitch_shift(x, numbers.sample_rate, numbers.host[0], numbers.Column(0));
        },
};

}  // namespace clmr::augment
