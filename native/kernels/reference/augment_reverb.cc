// Freeverb (Jezar at Dreampoint, public domain) as sox runs it: the lengths of its delay lines at 44,100 Hz, the mapping of
// its three parameters, the spread of 12 samples between the channels with alternating signs.
#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/reference/augment.h"

namespace clmr::kernels::reference {
namespace {

constexpr std::array<int, 8> kCombs{1116, 1188, 1277, 1356, 1422, 1491, 1557, 1617};
constexpr std::array<int, 4> kAllPasses{225, 341, 441, 556};
constexpr double kStereoSpread = 12;
constexpr float kWetGain = 0.015f;

struct Line {
  float* samples;
  int length;
  int at = 0;
  float kept = 0;  // the low-pass in a comb's feedback

  float Comb(float in, float feedback, float damping) {
    const float out = samples[at];
    kept = out + (kept - out) * damping;
    Write(in + kept * feedback);
    return out;
  }
  float AllPass(float in) {
    const float out = samples[at];
    Write(in + out * 0.5f);
    return out - in;
  }
  void Write(float value) {
    samples[at] = value;
    if (++at == length) at = 0;
  }
};

struct Channel {
  std::array<Line, 8> combs;
  std::array<Line, 4> all_passes;
};

std::array<Channel, 2> MakeChannels(double sample_rate, double room_size, std::vector<float>& memory) {
  const double rate = sample_rate / 44100, scale = room_size / 100 * 0.9 + 0.1;
  std::array<Channel, 2> channels;
  size_t total = 0;
  const auto length = [&](double samples) {
    const int n = std::max(1, static_cast<int>(samples + 0.5));
    total += n;
    return n;
  };
  for (int c = 0; c < 2; ++c) {
    double spread = kStereoSpread * c;
    for (size_t i = 0; i < kCombs.size(); ++i, spread = -spread)
      channels[c].combs[i].length = length(scale * rate * (kCombs[i] + spread));
    for (size_t i = 0; i < kAllPasses.size(); ++i, spread = -spread)
      channels[c].all_passes[i].length = length(rate * (kAllPasses[i] + spread));
  }
  memory.assign(total, 0.0f);
  float* next = memory.data();
  const auto place = [&next](Line& line) {
    line.samples = next;
    next += line.length;
  };
  for (Channel& channel : channels) {
    for (Line& line : channel.combs) place(line);
    for (Line& line : channel.all_passes) place(line);
  }
  return channels;
}

// 0 → a feedback of 0.7, 100 → 0.98, exponential between
float Feedback(double reverberance) {
  const double a = -1 / std::log(1 - 0.3), b = 100 / (std::log(1 - 0.98) * a + 1);
  return static_cast<float>(1 - std::exp((reverberance - b) / (a * b)));
}

}  // namespace

void reverb_f32(float* x, int64_t n, double sample_rate, const ReverbParameters& parameters, ReverbScratch& scratch) {
  auto channels = MakeChannels(sample_rate, parameters.room_size, scratch.lines);
  const float feedback = Feedback(parameters.reverberance);
  const float damping = static_cast<float>(parameters.damping / 100 * 0.3 + 0.2);
  for (int64_t t = 0; t < n; ++t) {
    const float dry = clip_to_full_scale(std::isnan(x[t]) ? 0.0f : x[t]);
    float mixed = 0;
    for (Channel& channel : channels) {
      float wet = 0;
      for (Line& line : channel.combs) wet += line.Comb(dry, feedback, damping);
      for (int i = 3; i >= 0; --i) wet = channel.all_passes[i].AllPass(wet);
      mixed += clip_to_full_scale(dry + kWetGain * wet);
    }
    x[t] = 0.5f * mixed;
  }
}

}  // namespace clmr::kernels::reference
