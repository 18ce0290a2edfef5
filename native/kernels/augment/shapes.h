#pragma once
// Parameters, lengths and constants of the augmentations, for all their versions.
#include <cstdint>

namespace clmr::kernels {

struct ReverbParameters {
  double reverberance, damping, room_size;  // 0 to 100
};

// Freeverb's delay lines as sox lays them out: combs and all-passes of two channels, in samples.
struct ReverbLines {
  int combs[2][8], all_passes[2][4];
};
ReverbLines ReverbLinesAt(double sample_rate, double room_size);
// 0 → a feedback of 0.7, 100 → 0.98, exponential between
float ReverbFeedback(double reverberance);
float ReverbDamping(double damping);
constexpr float kReverbWetGain = 0.015f;

// sox's `pitch`: segment 82 ms, search segment / 5.587, overlap segment / 6.833 made a multiple of 8.
struct WsolaLengths {
  int64_t segment, search, overlap;
};
WsolaLengths WsolaLengthsAt(double sample_rate);

// The resampler of the pitch shift: a Kaiser-windowed sinc, tabled at kResamplePhases
// offsets between two samples.
constexpr int kResamplePhaseBits = 6;
constexpr int kResamplePhases = 1 << kResamplePhaseBits;  // a table of 64 taps stays in the first cache
constexpr double kResampleZeros = 32;       // half-length of the kernel in samples of the slower rate
constexpr double kResampleRolloff = 0.955;  // cut-off as a part of the lower Nyquist frequency
constexpr double kResampleBeta = 6;
// I0(2·√z) = Σ z^k / k!²; z ≤ β²/4, where 18 terms are enough for float32
constexpr int kBesselTerms = 18;
double BesselCoefficient(int k);
double BesselI0OfRoot(double z);
// Taps of a row; the kernel widens with a step above 1.
int64_t ResampleTaps(double step);

}  // namespace clmr::kernels
