#pragma once
// Tensors of random numbers, in C order.
#include <ATen/core/Tensor.h>

#include <cstdint>

#include "random/philox.h"

namespace clmr::random {

// float32, uniform in [low, high)
at::Tensor Uniform(at::IntArrayRef shape, double low, double high, Stream& stream);

// float32, standard normal
at::Tensor Normal(at::IntArrayRef shape, Stream& stream);

// float64 [rows, columns], uniform in 0 ≤ u < 1. Row r comes from the stream of (seed, purpose, step,
// first_row + r), so that it does not depend on the others.
at::Tensor UniformRows(int64_t rows, int64_t columns, uint64_t seed, Purpose purpose, uint32_t step,
                       int64_t first_row);

}  // namespace clmr::random
