// Freeverb, a vector of samples at a time. Every delay line is longer than a vector, so what it puts out for
// a whole vector is known beforehand. The low-pass in a comb's feedback depends on the sample before: it is a
// scan over the lanes, with a carry from vector to vector.
#include "kernels/augment/loops.h"
#include "kernels/cpu/lane_shuffles.h"

namespace clmr::kernels::CLMR_ISA {
namespace {

// What was written one delay before the ring's place. The first samples of a line are repeated behind its
// end, so that a vector can be read across the end.
inline Lanes Read(const ReverbRing& ring, int channel, int line, int64_t place) {
  int64_t at = place - ring.delays[channel][line];
  at += at < 0 ? ring.size : 0;
  return Load(ring.lines[channel][line] + at);
}

inline void Write(const ReverbRing& ring, int channel, int line, int64_t place, Lanes v) {
  float* samples = ring.lines[channel][line];
  Store(samples + place, v);
  if (place < 16) Store(samples + ring.size + place, v);
}

inline int64_t Advance(const ReverbRing& ring, int64_t place) {
  return place + kLanes == ring.size ? 0 : place + kLanes;
}

// A one-pole y[t] = (1 − d) · x[t] + d · y[t−1] over the lanes.
struct OnePole {
  Lanes carry;  // d^(i + 1) for lane i
  float d, d2, d4, d8, keep;

  explicit OnePole(float pole) : d(pole), d2(d * d), d4(d2 * d2), d8(d4 * d4), keep(1 - pole) {
    float power = pole;
    for (int64_t i = 0; i < kLanes; ++i, power *= pole) carry[i] = power;
  }
  Lanes Run(Lanes x, Lanes before) const {
    Lanes y = keep * x;
    y += d * ShiftUp<1>(y);
    y += d2 * ShiftUp<2>(y);
    if constexpr (kLanes > 4) y += d4 * ShiftUp<4>(y);
    if constexpr (kLanes > 8) y += d8 * ShiftUp<8>(y);
    return y + carry * LastOf(before);
  }
};

struct Places {
  int64_t combs = 0, all_passes = 0;
};

// What one channel's lines make of a vector of the dry signal.
inline Lanes RunChannel(const ReverbPlan& plan, int channel, Places at, const OnePole& pole, Lanes* kept,
                        Lanes dry) {
  Lanes wet{};
#pragma GCC unroll 8
  for (int c = 0; c < 8; ++c) {
    const Lanes out = Read(plan.combs, channel, c, at.combs);
    wet += out;
    kept[c] = pole.Run(out, kept[c]);
    Write(plan.combs, channel, c, at.combs, dry + plan.feedback * kept[c]);
  }
#pragma GCC unroll 4
  for (int p = 3; p >= 0; --p) {
    const Lanes out = Read(plan.all_passes, channel, p, at.all_passes);
    Write(plan.all_passes, channel, p, at.all_passes, wet + 0.5f * out);
    wet = out - wet;
  }
  return wet;
}

void reverb_f32(float* x, int64_t n, const ReverbPlan& plan) {
  const OnePole pole(plan.damping);
  Lanes kept[2][8] = {};
  Places at;
  for (int64_t t = 0; t < n; t += kLanes) {
    const int64_t count = n - t < kLanes ? n - t : kLanes;
    Lanes dry{};
    if (count == kLanes) {
      dry = Load(x + t);
    } else {
      std::memcpy(&dry, x + t, count * sizeof(float));
    }
    dry = ClipToFullScale(dry == dry ? dry : Lanes{});
    Lanes out{};
    for (int c = 0; c < 2; ++c)
      out += ClipToFullScale(dry + plan.wet_gain * RunChannel(plan, c, at, pole, kept[c], dry));
    at = {Advance(plan.combs, at.combs), Advance(plan.all_passes, at.all_passes)};
    out *= 0.5f;
    if (count == kLanes) {
      Store(x + t, out);
    } else {
      std::memcpy(x + t, &out, count * sizeof(float));
    }
  }
}

}  // namespace

const ReverbLoops kReverb = {kLanes, reverb_f32};

}  // namespace clmr::kernels::CLMR_ISA
