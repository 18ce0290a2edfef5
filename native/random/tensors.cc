#include "random/tensors.h"

#include <ATen/ops/empty.h>

#include <algorithm>

namespace clmr::random {
namespace {

template <class T, class F>
at::Tensor Generate(at::IntArrayRef shape, at::ScalarType type, F next) {
  at::Tensor values = at::empty(shape, type);
  std::generate_n(values.mutable_data_ptr<T>(), values.numel(), [&] { return static_cast<T>(next()); });
  return values;
}

}  // namespace

at::Tensor Uniform(at::IntArrayRef shape, double low, double high, Stream& stream) {
  return Generate<float>(shape, at::kFloat, [&] { return stream.Uniform(low, high); });
}

at::Tensor Normal(at::IntArrayRef shape, Stream& stream) {
  return Generate<float>(shape, at::kFloat, [&] { return stream.Normal(); });
}

at::Tensor UniformRows(int64_t rows, int64_t columns, uint64_t seed, Purpose purpose, uint32_t step,
                       int64_t first_row) {
  at::Tensor values = at::empty({rows, columns}, at::kDouble);
  double* row = values.mutable_data_ptr<double>();
  for (int64_t r = 0; r < rows; ++r, row += columns) {
    Stream stream(seed, purpose, step, static_cast<uint32_t>(first_row + r), 0);
    std::generate_n(row, columns, [&] { return stream.Uniform(); });
  }
  return values;
}

}  // namespace clmr::random
