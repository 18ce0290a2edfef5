#include "kernels/cuda.h"

#include <atomic>
#include <string>

#include "error.h"

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

}  // namespace clmr::kernels
