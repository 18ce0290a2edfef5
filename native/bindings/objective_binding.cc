// NativeObjective of binding.ts.
#include <ATen/ops/from_blob.h>

#include <cmath>

#include "bindings/exports.h"
#include "bindings/function.h"
#include "device/device.h"
#include "objective/nt_xent.h"

namespace clmr::bindings {
namespace {

Promise<NtXentValue> NtXent(const Call& call, FloatSpan z, int64_t dim, int64_t views, double temperature,
                            std::string device_name, std::shared_ptr<AbortFlag> abort) {
  if (dim < 1 || z.size % dim != 0)
    throw Error("ERR_SHAPE", "expected z to hold whole rows of " + std::to_string(dim) +
                                 " values but it holds " + std::to_string(z.size));
  const c10::Device device = ResolveDeviceOfCall(device_name);
  return Async(call, abort, [=](const AbortFlag& abort) {
    const OnDevice here(device);
    const at::Tensor rows = at::from_blob(z.data, {z.size / dim, dim}, at::kFloat).to(device);
    NtXentValue value = NtXentLossAndGradient(rows, views, temperature, abort);
    value.gradient = value.gradient.to(at::kCPU);
    if (!std::isfinite(value.loss))
      throw Error("ERR_NON_FINITE",
                  "the projections hold NaN or infinity: the loss is " + std::to_string(value.loss));
    return value;
  });
}

}  // namespace

void ExportObjective(Napi::Object exports) {
  Export(exports, "ntXentLoss", NtXent, {"z", "dim", "views", "temperature", "device", "abort"});
}

}  // namespace clmr::bindings
