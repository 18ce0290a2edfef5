#include "emulation.h"
// The kernels, as nvcc compiles them
#include "kernels/augment/cuda/pointwise.cu"

#include <ATen/ATen.h>

#include "cases.h"
#include "kernels/augment/augment.h"
#include "kernels/augment/cuda/augment.h"

namespace clmr::test {
namespace {

namespace reference = kernels::reference;

struct Row {
  int64_t from;
  kernels::PointwisePass pass;
  bool reverse = false;
};

double At(const Row& row, kernels::PointwiseNumber which) {
  switch (which) {
    case kernels::kPointwiseFrom:
      return static_cast<double>(row.from);
    case kernels::kPointwiseBefore:
      return row.pass.before;
    case kernels::kPointwiseRatio:
      return row.pass.noise ? row.pass.noise_ratio : -1;
    case kernels::kPointwiseSeed:
      return static_cast<double>(row.pass.noise_seed);
    case kernels::kPointwiseAfter:
      return row.pass.after;
    case kernels::kPointwiseOffset:
      return row.pass.echo ? static_cast<double>(row.pass.offset) : -1;
    case kernels::kPointwiseVolume:
      return row.pass.volume;
    default:
      return row.reverse ? 1 : 0;
  }
}

// The oracle: the plain loops, one after the other
at::Tensor Expected(const at::Tensor& source, const Row& row, int64_t n) {
  at::Tensor x = source.narrow(0, row.from, n).clone();
  float* data = x.mutable_data_ptr<float>();
  reference::scale_f32(data, n, row.pass.before);
  if (row.pass.noise) reference::add_noise_f32(data, n, row.pass.noise_ratio, row.pass.noise_seed);
  reference::scale_f32(data, n, row.pass.after);
  if (row.pass.echo) reference::delay_f32(data, n, row.pass.offset, row.pass.volume);
  if (row.reverse) reference::reverse_f32(data, n);
  return x;
}

void PointwiseCase(const std::string& title, const at::Tensor& source, const std::vector<Row>& rows,
                   int64_t n) {
  at::Tensor numbers =
      at::empty({kernels::kPointwiseNumbers, static_cast<int64_t>(rows.size())}, at::kDouble);
  std::vector<at::Tensor> expected;
  for (size_t r = 0; r < rows.size(); ++r) {
    for (int64_t i = 0; i < kernels::kPointwiseNumbers; ++i)
      numbers[i][static_cast<int64_t>(r)] = At(rows[r], static_cast<kernels::PointwiseNumber>(i));
    expected.push_back(Expected(source, rows[r], n));
  }
  const auto got =
      Play(title, [&] { return std::vector<at::Tensor>{kernels::cuda::pointwise(source, numbers, n)}; });
  for (size_t r = 0; r < rows.size(); ++r)
    Compare(title + ", row " + std::to_string(r), got[0][static_cast<int64_t>(r)], expected[r], 1e-5);
}

}  // namespace

void AugmentCases() {
  const at::Tensor source = at::randn({30000}) * 0.3;
  const kernels::PointwisePass none, inverted{.before = -1}, quiet{.before = 0.25f},
      noisy{.before = -0.5f, .after = 0.3f, .noise_ratio = 0.2, .noise_seed = 123456789012345, .noise = true},
      echo{.echo = true, .offset = 4410, .volume = 0.5f},
      all{.before = -1,
          .after = 0.7f,
          .noise_ratio = 1,
          .noise_seed = 7,
          .noise = true,
          .echo = true,
          .offset = 300,
          .volume = 0.9f};
  PointwiseCase("pointwise", source,
                {{0, none},
                 {5, inverted},
                 {100, quiet},
                 {19000, noisy},
                 {3, echo},
                 {17, all},
                 {9, none, true},
                 {11, all, true}},
                10007);
  PointwiseCase("pointwise on one sample", source, {{4, all}, {5, echo}}, 1);
  source[100] = NAN;
  source[500] = INFINITY;
  PointwiseCase("pointwise with samples that are no numbers", source, {{0, all}, {90, echo}, {90, noisy}},
                5000);
}

}  // namespace clmr::test
