// Plays kernels on the host, in random orders, and watches them.
#include "emulation.h"

#include <ATen/ATen.h>

#include "../cases.h"
#include "bindings/cuda/table.h"

namespace clmr::test {
namespace {

constexpr int kOrders = 2;

}  // namespace

const char* const kPlace = "on the host";
void OpenPlace() {}

// The host is their device.
const kernels::CudaKernels& Kernels() { return kernels::CudaTable(); }

std::vector<at::Tensor> Play(const std::string& title,
                             const std::function<std::vector<at::Tensor>()>& kernel) {
  std::vector<at::Tensor> first;
  for (int order = 0; order < kOrders; ++order) {
    cuda_emulation::Seed(order);
    const std::vector<at::Tensor> result = kernel();
    const std::string fault = cuda_emulation::TakeFault();
    Check(title + ": " + fault, fault.empty());
    if (order == 0) first = result;
    for (size_t i = 0; i < result.size(); ++i)
      if (result[i].defined() && result[i].dim() > 0)
        Check(title + ": the bits depend on the order", SameBits(result[i], first[i]));
  }
  return first;
}

}  // namespace clmr::test
