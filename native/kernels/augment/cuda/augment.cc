#include "kernels/augment/cuda/augment.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>

#include "kernels/augment/cuda/launch.h"
#include "kernels/augment/shapes.h"
#include "kernels/cuda/launch_scope.h"

namespace clmr::kernels::cuda {
namespace {

AugmentRows RowsOf(const at::Tensor& out) {
  return {out.size(0), out.size(1), out.mutable_data_ptr<float>()};
}

// At the largest room
int64_t ReverbRoom(double sample_rate) {
  const ReverbLines lines = ReverbLinesAt(sample_rate, 100);
  int64_t room = 0;
  for (int channel = 0; channel < 2; ++channel) {
    for (const int delay : lines.combs[channel]) room += delay;
    for (const int delay : lines.all_passes[channel]) room += delay;
  }
  return room;
}

}  // namespace

at::Tensor pointwise(const at::Tensor& source, const at::Tensor& numbers, int64_t samples) {
  const LaunchScope launch(source);
  const at::Tensor in = source.contiguous(), of_rows = numbers.contiguous();
  const at::Tensor out = at::empty({of_rows.size(1), samples}, in.options());
  LaunchPointwise(RowsOf(out), in.const_data_ptr<float>(), of_rows.const_data_ptr<double>(), launch.stream());
  launch.CheckLaunches();
  return out;
}

at::Tensor sinc_filter(const at::Tensor& x, const at::Tensor& cutoffs, const at::Tensor& high_pass,
                       double lowest_cutoff) {
  const LaunchScope launch(x);
  const at::Tensor in = x.contiguous(), of_rows = cutoffs.contiguous(), kinds = high_pass.contiguous();
  const at::Tensor out = at::empty_like(in);
  const int64_t room = 2 * static_cast<int64_t>(8 / lowest_cutoff / 2) + 1;
  const at::Tensor taps = at::empty({in.size(0), room}, in.options());
  LaunchFilter(RowsOf(out), in.const_data_ptr<float>(), of_rows.const_data_ptr<double>(),
               kinds.const_data_ptr<double>(), taps.mutable_data_ptr<float>(), room, launch.stream());
  launch.CheckLaunches();
  return out;
}

at::Tensor reverb(const at::Tensor& x, const at::Tensor& numbers, double sample_rate) {
  const LaunchScope launch(x);
  const at::Tensor in = x.contiguous(), of_rows = numbers.contiguous();
  const at::Tensor out = at::empty_like(in);
  const at::Tensor memory = at::zeros({in.size(0), ReverbRoom(sample_rate)}, in.options());
  LaunchReverb(RowsOf(out), in.const_data_ptr<float>(), of_rows.const_data_ptr<double>(),
               memory.mutable_data_ptr<float>(), memory.size(1), kReverbWetGain, launch.stream());
  launch.CheckLaunches();
  return out;
}

at::Tensor pitch_shift(const at::Tensor& x, const at::Tensor& factors, double sample_rate,
                       double least_factor) {
  const LaunchScope launch(x);
  const at::Tensor in = x.contiguous(), of_rows = factors.contiguous();
  const at::Tensor out = at::empty_like(in);
  const WsolaLengths lengths = WsolaLengthsAt(sample_rate);
  const auto longest = static_cast<int64_t>(static_cast<double>(in.size(1)) / least_factor + 0.5);
  const PitchSizes sizes{lengths.segment, lengths.search, lengths.overlap, longest,
                         ResampleTaps(1 / least_factor)};
  const at::Tensor stretched = at::empty({in.size(0), longest}, in.options());
  const at::Tensor broken = at::empty({in.size(0)}, in.options().dtype(at::kInt));
  const at::Tensor table = at::empty({in.size(0), kResamplePhases + 1, sizes.taps}, in.options());
  LaunchPitch(
      RowsOf(out), in.const_data_ptr<float>(), of_rows.const_data_ptr<double>(), sizes,
      {stretched.mutable_data_ptr<float>(), broken.mutable_data_ptr<int>(), table.mutable_data_ptr<float>()},
      launch.stream());
  launch.CheckLaunches();
  return out;
}

}  // namespace clmr::kernels::cuda
