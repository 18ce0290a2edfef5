// Freeverb as sox runs it; its lengths and the mapping of its parameters: shapes.h.
#include <array>
#include <cmath>

#include "kernels/augment/reference.h"
#include "kernels/augment/shapes.h"

namespace clmr::kernels::reference {
namespace {

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
  const ReverbLines lengths = ReverbLinesAt(sample_rate, room_size);
  std::array<Channel, 2> channels;
  size_t total = 0;
  for (int c = 0; c < 2; ++c) {
    for (size_t i = 0; i < 8; ++i) total += channels[c].combs[i].length = lengths.combs[c][i];
    for (size_t i = 0; i < 4; ++i) total += channels[c].all_passes[i].length = lengths.all_passes[c][i];
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

}  // namespace

void reverb_f32(float* x, int64_t n, double sample_rate, const ReverbParameters& parameters) {
  std::vector<float> memory;
  auto channels = MakeChannels(sample_rate, parameters.room_size, memory);
  const float feedback = ReverbFeedback(parameters.reverberance);
  const float damping = ReverbDamping(parameters.damping);
  for (int64_t t = 0; t < n; ++t) {
    const float dry = clip_to_full_scale(std::isnan(x[t]) ? 0.0f : x[t]);
    float mixed = 0;
    for (Channel& channel : channels) {
      float wet = 0;
      for (Line& line : channel.combs) wet += line.Comb(dry, feedback, damping);
      for (int i = 3; i >= 0; --i) wet = channel.all_passes[i].AllPass(wet);
      mixed += clip_to_full_scale(dry + kReverbWetGain * wet);
    }
    x[t] = 0.5f * mixed;
  }
}

}  // namespace clmr::kernels::reference
