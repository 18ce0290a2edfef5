// NativeObjective of binding.ts.
#include <ATen/Functions.h>

#include <cmath>

#include "bindings/async_work.h"
#include "bindings/convert.h"
#include "bindings/exports.h"
#include "bindings/guard.h"
#include "objective/nt_xent.h"

namespace clmr::bindings {
namespace {

// ntXentLoss(z, dim, views, temperature, abort)
Napi::Value NtXent(const Napi::CallbackInfo& info) {
  const FloatSpan z = ToFloats(info[0], "z");
  const int64_t dim = ToInteger(info[1], "dim"), views = ToInteger(info[2], "views");
  const double temperature = ToNumber(info[3], "temperature");
  if (dim < 1 || z.size % dim != 0)
    throw Error("ERR_SHAPE", "expected z to hold whole rows of " + std::to_string(dim) +
                                 " values but it holds " + std::to_string(z.size));
  return RunAsync(info.Env(), ToAbortFlag(info[4]), {info[0]}, [=](const AbortFlag& abort) -> Finish {
    auto result = NtXentLossAndGradient(at::from_blob(z.data, {z.size / dim, dim}, at::kFloat), views,
                                        temperature, abort);
    if (!std::isfinite(result.loss))
      throw Error("ERR_NON_FINITE",
                  "the projections hold NaN or infinity: the loss is " + std::to_string(result.loss));
    return [result](Napi::Env env) -> Napi::Value {
      auto js = Napi::Object::New(env);
      js.Set("loss", result.loss);
      js.Set("gradient", ToFloat32Array(env, result.gradient));
      js.Set("temperatureGradient", result.temperature_gradient);
      return js;
    };
  });
}

}  // namespace

void ExportObjective(Napi::Object exports) { Export(exports, "ntXentLoss", NtXent); }

}  // namespace clmr::bindings
