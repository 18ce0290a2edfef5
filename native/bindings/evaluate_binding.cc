// NativeEvaluate of binding.ts.
#include "bindings/exports.h"

namespace clmr::bindings {

void ExportEvaluate(Napi::Object) {}

}  // namespace clmr::bindings
