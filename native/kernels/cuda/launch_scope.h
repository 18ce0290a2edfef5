#pragma once
// Where a kernel runs. The host that plays the kernels has its own: test/native/cuda/on_host/on_host.cc.
#include <ATen/core/Tensor.h>
#include <c10/core/DeviceGuard.h>

struct CUstream_st;

namespace clmr::kernels::cuda {

using Stream = CUstream_st*;  // cudaStream_t

// While it lives, the device of `tensor` is the current one of this thread.
class LaunchScope {
 public:
  explicit LaunchScope(const at::Tensor& tensor);
  // libtorch's current stream there
  Stream stream() const { return stream_; }
  // Throws ERR_DEVICE where one of the launches was refused; what fails later comes with a later call.
  void CheckLaunches() const;

 private:
  const c10::DeviceGuard guard_;
  const Stream stream_;
};

}  // namespace clmr::kernels::cuda
