// NativeObjective of binding.ts.
#include <ATen/ops/from_blob.h>

#include <cmath>

#include "bindings/exports.h"
#include "bindings/function.h"
#include "objective/nt_xent.h"

namespace clmr::bindings {
namespace {

Promise<NtXentValue> NtXent(const Call& call, FloatSpan z, int64_t dim, int64_t views, double temperature,
                            std::shared_ptr<AbortFlag> abort) {
  if (dim < 1 || z.size % dim != 0)
    throw Error("ERR_SHAPE", "expected z to hold whole rows of " + std::to_string(dim) +
                                 " values but it holds " + std::to_string(z.size));
  return Async(call, abort, [=](const AbortFlag& abort) {
    NtXentValue value = NtXentLossAndGradient(at::from_blob(z.data, {z.size / dim, dim}, at::kFloat), views,
                                              temperature, abort);
    if (!std::isfinite(value.loss))
      throw Error("ERR_NON_FINITE",
                  "the projections hold NaN or infinity: the loss is " + std::to_string(value.loss));
    return value;
  });
}

}  // namespace

void ExportObjective(Napi::Object exports) {
  Export(exports, "ntXentLoss", NtXent, {"z", "dim", "views", "temperature", "abort"});
}

}  // namespace clmr::bindings
