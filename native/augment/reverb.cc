// Freeverb as sox's `reverb`, mixed down to mono: see reverb_f32.
#include "augment/flush_denormals.h"
#include "augment/transform.h"
#include "kernels/augment/batched/batched.h"

namespace clmr::augment {
namespace {

kernels::ReverbParameters ParametersOf(const AppliedTransform& applied) {
  return {.reverberance = NumberParameter(applied, "reverberance"),
          .damping = NumberParameter(applied, "damping"),
          .room_size = NumberParameter(applied, "roomSize")};
}

}  // namespace

const TransformType& kReverb = *new TransformType{
    .name = "reverb",
    .options = {{"reverberance", OptionKind::range},
                {"damping", OptionKind::range},
                {"roomSize", OptionKind::range}},
    .parameters = {{.name = "reverberance", .min = 0, .max = 100},
                   {.name = "damping", .min = 0, .max = 100},
                   {.name = "roomSize", .min = 0, .max = 100}},
    .draw =
        [](const TransformSpec& spec, const DrawContext&, random::Stream& stream, AppliedTransform& drawn) {
          for (const char* name : {"reverberance", "damping", "roomSize"})
            drawn.parameters[name] = DrawInteger(spec, name, stream);
        },
    .apply =
        [](const AppliedTransform& applied, Row& row) {
          const FlushDenormals flush;  // its tail decays into numbers that are slow to add
          kernels::reverb_f32(row.samples, row.n, row.sample_rate, ParametersOf(applied), row.scratch);
        },
    .numbers = [](const AppliedTransform& applied, double sample_rate) -> std::optional<std::vector<double>> {
      return kernels::batched::reverb_numbers(sample_rate, ParametersOf(applied));
    },
    .batch =
        [](const at::Tensor& x, const BatchNumbers& numbers) {
          return kernels::batched::reverb(x, numbers.sample_rate, numbers.there);
        },
};

}  // namespace clmr::augment
