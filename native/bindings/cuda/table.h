#pragma once
#include "kernels/cuda.h"

namespace clmr::kernels {

// All kernels for CUDA, as the plug-in hands them over.
const CudaKernels& CudaTable();

}  // namespace clmr::kernels
