#include "model/device.h"

#include <ATen/Context.h>

#include <cstdlib>

#include "error.h"

namespace clmr {
namespace {

bool IsNumber(const std::string& text) {
  return !text.empty() && text.size() < 4 && text.find_first_not_of("0123456789") == std::string::npos;
}

}  // namespace

int CudaDevices() { return at::hasCUDA() ? at::detail::getCUDAHooks().deviceCount() : 0; }

c10::Device ResolveDevice(const std::string& name) {
  const int there = CudaDevices();
  if (name == "cpu" || (name == "auto" && there == 0)) return c10::Device(c10::kCPU);
  if (name == "auto" || name == "cuda" || (name.rfind("cuda:", 0) == 0 && IsNumber(name.substr(5)))) {
    const int index = name.size() > 5 ? std::atoi(name.c_str() + 5) : 0;
    if (index < there) {
      // float32 is to mean float32: by default cuDNN rounds the operands of convolutions
      // to 10 bits of mantissa (TF32).
      at::globalContext().setAllowTF32CuDNN(false);
      return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(index));
    }
    throw Error("ERR_DEVICE", "the device " + name + " is not there: libtorch sees " + std::to_string(there) +
                                  " CUDA devices");
  }
  throw Error("ERR_DEVICE", "there is no device named " + name + ": known are auto, cpu, cuda and cuda:N");
}

}  // namespace clmr
