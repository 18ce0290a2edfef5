#pragma once
// Where to compute: names of devices as users write them, and the rules of arithmetic there.
#include <c10/core/Device.h>
#include <c10/core/DeviceGuard.h>

#include <optional>
#include <string>

namespace clmr {

// How many CUDA devices libtorch sees; 0 where it has no CUDA.
int CudaDevices();

// 'auto', 'cpu', 'cuda' or 'cuda:N'; 'auto' is CUDA where libtorch has it. Throws ERR_DEVICE.
c10::Device ResolveDevice(const std::string& name);

// The same for work whose data comes from the host and goes back: on 'auto' it goes to CUDA only where
// kernels of our own make the way worth it.
c10::Device ResolveDeviceOfCall(const std::string& name);

// Whether a call computes with shapes that come again and again: then cuDNN tries its ways for each of them
// once, and takes the fastest.
enum class Shapes { vary, repeat };

// One call's work on a device: that device is the current one of this thread. float32 means float32 there; by
// default cuDNN would round the operands of convolutions to 10 bits of mantissa (TF32). tf32: it may. That
// switch and the one for shapes are the process's: the last call to begin decides. On the CPU: nothing.
class OnDevice {
 public:
  explicit OnDevice(c10::Device device, bool tf32 = false, Shapes shapes = Shapes::vary);

 private:
  std::optional<c10::DeviceGuard> guard_;
};

}  // namespace clmr
