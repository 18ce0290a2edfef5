// NativeRuntime of binding.ts: what is there, threads, abort flags, disposal, memory for clips.
#include <ATen/Version.h>
#include <ATen/ops/zeros.h>
#include <torch/version.h>

#include <optional>
#include <random>
#include <string>

#include "bindings/exports.h"
#include "bindings/function.h"
#include "bindings/shutdown.h"
#include "device/device.h"
#include "kernels/cuda.h"
#include "kernels/dispatch.h"
#include "memory/workspace_allocator.h"
#include "model/architecture.h"
#include "model/log_mel.h"
#include "optim/optimizer.h"
#include "train/batch.h"

namespace clmr::bindings {

napi_type_tag MakeTypeTag() {
  std::random_device random;
  const auto word = [&random] { return (static_cast<uint64_t>(random()) << 32) | random(); };
  return {word(), word()};
}

// The table of the CUDA plug-in, an address.
template <>
struct Js<const kernels::CudaKernels*> {
  static const kernels::CudaKernels* Read(Napi::Value js, const char*) {
    if (!js.IsExternal()) throw Error("ERR_ARGUMENT", "expected the kernels of the CUDA plug-in");
    return js.As<Napi::External<const kernels::CudaKernels>>().Data();
  }
  static Napi::Value Describe(Napi::Env env) { return Text(env, "CudaKernels"); }
};

struct StopRunning {
  static constexpr const char* kType = "((code: number) => void) | undefined";
  Napi::Value js;
};

namespace {

struct RuntimeInfo {
  static constexpr const char* kName = "RuntimeInfo";
  std::string libtorch_version, cpu_capability, instruction_set;
  int64_t threads = 0, cuda_devices = 0;
  bool cuda_kernels = false;

  static auto Fields() {
    return std::tuple(
        Field("libtorchVersion", &RuntimeInfo::libtorch_version),
        Field("cpuCapability", &RuntimeInfo::cpu_capability),
        Field("instructionSet", &RuntimeInfo::instruction_set), Field("threads", &RuntimeInfo::threads),
        Field("cudaDevices", &RuntimeInfo::cuda_devices), Field("cudaKernels", &RuntimeInfo::cuda_kernels));
  }
};

RuntimeInfo Info(const Call&) {
  return {
      TORCH_VERSION, at::get_cpu_capability(),  kernels::NameOf(kernels::ActiveChoice().isa), ThreadCount(),
      CudaDevices(), kernels::Cuda() != nullptr};
}

// What lib/ states too, without handing it over.
struct Constants {
  static constexpr const char* kName = "NativeConstants";
  Architecture clmr = ClmrArchitecture();
  double sample_rate = kSampleRate;
  int64_t log_mel_size = kLogMelSize;
  int64_t least_batch = kLeastBatch;
  AdamSpec adam;

  static auto Fields() {
    return std::tuple(Field("clmr", &Constants::clmr), Field("sampleRate", &Constants::sample_rate),
                      Field("logMelSize", &Constants::log_mel_size),
                      Field("leastBatch", &Constants::least_batch), Field("adam", &Constants::adam));
  }
};

Constants AllConstants(const Call&) { return {}; }

std::string Resolve(const Call&, std::string device) { return ResolveDevice(device).str(); }

void UseCuda(const Call&, const kernels::CudaKernels* kernels) { kernels::UseCuda(kernels); }

// What is left out is as the environment has it.
void UseKernels(const Call&, std::optional<std::string> kernels, std::optional<std::string> instruction_set) {
  kernels::UseKernels(kernels, instruction_set);
}

int ToThreads(int64_t threads) {
  if (threads < 1 || threads > 1024) throw Error("ERR_ARGUMENT", "expected 1 to 1024 threads");
  return static_cast<int>(threads);
}

void SetThreads(const Call&, int64_t threads) { SetThreadCount(ToThreads(threads)); }

void DefaultThreads(const Call&, int64_t threads) { DefaultThreadCount(ToThreads(threads)); }

int64_t GetThreads(const Call&) { return ThreadCount(); }

StopRunning ExitHandlerOf(const Call& call) { return {ExitHandler(call.env)}; }

NewAbortFlag CreateAbortFlag(const Call& call) { return {AbortFlagObject::New(call.env)}; }

at::Tensor Allocate(const Call&, int64_t length) { return at::zeros({length}, at::kFloat); }

void Dispose(const Call&, AnyHandle handle) {
  if (!AnyHandleType::Dispose(handle.js)) throw Error("ERR_ARGUMENT", "not a handle");
}

bool IsDisposed(const Call&, AnyHandle handle) {
  const int state = AnyHandleType::State(handle.js);
  if (state < 0) throw Error("ERR_ARGUMENT", "not a handle");
  return state == 1;
}

Signatures SignaturesOf(const Call& call) { return AllSignatures(call.env); }

}  // namespace

void ExportRuntime(Napi::Object exports) {
  memory::InstallWorkspaceAllocator();
  Export(exports, "info", Info, {});
  Export(exports, "resolveDevice", Resolve, {"device"});
  Export(exports, "useCuda", UseCuda, {"kernels"});
  Export(exports, "useKernels", UseKernels, {"kernels", "instructionSet"});
  Export(exports, "setThreads", SetThreads, {"threads"});
  Export(exports, "defaultThreads", DefaultThreads, {"threads"});
  Export(exports, "getThreads", GetThreads, {});
  Export(exports, "exitHandler", ExitHandlerOf, {});
  Export(exports, "createAbortFlag", CreateAbortFlag, {});
  Export(exports, "allocate", Allocate, {"length"});
  Export(exports, "dispose", Dispose, {"handle"});
  Export(exports, "isDisposed", IsDisposed, {"handle"});
  Export(exports, "signatures", SignaturesOf, {});
  Export(exports, "constants", AllConstants, {});
}

}  // namespace clmr::bindings
