#pragma once
#include <cstdio>
#include <exception>
#include <string>

// The device that is tried, ResolveDevice("cuda"): one of CUDA (cuda_device.cc), or the host's own memory
// under another name (host_device.cc), for what has to run on any device and can be tried on none. There
// every operation of libtorch runs on the CPU, on the same memory, and one that is given tensors of both
// devices throws, as it would on CUDA.
namespace clmr {

// Once in a process, before the first tensor. Throws where it is not there.
void OpenTriedDevice();
// Whether it is the host's memory
bool IsHostDevice();
// From now on the kernels for CUDA run there; on the host they are played (test/native/cuda/on_host).
void UseKernelsThere();
// The first fault of what was played, or nothing
std::string FaultOfKernels();

// All of main() but its arguments: each line is printed as it comes; what is thrown is printed last, and ends it with 1.
template <class Run>
int RunProgram(Run run) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  try {
    return run();
  } catch (const std::exception& error) {
    std::fflush(stdout);
    return std::fprintf(stderr, "%s\n", error.what()), 1;
  }
}

}  // namespace clmr
