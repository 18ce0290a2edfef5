#pragma once
// npm run check:cuda: each kernel for CUDA, played on the host, against its plain version.
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>

namespace clmr::test {

// Plays `kernel` in several orders of its blocks and threads. The result may not differ by a bit, and no memory
// that is watched may have a fault. Ends the program otherwise.
std::vector<at::Tensor> Play(const std::string& title,
                             const std::function<std::vector<at::Tensor>()>& kernel);

// Counts a case: whether the largest difference, relative to the largest expected value, is up to `tolerance`.
void Compare(const std::string& title, const at::Tensor& got, const at::Tensor& expected, double tolerance);

// For what is no number
void Check(const std::string& title, bool holds);

// The cases of one file each
void EmulationCases();
void SampleCnnCases();
void NtXentCases();
void AugmentCases();

}  // namespace clmr::test
