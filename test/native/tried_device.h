#pragma once
// The device that is tried, ResolveDevice("cuda"): one of CUDA (cuda_device.cc), or the host's own memory under
// another name (host_device.cc), for what has to run on any device and can be tried on none. There every operation
// of libtorch runs on the CPU, on the same memory, and one that is given tensors of both devices throws, as it would
// on CUDA.
namespace clmr {

// Once in a process, before the first tensor. Throws where it is not there.
void OpenTriedDevice();
// Whether it is the host's memory
bool IsHostDevice();

}  // namespace clmr
