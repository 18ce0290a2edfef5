#pragma once
// A device that is the host's own memory under another name (PrivateUse1), for what has to run on any device and
// can be tried on none: every operation of libtorch runs on the CPU, on the same memory, and one that is given
// tensors of both devices throws, as it would on CUDA.
namespace clmr {

// Once in a process. From then on c10::Device(c10::kPrivateUse1, 0) is there.
void OpenHostDevice();

}  // namespace clmr
