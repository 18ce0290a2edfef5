#include "model/architecture.h"

#include <algorithm>
#include <string>

#include "error.h"
#include "kernels/sample_cnn/sample_cnn.h"

namespace clmr {

Architecture ClmrArchitecture() {
  return {std::vector<int64_t>(kChannels.size() - 3, kPool),
          {kChannels.begin() + 1, kChannels.end() - 1},
          kClipLength};
}

void Check(const Architecture& architecture) {
  const auto& [strides, channels, clip_length] = architecture;
  const auto positive = [](int64_t n) { return n > 0; };
  if (channels.size() != strides.size() + 1 || !std::ranges::all_of(channels, positive) ||
      !std::ranges::all_of(strides, positive))
    throw Error("ERR_CONFIG", "SampleCNN needs channels for its first layer and for each stride");
  int64_t steps = clip_length / 3;
  for (const int64_t stride : strides) steps = std::max<int64_t>(steps + 3 - stride, 0) / stride;
  if (steps != 1)
    throw Error("ERR_CONFIG", "of " + std::to_string(clip_length) + " samples the layers leave " +
                                  std::to_string(steps) + " steps instead of one");
}

}  // namespace clmr
