#include <ATen/ATen.h>

#include "cases.h"
#include "kernels/nt_xent/reference.h"

namespace clmr::test {
namespace {

struct Case {
  int64_t examples, views, dim;
  double temperature, tolerance = 1e-6;
};

std::string TitleOf(const Case& c) {
  return "NT-Xent of " + std::to_string(c.examples) + " examples, " + std::to_string(c.views) + " views, " +
         std::to_string(c.dim) + " dimensions, temperature " + std::to_string(c.temperature);
}

// Everything that the kernel makes, against float64 autograd through the matrix form
void CompareAll(const std::string& title, const at::Tensor& z, const Case& c, const at::Tensor& temperature) {
  const auto got = Play(title, [&] {
    const auto [loss, gradient, of_temperature] = Kernels().nt_xent(z, c.views, temperature, true);
    return std::vector<at::Tensor>{loss.view({1}), gradient, of_temperature.view({1})};
  });
  const at::Tensor x = z.to(at::kDouble).requires_grad_(true);
  const at::Tensor tau = at::scalar_tensor(c.temperature, at::kDouble).requires_grad_(true);
  const at::Tensor loss = kernels::reference::nt_xent(x, c.views, tau);
  loss.backward();
  Compare(title + ", loss", got[0], loss.view({1}), c.tolerance);
  Compare(title + ", gradient", got[1], x.grad(), c.tolerance);
  Compare(title + ", gradient of the temperature", got[2], tau.grad().view({1}), c.tolerance);
  const auto alone = Kernels().nt_xent(z, c.views, temperature, false);
  Check(title + ", the loss alone has the same bits", at::equal(alone[0].view({1}), got[0]));
  Check(title + ", no gradient where none is wanted", !alone[1].defined() && !alone[2].defined());
}

}  // namespace

void NtXentCases() {
  // Below 0.05 the exponents of up to 1 / temperature lose digits of float32.
  const Case cases[] = {{1, 2, 3, 0.5},   {33, 2, 64, 0.5}, {64, 2, 64, 0.1},  {70, 2, 64, 0.05},
                        {20, 5, 48, 0.2}, {2, 70, 16, 1},   {40, 2, 130, 0.5}, {40, 2, 64, 0.003, 1e-5}};
  for (const Case& c : cases) {
    const at::Tensor z = at::randn({c.examples * c.views, c.dim});
    CompareAll(TitleOf(c), z, c, at::scalar_tensor(c.temperature, at::kDouble));
  }
  // Views that nearly agree, as after training: small losses
  const Case trained{48, 2, 64, 0.1};
  const at::Tensor z = at::randn({48, 64}).repeat_interleave(2, 0) + 0.05 * at::randn({96, 64});
  CompareAll("NT-Xent of aligned views", z, trained, at::scalar_tensor(0.1, at::kFloat).to(at::kDouble));
  const at::Tensor odd = at::randn({8, 16});
  odd[3].zero_();
  CompareAll("NT-Xent with a row of zeros", odd, {4, 2, 16, 0.5}, at::scalar_tensor(0.5, at::kDouble));
  odd[5][2] = NAN;
  const auto nan = Kernels().nt_xent(odd, 2, at::scalar_tensor(0.5, at::kDouble), true);
  Check("NT-Xent of NaN is NaN", nan[0].isnan().item<bool>() && nan[1].isnan().all().item<bool>());
}

}  // namespace clmr::test
