#include "kernels/cuda/launch_scope.h"

#include <c10/core/impl/VirtualGuardImpl.h>
#include <cuda_runtime_api.h>

#include "error.h"

namespace clmr::kernels::cuda {
namespace {

Stream CurrentStream(c10::Device device) {
  return static_cast<Stream>(c10::impl::VirtualGuardImpl(device.type()).getStream(device).native_handle());
}

}  // namespace

LaunchScope::LaunchScope(const at::Tensor& tensor)
    : guard_(tensor.device()), stream_(CurrentStream(tensor.device())) {}

void LaunchScope::CheckLaunches() const {
  const cudaError_t error = cudaGetLastError();
  if (error != cudaSuccess)
    throw Error("ERR_DEVICE", std::string("a kernel did not start: ") + cudaGetErrorString(error));
}

}  // namespace clmr::kernels::cuda
