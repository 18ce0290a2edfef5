// Pitch by whole cents, duration kept: stretch the time (WSOLA), then resample back, as sox's `pitch`.
#include <cmath>

#include "augment/transform.h"

namespace clmr::augment {
namespace {

// sox hands its stretch factor on as text of six significant digits.
double ToSixDigits(double value) {
  const double scale = std::pow(10.0, 5 - std::floor(std::log10(value)));
  return std::nearbyint(value * scale) / scale;
}

bool AllFinite(const float* x, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    if (!std::isfinite(x[i])) return false;
  return true;
}

void ShiftPitch(const AppliedTransform& applied, Row& row) {
  using namespace kernels::reference;
  const double cents = NumberParameter(applied, "cents");
  if (cents == 0) return;
  const double factor = ToSixDigits(1 / std::pow(2.0, cents / 1200));
  Scratch& scratch = row.scratch;
  scratch.input.assign(row.samples, row.samples + row.n);
  for (int64_t i = 0; i < row.n; ++i) row.samples[i] = clip_to_full_scale(row.samples[i]);
  wsola_f32(row.samples, row.n, row.sample_rate, factor, scratch.wsola, scratch.stretched);
  resample_f32(scratch.stretched, 1 / factor, row.samples, row.n, scratch.resample);
  if (!AllFinite(row.samples, row.n)) {
    std::copy(scratch.input.begin(), scratch.input.end(), row.samples);
    return;
  }
  for (int64_t i = 0; i < row.n; ++i) row.samples[i] = clip_to_full_scale(row.samples[i]);
}

}  // namespace

const TransformType kPitchShift{
    .name = "pitchShift",
    .options = {"cents"},
    .parameters = {{.name = "cents", .min = -1200, .max = 1200, .integer = true}},
    .draw = [](const TransformSpec& spec, const DrawContext&, random::Stream& stream,
               AppliedTransform& drawn) { drawn.parameters["cents"] = DrawInteger(spec, "cents", stream); },
    .apply = ShiftPitch,
};

}  // namespace clmr::augment
