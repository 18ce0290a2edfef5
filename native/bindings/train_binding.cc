// NativeTrain of binding.ts.
#include "bindings/exports.h"

namespace clmr::bindings {

void ExportTrain(Napi::Object) {}

}  // namespace clmr::bindings
