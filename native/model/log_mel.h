#pragma once
// What one would use without any network: statistics of the log-mel spectrogram of windows of audio.
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "error.h"

namespace clmr {

inline constexpr double kSampleRate = 22050;  // Hz
inline constexpr int64_t kMelBands = 128;
inline constexpr int64_t kLogMelSize = 4 * kMelBands;

// [bands, n_fft / 2 + 1]: triangles on Slaney's mel scale from 0 Hz to half the sample rate, each of area 1
// in Hz. Malcolm Slaney, "Auditory Toolbox" (1998); as librosa.filters.mel makes them by default.
at::Tensor MelFilters(double sample_rate, int64_t n_fft, int64_t bands);

// samples [n, T] at 22,050 Hz → ln(1e-5 + power in each band) [n, bands, frames]: Hann windows of 2048
// samples every 512, centred, with zeros beyond both ends.
at::Tensor LogMelSpectrogram(const at::Tensor& samples);

// Windows of kClipLength samples of `samples` at `starts`, zero past the end → `out`, starts.size() · 512
// values: of the 128 bands the mean and the deviation over time, then the same of the differences from frame
// to frame. Looks at `abort` between batches.
void LogMelWindows(const float* samples, int64_t length, const std::vector<double>& starts, float* out,
                   const AbortFlag& abort);

}  // namespace clmr
