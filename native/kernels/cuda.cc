#include "kernels/cuda.h"

#include <atomic>
#include <string>

#include "error.h"
#include "kernels/dispatch.h"

namespace clmr::kernels {
namespace {
std::atomic<const CudaKernels*> table{nullptr};
}

void UseCuda(const CudaKernels* given) {
  if (std::string(given->build) != kCudaBuild)
    throw Error("ERR_ADDON",
                std::string("the CUDA plug-in is of another build: ") + given->build + ", not " + kCudaBuild);
  table = given;
}

const CudaKernels* Cuda() { return table; }

const CudaKernels* CudaFor(const at::Tensor& x) {
  return x.is_cpu() || ActiveChoice().plain ? nullptr : Cuda();
}

}  // namespace clmr::kernels
