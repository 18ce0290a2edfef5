// NativeRuntime of binding.ts: what is there, threads, abort flags, disposal, memory for clips.
#include <ATen/Version.h>
#include <ATen/ops/zeros.h>
#include <torch/version.h>

#include <random>

#include "bindings/abort_flag.h"
#include "bindings/async_work.h"
#include "bindings/convert.h"
#include "bindings/exports.h"
#include "bindings/guard.h"
#include "bindings/handle.h"
#include "bindings/shutdown.h"
#include "kernels/cuda.h"
#include "kernels/dispatch.h"
#include "memory/workspace_allocator.h"
#include "model/device.h"

namespace clmr::bindings {

napi_type_tag MakeTypeTag() {
  std::random_device random;
  const auto word = [&random] { return (static_cast<uint64_t>(random()) << 32) | random(); };
  return {word(), word()};
}

namespace {

Napi::Value Info(const Napi::CallbackInfo& info) {
  auto result = Napi::Object::New(info.Env());
  result.Set("libtorchVersion", TORCH_VERSION);
  result.Set("cpuCapability", at::get_cpu_capability());
  result.Set("kernels", kernels::InstructionSet());
  result.Set("threads", ThreadCount());
  result.Set("cudaDevices", CudaDevices());
  result.Set("cudaKernels", kernels::Cuda() != nullptr);
  return result;
}

}  // namespace

void ExportRuntime(Napi::Object exports) {
  memory::InstallWorkspaceAllocator();
  Export(exports, "info", Info);
  Export(exports, "useCuda", [](const Napi::CallbackInfo& info) -> Napi::Value {
    if (!info[0].IsExternal()) throw Error("ERR_ARGUMENT", "expected the kernels of the CUDA plug-in");
    kernels::UseCuda(info[0].As<Napi::External<const kernels::CudaKernels>>().Data());
    return info.Env().Undefined();
  });
  Export(exports, "setThreads", [](const Napi::CallbackInfo& info) -> Napi::Value {
    const int64_t threads = ToInteger(info[0], "threads");
    if (threads < 1 || threads > 1024) throw Error("ERR_ARGUMENT", "expected 1 to 1024 threads");
    SetThreadCount(static_cast<int>(threads));
    return info.Env().Undefined();
  });
  Export(exports, "defaultThreads", [](const Napi::CallbackInfo& info) -> Napi::Value {
    const int64_t threads = ToInteger(info[0], "threads");
    if (threads < 1 || threads > 1024) throw Error("ERR_ARGUMENT", "expected 1 to 1024 threads");
    DefaultThreadCount(static_cast<int>(threads));
    return info.Env().Undefined();
  });
  Export(exports, "getThreads", [](const Napi::CallbackInfo& info) -> Napi::Value {
    return Napi::Number::New(info.Env(), ThreadCount());
  });
  Export(exports, "exitHandler", ExitHandler);
  Export(exports, "createAbortFlag",
         [](const Napi::CallbackInfo& info) { return AbortFlagObject::New(info.Env()); });
  Export(exports, "allocate", [](const Napi::CallbackInfo& info) {
    return ToFloat32Array(info.Env(), at::zeros({ToInteger(info[0], "length")}, at::kFloat));
  });
  Export(exports, "dispose", [](const Napi::CallbackInfo& info) -> Napi::Value {
    if (!DisposeAnyHandle(info[0])) throw Error("ERR_ARGUMENT", "not a handle");
    return info.Env().Undefined();
  });
  Export(exports, "isDisposed", [](const Napi::CallbackInfo& info) -> Napi::Value {
    const int state = StateOfAnyHandle(info[0]);
    if (state < 0) throw Error("ERR_ARGUMENT", "not a handle");
    return Napi::Boolean::New(info.Env(), state == 1);
  });
}

}  // namespace clmr::bindings
