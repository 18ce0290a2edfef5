// The export table, in the order of the data flow. lib/native/binding.ts is its other side.
#include "bindings/exports.h"

#include "bindings/async_work.h"
#include "bindings/guard.h"
#include "bindings/shutdown.h"
#include "kernels/dispatch.h"

namespace {

using namespace clmr::bindings;

// What the environment asks for is looked at before anything runs.
void CheckEnvironment(Napi::Env env) {
  try {
    clmr::kernels::ActiveChoice();
  } catch (...) {
    throw ToJsError(env, std::current_exception());
  }
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  CheckEnvironment(env);
  InstallExitHandler();
  InitAsync(env);
  ExportRuntime(exports);
  ExportAudio(exports);
  ExportCache(exports);
  ExportAugment(exports);
  ExportModel(exports);
  ExportObjective(exports);
  ExportTrain(exports);
  ExportEvaluate(exports);
  return exports;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) napi_value clmr_napi_init(napi_env env,
                                                                            napi_value exports) {
  return Napi::RegisterModule(env, exports, Init);
}
