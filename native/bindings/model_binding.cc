// NativeModel of binding.ts.
#include "bindings/exports.h"

namespace clmr::bindings {

void ExportModel(Napi::Object) {}

}  // namespace clmr::bindings
