#include <ATen/ATen.h>

#include <algorithm>

#include "cases.h"
#include "kernels/augment/augment.h"
#include "kernels/augment/pointwise_numbers.h"
#include "kernels/augment/reference.h"
#include "kernels/augment/shapes.h"

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
      Play(title, [&] { return std::vector<at::Tensor>{Kernels().pointwise(source, numbers, n)}; });
  for (size_t r = 0; r < rows.size(); ++r)
    Compare(title + ", row " + std::to_string(r), got[0][static_cast<int64_t>(r)], expected[r], 1e-5);
}

at::Tensor Column(const std::vector<double>& values) { return at::tensor(values, at::kDouble); }

constexpr double kRate = 22050;

// Each row by itself, by the plain loops
template <class F>
at::Tensor EachRow(const at::Tensor& x, F f) {
  const at::Tensor y = x.clone();
  for (int64_t row = 0; row < y.size(0); ++row)
    f(row, y.mutable_data_ptr<float>() + row * y.size(1), y.size(1));
  return y;
}

void FilterCase(const at::Tensor& x, const std::vector<double>& cutoffs,
                const std::vector<double>& high_pass) {
  const double lowest = *std::min_element(cutoffs.begin(), cutoffs.end());
  const auto got = Play("filter", [&] {
    return std::vector<at::Tensor>{Kernels().sinc_filter(x, Column(cutoffs), Column(high_pass), lowest)};
  });
  Compare(
      "filter", got[0],
      EachRow(x, [&](int64_t row, float* data,
                     int64_t n) { reference::sinc_filter_f32(data, n, cutoffs[row], high_pass[row] != 0); }),
      2e-6);
}

void ReverbCase(const at::Tensor& x, const std::vector<kernels::ReverbParameters>& parameters, double rate) {
  at::Tensor numbers = at::empty({26, x.size(0)}, at::kDouble);
  for (int64_t row = 0; row < x.size(0); ++row) {
    const kernels::ReverbLines lines = kernels::ReverbLinesAt(rate, parameters[row].room_size);
    numbers[0][row] = kernels::ReverbFeedback(parameters[row].reverberance);
    numbers[1][row] = kernels::ReverbDamping(parameters[row].damping);
    for (int i = 0; i < 16; ++i) numbers[2 + i][row] = lines.combs[i / 8][i % 8];
    for (int i = 0; i < 8; ++i) numbers[18 + i][row] = lines.all_passes[i / 4][i % 4];
  }
  const auto got =
      Play("reverb", [&] { return std::vector<at::Tensor>{Kernels().reverb(x, numbers, rate)}; });
  Compare("reverb", got[0],
          EachRow(x, [&](int64_t row, float* data,
                         int64_t n) { reference::reverb_f32(data, n, rate, parameters[row]); }),
          2e-6);
}

void PitchCase(const at::Tensor& x, const std::vector<double>& factors) {
  const double least = *std::min_element(factors.begin(), factors.end());
  const auto got = Play("pitch", [&] {
    return std::vector<at::Tensor>{Kernels().pitch_shift(x, Column(factors), kRate, least)};
  });
  Compare("pitch", got[0],
          EachRow(x, [&](int64_t row, float* data,
                         int64_t n) { reference::pitch_shift_f32(data, n, kRate, factors[row]); }),
          1e-5);
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

  at::Tensor clips = at::randn({3, 5003}) * 0.3;
  FilterCase(clips, {200 / kRate, 4000 / kRate, 0.5}, {1, 0, 0});
  FilterCase(clips.narrow(1, 0, 7), {0.01, 0.1, 0.02}, {0, 1, 0});
  ReverbCase(clips.narrow(1, 0, 2500), {{50, 50, 100}, {99, 0, 0}, {0, 99, 37}}, kRate);
  ReverbCase(clips.narrow(1, 0, 300), {{20, 10, 0}, {100, 100, 100}, {1, 2, 3}}, 1000);
  PitchCase(clips, {1.25, 0.8, 1});
  clips[1][77] = NAN;
  clips[2][5] = INFINITY;
  FilterCase(clips.narrow(1, 0, 600), {0.1, 0.1, 0.1}, {0, 0, 1});
  ReverbCase(clips.narrow(1, 0, 600), {{50, 50, 50}, {50, 50, 50}, {50, 50, 50}}, kRate);
  PitchCase(clips, {0.7, 0.8, 1.1});
}

}  // namespace clmr::test
