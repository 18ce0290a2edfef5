#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <cstdio>
#include <cstring>

#include "cases.h"

namespace clmr::test {
namespace {

int failed = 0, checked = 0;
double worst = 0;  // difference over tolerance

}  // namespace

bool SameBits(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor x = a.contiguous(), y = b.contiguous();
  return x.sizes() == y.sizes() && std::memcmp(x.const_data_ptr(), y.const_data_ptr(), x.nbytes()) == 0;
}

void Compare(const std::string& title, const at::Tensor& got, const at::Tensor& expected, double tolerance) {
  if (got.sizes() != expected.sizes()) return Check(title + ": another shape", false);
  if (got.numel() == 0) return;
  const at::Tensor a = got.to(at::kDouble), b = expected.to(at::kDouble);
  const at::Tensor same = a.isnan().logical_and(b.isnan()).logical_or(a == b);
  const double largest = at::where(b.isfinite(), b, at::zeros_like(b)).abs().max().item<double>();
  const double difference = (a - b).abs().masked_fill(same, 0).max().item<double>();
  const double relative = difference == 0 ? 0 : difference / largest;
  if (relative <= tolerance && tolerance > 0) worst = std::max(worst, relative / tolerance);
  Check(title + ": " + std::to_string(relative / tolerance) + " times the tolerance",
        difference == 0 || relative <= tolerance);
}

void Check(const std::string& title, bool holds) {
  ++checked;
  if (holds) return;
  ++failed;
  std::printf("differs: %s\n", title.c_str());
}

}  // namespace clmr::test

int main() {
  using namespace clmr::test;
  OpenPlace();
  at::set_num_threads(1);
  const Part parts[] = {kPlacePart,
                        {"blocks of the encoder", SampleCnnCases},
                        {"NT-Xent", NtXentCases},
                        {"augmentations", AugmentCases}};
  for (const Part& part : parts) {
    at::manual_seed(1);
    const int checks = checked, failures = failed;
    worst = 0;
    part.run();
    std::printf("CUDA kernels %s: %s: %d of %d checks hold, worst difference %.2f of what is allowed\n",
                kPlace, part.kernels, checked - checks - (failed - failures), checked - checks, worst);
  }
  return failed == 0 ? 0 : 1;
}
