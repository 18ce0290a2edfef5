// NativeLoss of binding.ts.
#include "bindings/exports.h"

namespace clmr::bindings {

void ExportLoss(Napi::Object) {}

}  // namespace clmr::bindings
