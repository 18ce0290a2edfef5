// A CPU tensor in the place of one on a device: nothing to make current, no stream.
#include "kernels/cuda/on_device.h"

namespace clmr::kernels::cuda {

OnDevice::OnDevice(const at::Tensor& tensor) : guard_(tensor.device()), stream_(nullptr) {}
void OnDevice::CheckLaunches() const {}

}  // namespace clmr::kernels::cuda
