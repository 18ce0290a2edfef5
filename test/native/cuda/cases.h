#pragma once
// Each kernel for CUDA against its plain version: played on the host (on_host/, npm run check:cuda), or run
// on a device (on_device/, scripts/gpu/run.sh).
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>

#include "kernels/cuda.h"

namespace clmr::test {

// The kernels of this place. They take tensors of the host, and give them.
const kernels::CudaKernels& Kernels();
extern const char* const kPlace;
// Before anything else of libtorch: it looks for its devices once.
void OpenPlace();

// Runs `kernel` more than once, on the host in several orders of its blocks and threads. The result may not
// differ by a bit, and no memory that is watched may have a fault.
std::vector<at::Tensor> Play(const std::string& title,
                             const std::function<std::vector<at::Tensor>()>& kernel);

// Counts a case: the largest difference, relative to the largest expected value, is up to `tolerance`.
void Compare(const std::string& title, const at::Tensor& got, const at::Tensor& expected, double tolerance);

bool SameBits(const at::Tensor& a, const at::Tensor& b);

// For what is no number
void Check(const std::string& title, bool holds);

struct Part {
  const char* kernels;
  void (*run)();
};
// Whether the place itself does what is asked of it
extern const Part kPlacePart;

// The cases of one file each
void SampleCnnCases();
void NtXentCases();
void AugmentCases();

}  // namespace clmr::test
