#include "kernels/nt_xent/cuda/nt_xent.h"

#include <ATen/ops/empty.h>

#include <algorithm>

#include "kernels/cuda/launch_scope.h"
#include "kernels/nt_xent/cuda/launch.h"
#include "kernels/nt_xent/nt_xent.h"

namespace clmr::kernels::cuda {
namespace {

static_assert(kNtXentSmallestNorm == kSmallestNorm);

// Blocks enough for any device of today; by the sizes alone, as the bits depend on it.
constexpr int64_t kEnoughBlocks = 512, kMostParts = 8;

int64_t RoundUp(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

// Memory on the device of z for `count` values of T; it lives as long as the tensor that is added to `kept`.
template <class T>
T* Room(std::vector<at::Tensor>& kept, const at::Tensor& z, int64_t count) {
  kept.push_back(at::empty({count * static_cast<int64_t>(sizeof(T))}, z.options().dtype(at::kByte)));
  return reinterpret_cast<T*>(kept.back().mutable_data_ptr());
}

}  // namespace

std::array<at::Tensor, 3> nt_xent(const at::Tensor& z, int64_t views, const at::Tensor& temperature,
                                  bool differentiate) {
  const LaunchScope launch(z);
  const at::Tensor rows = z.contiguous(), tau = temperature.to(at::kDouble);
  NtXentProblem p{.rows = z.size(0), .dim = z.size(1), .views = views};
  p.padded_rows = RoundUp(p.rows, kNtXentTile);
  p.depth = RoundUp(p.dim, kNtXentTile);
  const int64_t tiles = p.padded_rows / kNtXentTile;
  const int64_t parts = std::min({kMostParts, tiles, (kEnoughBlocks + tiles - 1) / tiles});
  p.tiles_of_part = (tiles + parts - 1) / parts;
  p.parts = static_cast<int>((tiles + p.tiles_of_part - 1) / p.tiles_of_part);
  if (tau.device() == z.device()) {
    p.temperature = tau.const_data_ptr<double>();
  } else {
    p.temperature_value = tau.item<double>();
  }
  const at::TensorOptions scalars = z.options().dtype(at::kDouble);
  std::array<at::Tensor, 3> result{at::empty({}, scalars)};
  std::vector<at::Tensor> kept;
  NtXentBuffers b{.z = rows.const_data_ptr<float>(),
                  .u = Room<float>(kept, z, p.padded_rows * p.depth),
                  .inverse_norms = Room<double>(kept, z, p.rows),
                  .sums = reinterpret_cast<NtXentSum*>(Room<float>(kept, z, 2 * p.parts * p.padded_rows)),
                  .rows = Room<NtXentRow>(kept, z, p.rows),
                  .row_results = Room<double>(kept, z, p.rows),
                  .loss = result[0].mutable_data_ptr<double>()};
  if (differentiate) {
    result[1] = at::empty(z.sizes(), z.options());
    result[2] = at::empty({}, scalars);
    b.gradient_parts = Room<float>(kept, z, p.parts * p.padded_rows * p.depth);
    b.gradient = result[1].mutable_data_ptr<float>();
    b.temperature_gradient = result[2].mutable_data_ptr<double>();
  }
  LaunchNtXent(p, b, launch.stream());
  launch.CheckLaunches();
  return result;
}

}  // namespace clmr::kernels::cuda
