#pragma once
// A chain of augmentations: draw the parameters of every view, then apply them. Drawing looks only at
// (seed, step, row, place in the chain); applying is pure.
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "error.h"
#include "fields.h"

namespace clmr {

// A transform of lib/augment/transforms.ts; which parameters it takes is said in augment/transform.h.
using SpecValue = std::variant<double, std::pair<double, double>, std::string>;
struct TransformSpec {
  std::string name;
  double p = 1;
  std::map<std::string, SpecValue> parameters;
};

struct ChainSpec {
  static constexpr const char* kName = "ChainSpec";
  std::vector<TransformSpec> transforms;
  int64_t views;
  int64_t clip_length;  // samples of a view
  double sample_rate;   // Hz
  uint64_t seed;
  std::string device = "auto";  // of Chain::Apply; a trainer augments where it trains

  static auto Fields() {
    return std::tuple(Field("transforms", &ChainSpec::transforms), Field("views", &ChainSpec::views),
                      Field("clipLength", &ChainSpec::clip_length),
                      Field("sampleRate", &ChainSpec::sample_rate), Field("seed", &ChainSpec::seed),
                      OptionalField("device", &ChainSpec::device));
  }
};

// AppliedTransform of binding.ts
struct AppliedTransform {
  std::string name;
  bool applied = false;
  std::map<std::string, std::variant<double, std::string>> parameters;
};
using ViewParameters = std::vector<AppliedTransform>;  // one view, in chain order

class Chain {
 public:
  // Throws ERR_CONFIG for an unknown transform or parameter (the facade has checked before).
  // crop_seed: of the places where views begin, where it is not the chain's own seed.
  explicit Chain(ChainSpec spec, std::optional<uint64_t> crop_seed = std::nullopt);
  const ChainSpec& spec() const { return spec_; }

  // Where each of the n·V views begins in its example of lengths[i] samples:
  // drawn for every view where the chain has randomCrop, otherwise once for all views of an example.
  // In one that is shorter than a view it is 0.
  std::vector<int64_t> DrawStarts(const std::vector<int64_t>& lengths, uint32_t step) const;

  // The parameters of n·V rows for a batch of rows of `length` samples.
  std::vector<ViewParameters> Draw(int64_t n, int64_t length, uint32_t step) const;

  // batch [n, length] float32 → views [n·V, clip_length], row = example·V + view, written to `out`. Rows run
  // in parallel; the bits of a row depend on nothing but its input and parameters. On the device of the spec.
  void Apply(const float* batch, int64_t n, int64_t length, const std::vector<ViewParameters>& parameters,
             float* out, const AbortFlag& abort) const;

  // crops [n·V, clip_length], cut out already → views [n·V, clip_length]: the rest of the chain, as Draw and
  // Apply have it for the examples that the crops are of.
  void AugmentCrops(const float* crops, int64_t n, uint32_t step, float* out, const AbortFlag& abort) const;

 private:
  bool Crops() const;
  // As Apply, on a device.
  void ApplyThere(c10::Device device, const float* batch, int64_t n, int64_t length,
                  const std::vector<ViewParameters>& parameters, float* out, const AbortFlag& abort) const;
  // Row r of `out` from row r / views of `batch`.
  void Run(const float* batch, int64_t length, int64_t views, const std::vector<ViewParameters>& parameters,
           float* out, const AbortFlag& abort) const;

  ChainSpec spec_;
  uint64_t crop_seed_;
};

}  // namespace clmr
