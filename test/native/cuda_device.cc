#include <dlfcn.h>

#include "bindings/cuda/table.h"
#include "device/device.h"
#include "error.h"
#include "tried_device.h"

namespace clmr {

void OpenTriedDevice() {
  if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) throw Error("ERR_ADDON", dlerror());
  ResolveDevice("cuda");
}

void UseKernelsThere() { kernels::UseCuda(&kernels::CudaTable()); }
std::string FaultOfKernels() { return {}; }

bool IsHostDevice() { return false; }

}  // namespace clmr
