#include "device/device.h"

#include <ATen/Context.h>

#include <cstdlib>

#include "error.h"
#include "kernels/cuda.h"

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
    if (index < there) return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(index));
    // Throws where that is the driver's fault, and says why.
    if (there == 0 && at::hasCUDA()) at::globalContext().lazyInitDevice(c10::kCUDA);
    throw Error("ERR_DEVICE", "the device " + name + " is not there: libtorch sees " + std::to_string(there) +
                                  " CUDA devices");
  }
  throw Error("ERR_DEVICE", "there is no device named " + name + ": known are auto, cpu, cuda and cuda:N");
}

c10::Device ResolveDeviceOfCall(const std::string& name) {
  if (name == "auto" && kernels::Cuda() == nullptr) return c10::Device(c10::kCPU);
  return ResolveDevice(name);
}

OnDevice::OnDevice(c10::Device device, bool tf32, Shapes shapes) {
  if (device.is_cpu()) return;
  guard_.emplace(device);
  at::globalContext().setAllowTF32CuDNN(tf32);
  at::globalContext().setAllowTF32CuBLAS(tf32);
  at::globalContext().setBenchmarkCuDNN(shapes == Shapes::repeat);
}

}  // namespace clmr
