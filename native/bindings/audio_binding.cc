// NativeAudio of binding.ts.
#include "bindings/exports.h"

namespace clmr::bindings {

void ExportAudio(Napi::Object) {}

}  // namespace clmr::bindings
