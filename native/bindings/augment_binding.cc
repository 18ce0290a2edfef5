// NativeAugment of binding.ts.
#include "bindings/exports.h"

namespace clmr::bindings {

void ExportAugment(Napi::Object) {}

}  // namespace clmr::bindings
