#pragma once
// Names of devices, as users write them.
#include <c10/core/Device.h>

#include <string>

namespace clmr {

// How many CUDA devices libtorch sees; 0 where it has no CUDA.
int CudaDevices();

// 'auto', 'cpu', 'cuda' or 'cuda:N'; 'auto' is CUDA where libtorch has it. Throws ERR_DEVICE.
c10::Device ResolveDevice(const std::string& name);

}  // namespace clmr
