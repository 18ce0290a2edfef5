// Low-pass, high-pass, and one of the two, as julius filters: see sinc_filter_f32.
#include "augment/transform.h"
#include "kernels/augment/batched/batched.h"

namespace clmr::augment {
namespace {

constexpr double kLowestCutoff = 10, kHighestCutoff = 500000;

bool IsHighPass(const AppliedTransform& applied) { return WordParameter(applied, "filter") == "highPass"; }

void Filter(const AppliedTransform& applied, Row& row, bool high_pass) {
  kernels::sinc_filter_f32(row.samples, row.n, NumberParameter(applied, "cutoff") / row.sample_rate,
                           high_pass, row.scratch);
}

std::vector<double> NumbersOf(const AppliedTransform& applied, double sample_rate, bool high_pass) {
  return {NumberParameter(applied, "cutoff") / sample_rate, high_pass ? 1.0 : 0.0};
}

at::Tensor FilterBatch(const at::Tensor& x, const BatchNumbers& numbers) {
  return kernels::batched::sinc_filter(x, numbers.host[0], numbers.Column(0), numbers.Column(1));
}

void DrawCutoff(const TransformSpec& spec, const DrawContext&, random::Stream& stream,
                AppliedTransform& drawn) {
  drawn.parameters["cutoff"] = DrawUniform(spec, "cutoff", stream);
}

template <bool high_pass>
TransformType FilterOf(const char* name) {
  return {
      .name = name,
      .options = {{"cutoff", OptionKind::range}},
      .parameters = {{.name = "cutoff", .min = kLowestCutoff, .max = kHighestCutoff}},
      .draw = DrawCutoff,
      .apply = [](const AppliedTransform& applied, Row& row) { Filter(applied, row, high_pass); },
      .numbers = [](const AppliedTransform& applied, double sample_rate)
          -> std::optional<std::vector<double>> { return NumbersOf(applied, sample_rate, high_pass); },
      .batch = FilterBatch,
  };
}

}  // namespace

const TransformType& kLowPass = *new TransformType(FilterOf<false>("lowPass"));
const TransformType& kHighPass = *new TransformType(FilterOf<true>("highPass"));

const TransformType& kHighLowPass = *new TransformType{
    .name = "highLowPass",
    .options = {{"lowPass", OptionKind::range}, {"highPass", OptionKind::range}},
    .parameters = {{.name = "filter", .words = {"lowPass", "highPass"}},
                   {.name = "cutoff", .min = kLowestCutoff, .max = kHighestCutoff}},
    .draw =
        [](const TransformSpec& spec, const DrawContext&, random::Stream& stream, AppliedTransform& drawn) {
          const char* filter = stream.Integer(0, 1) == 0 ? "highPass" : "lowPass";
          drawn.parameters["filter"] = std::string(filter);
          drawn.parameters["cutoff"] = DrawUniform(spec, filter, stream);
        },
    .apply = [](const AppliedTransform& applied, Row& row) { Filter(applied, row, IsHighPass(applied)); },
    .numbers = [](const AppliedTransform& applied, double sample_rate) -> std::optional<std::vector<double>> {
      return NumbersOf(applied, sample_rate, IsHighPass(applied));
    },
    .batch = FilterBatch,
};

}  // namespace clmr::augment
