#pragma once
// SampleCNN's layers. The first is Conv1d(3) of stride 3; each stride s then means Conv1d(s, padding 1)
// and MaxPool1d(s), as in CLMR's SampleCNN(strides); the last keeps its channels. All: batch norm, ReLU.
#include <cstdint>
#include <tuple>
#include <vector>

#include "fields.h"

namespace clmr {

struct Architecture {
  static constexpr const char* kName = "ArchitectureSpec";
  std::vector<int64_t> strides;
  std::vector<int64_t> channels;  // that leave the first layer and each that pools: one more than strides
  int64_t clip_length;            // samples, of which the layers leave one step

  static auto Fields() {
    return std::tuple(Field("strides", &Architecture::strides), Field("channels", &Architecture::channels),
                      Field("clipLength", &Architecture::clip_length));
  }

  int64_t EmbeddingSize() const { return channels.back(); }
};

// CLMR's: 59,049 samples → 512 numbers.
Architecture ClmrArchitecture();

// Throws ERR_CONFIG where not every layer has a number of channels, or where they do not leave one step.
void Check(const Architecture& architecture);

}  // namespace clmr
