#pragma once
// The augmentations on many clips at once, as tensor operations of libtorch, on any device. Where the plug-in
// for CUDA is open, its kernels do the filters, the reverb and the pitch shift. They round otherwise than the
// loops for the CPU (augment.h): results are within 1e-4 of them at full scale. In the pitch shift either of
// two segments that lie equally near may be taken.
//
// x [R, T] float32 → [R, T]. Numbers of the rows are [R, 1] float64 beside x, where not said otherwise; what
// sizes depend on is on the host as well.
#include <ATen/core/Tensor.h>

#include <vector>

#include "kernels/augment/shapes.h"

namespace clmr::kernels {
struct PointwisePass;
}

namespace clmr::kernels::batched {

// Whether all that looks at single samples can be done at once for rows like x.
bool PointwiseServes(const at::Tensor& x);
// What `pointwise` takes of a row: the pass over row `row` of x [R, samples].
std::vector<double> pointwise_numbers(const PointwisePass& pass, int64_t row, int64_t samples);
// x [R, T] contiguous; numbers of R' of its rows [8, R'] → those, each by its pass [R', T]. One launch.
at::Tensor pointwise(const at::Tensor& x, const at::Tensor& numbers);

// x ← factor · x
at::Tensor scale(const at::Tensor& x, const at::Tensor& factor);
// x ← x + ratio · std(x) · the normal noise of `seed` that reference::add_noise_f32 adds
at::Tensor add_noise(const at::Tensor& x, const at::Tensor& ratio, const at::Tensor& seed);
// x[i] ← (x[i] + volume · x[i−offset]) / 2
at::Tensor echo(const at::Tensor& x, const at::Tensor& offset, const at::Tensor& volume);

// reference::sinc_filter_f32. cutoffs: host and device; high_pass: 0 or 1
at::Tensor sinc_filter(const at::Tensor& x, const std::vector<double>& cutoffs, const at::Tensor& cutoff,
                       const at::Tensor& high_pass);

// What `reverb` takes of a row: feedback, damping, the delays of the combs and of the all-passes, 26 numbers.
std::vector<double> reverb_numbers(double sample_rate, const ReverbParameters& parameters);
// reference::reverb_f32. numbers: those of reverb_numbers, [26, R]
at::Tensor reverb(const at::Tensor& x, double sample_rate, const at::Tensor& numbers);

// reference::pitch_shift_f32
at::Tensor pitch_shift(const at::Tensor& x, double sample_rate, const std::vector<double>& factors,
                       const at::Tensor& factor);

}  // namespace clmr::kernels::batched
