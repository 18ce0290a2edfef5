#pragma once
// A chain of augmentations: draw the parameters of every view, then apply them. Drawing looks only at
// (seed, step, row, place in the chain); applying is pure.
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "error.h"

namespace clmr {

// TransformSpec of binding.ts
using SpecValue = std::variant<double, std::pair<double, double>, std::string>;
struct TransformSpec {
  std::string name;
  double p = 1;
  std::map<std::string, SpecValue> parameters;
};

struct ChainSpec {
  std::vector<TransformSpec> transforms;
  int64_t views = 2;
  int64_t clip_length = 59049;
  double sample_rate = 22050;
  uint64_t seed = 42;
};

// AppliedTransformRecord of binding.ts
struct AppliedTransform {
  std::string name;
  bool applied = false;
  std::map<std::string, std::variant<double, std::string>> parameters;
};
using ViewParameters = std::vector<AppliedTransform>;  // one view, in chain order

class Chain {
 public:
  // Throws ERR_CONFIG for an unknown transform or parameter (the facade has checked before).
  explicit Chain(ChainSpec spec);
  const ChainSpec& spec() const { return spec_; }

  // The parameters of n·V rows for a batch of rows of `length` samples.
  std::vector<ViewParameters> Draw(int64_t n, int64_t length, uint32_t step) const;

  // batch [n, length] float32 → views [n·V, clip_length], row = example·V + view, written to `out`. Rows run
  // in parallel; the bits of a row depend on nothing but its input and parameters.
  void Apply(const float* batch, int64_t n, int64_t length, const std::vector<ViewParameters>& parameters,
             float* out, const AbortFlag& abort) const;

 private:
  ChainSpec spec_;
};

}  // namespace clmr
