// x → 10^(dB/20) · x
#include <cmath>

#include "augment/transform.h"
#include "kernels/augment/batched/batched.h"

namespace clmr::augment {
namespace {

float FactorOf(const AppliedTransform& applied) {
  return static_cast<float>(std::pow(10.0, NumberParameter(applied, "db") / 20));
}

}  // namespace

const TransformType& kGain = *new TransformType{
    .name = "gain",
    .options = {{"db", OptionKind::range}},
    .parameters = {{.name = "db", .min = -120, .max = 60}},
    .draw = [](const TransformSpec& spec, const DrawContext&, random::Stream& stream,
               AppliedTransform& drawn) { drawn.parameters["db"] = DrawUniform(spec, "db", stream); },
    .fold = [](const AppliedTransform& applied, double,
               kernels::PointwisePass& pass) { return pass.Scale(FactorOf(applied)); },
    .numbers = [](const AppliedTransform& applied, double) -> std::optional<std::vector<double>> {
      return {{FactorOf(applied)}};
    },
    .batch = [](const at::Tensor& x,
                const BatchNumbers& numbers) { return kernels::batched::scale(x, numbers.Column(0)); },
};

}  // namespace clmr::augment
