#pragma once
// What a transform is: its parameters, how they are drawn, how they are applied. One file each;
// transforms.cc lists them.
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "augment/chain.h"
#include "kernels/augment/augment.h"
#include "random/philox.h"

namespace clmr::augment {

struct DrawContext {
  int64_t start;  // where the view begins, if the chain crops
};

// A view, transformed in place.
struct Row {
  float* samples;
  int64_t n;
  double sample_rate;
  kernels::AugmentScratch& scratch;
};

// The numbers of the rows of a batch, kind by kind: on the host, and beside the batch, [kinds, R].
struct BatchNumbers {
  double sample_rate;
  const std::vector<std::vector<double>>& host;
  at::Tensor there;
  at::Tensor Column(int64_t kind) const { return there[kind].unsqueeze(1); }
};

// A parameter of an AppliedTransform: a number from min to max (a whole one where it says so),
// or one of `words`.
struct AppliedParameter {
  const char* name;
  double min = 0, max = 0;
  bool integer = false;
  std::vector<std::string> words = {};
};

// An option of a TransformSpec. The kinds are those of SpecValue, in its order.
enum class OptionKind { number, range, word };
struct TransformOption {
  const char* name;
  OptionKind kind;
};

struct TransformType {
  const char* name;
  std::vector<TransformOption> options = {};  // beside p
  std::vector<AppliedParameter> parameters = {};
  // Draws every parameter, always in the same order, whether the transform will be applied or not; nothing
  // where there are none.
  void (*draw)(const TransformSpec& spec, const DrawContext& context, random::Stream& stream,
               AppliedTransform& drawn) = [](const TransformSpec&, const DrawContext&, random::Stream&,
                                             AppliedTransform&) {};
  // `applied` has been checked. One of the two, but for `custom` and the crop, which decides where the row is
  // read: `apply` transforms the row; `fold` puts the transform into the pass that reads it, or says false
  // where it has no place there.
  void (*apply)(const AppliedTransform& applied, Row& row) = nullptr;
  bool (*fold)(const AppliedTransform& applied, double sample_rate, kernels::PointwisePass& pass) = nullptr;
  // On many rows at once (augment/batch.h): what `batch` takes of each row as numbers, always as many, or
  // none where the row stays as it is; and rows [R, T] → [R, T]. Not for `custom` and the crop.
  std::optional<std::vector<double>> (*numbers)(const AppliedTransform& applied,
                                                double sample_rate) = nullptr;
  at::Tensor (*batch)(const at::Tensor& x, const BatchNumbers& numbers) = nullptr;
};

const std::vector<const TransformType*>& AllTransforms();
// nullptr for an unknown name
const TransformType* FindTransform(const std::string& name);

// ERR_CONFIG for an unknown transform or option, a missing option, one of the wrong kind,
// a cut-off above half the sample rate.
void CheckSpec(const TransformSpec& spec, double sample_rate);
// ERR_ARGUMENT for an unknown transform, one that is written in JavaScript, or a parameter that is missing or
// out of range; `where` is for the message.
void CheckApplied(const AppliedTransform& applied, double sample_rate, const std::string& where);

// Option and parameter access; they throw where a check was left out.
double NumberOption(const TransformSpec& spec, const char* name);
std::pair<double, double> RangeOption(const TransformSpec& spec, const char* name);
std::string WordOption(const TransformSpec& spec, const char* name);
bool HasOption(const TransformSpec& spec, const char* name);
double NumberParameter(const AppliedTransform& applied, const char* name);
std::string WordParameter(const AppliedTransform& applied, const char* name);

// One value from an option's range.
double DrawUniform(const TransformSpec& spec, const char* option, random::Stream& stream);
double DrawInteger(const TransformSpec& spec, const char* option, random::Stream& stream);

}  // namespace clmr::augment
