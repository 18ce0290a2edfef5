// NativeCache of binding.ts.
#include "bindings/exports.h"

namespace clmr::bindings {

void ExportCache(Napi::Object) {}

}  // namespace clmr::bindings
