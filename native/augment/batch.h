#pragma once
// A chain on all rows of a batch at once, on any device: drawn parameters go up as one block of numbers, and
// each place of the chain is one operation over the rows that have the transform there. With the kernels for
// CUDA, what looks at single samples gathers in one pass until something comes that needs the whole row.
#include <ATen/core/Tensor.h>

#include <vector>

#include "augment/chain.h"

namespace clmr::augment {

// rows [R, T] float32 on a device, cut out already → [R, T] there. The views are those of Chain::Apply up to
// rounding. `parameters` have been checked.
at::Tensor ApplyToBatch(const at::Tensor& rows, const std::vector<ViewParameters>& parameters,
                        double sample_rate, const AbortFlag& abort);

}  // namespace clmr::augment
