#pragma once
// Plain loops of the augmentations, mono float32, one clip at a time: what faster versions are tested
// against. Samples that are not finite count as silence wherever a filter would spread them.
#include <cstdint>
#include <vector>

#include "kernels/augment/shapes.h"

namespace clmr::kernels::reference {

inline float finite_or_zero(float x) { return x - x == 0.0f ? x : 0.0f; }

// As sox, whose samples are fixed-point: ±1 is full scale. NaN stays NaN.
inline float clip_to_full_scale(float x) { return x > 1.0f ? 1.0f : x < -1.0f ? -1.0f : x; }

// x ← factor · x
void scale_f32(float* x, int64_t n, float factor);
// x[i] ← x[n−1−i]
void reverse_f32(float* x, int64_t n);
// x[i] ← (x[i] + volume · x[i−offset]) / 2, with silence before the clip
void delay_f32(float* x, int64_t n, int64_t offset, float volume);
// x ← x + ratio · std(x) · normal noise of `seed`; std unbiased, over the finite samples
void add_noise_f32(float* x, int64_t n, double ratio, uint64_t seed);

// Windowed-sinc low-pass, or what it leaves (high-pass), as julius: Hann window, 8 zero crossings each side,
// the ends of the clip repeated. `cutoff` is frequency / sample rate, above 0 and up to 0.5.
void sinc_filter_f32(float* x, int64_t n, double cutoff, bool high_pass);

// Freeverb with the constants of sox: 8 combs and 4 all-passes a channel, two channels
// mixed to one, wet + dry.
void reverb_f32(float* x, int64_t n, double sample_rate, const ReverbParameters& parameters);

// Waveform-similarity overlap-add with the constants of sox's `pitch`: x [n] → [n / factor], pitch kept.
std::vector<float> wsola_f32(const float* x, int64_t n, double sample_rate, double factor);

// y[i] = x at position i · step, band-limited (Kaiser-windowed sinc); silence outside of x.
void resample_f32(const std::vector<float>& x, double step, float* y, int64_t n);

// Pitch times 1 / factor, duration kept: stretch the time by 1 / factor, then resample back; ±1 on entry and
// exit, as sox. A clip with NaN stays as it was.
void pitch_shift_f32(float* x, int64_t n, double sample_rate, double factor);

}  // namespace clmr::kernels::reference
