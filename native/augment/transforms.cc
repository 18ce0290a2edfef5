// The list of transforms, and the checks that all of them share.
#include <algorithm>
#include <cmath>

#include "augment/transform.h"

namespace clmr::augment {

// Each in its file. Leaked on purpose, as all static objects are: see bindings/shutdown.h.
extern const TransformType &kRandomCrop, &kPolarityInversion, &kNoise, &kGain, &kLowPass, &kHighPass,
    &kHighLowPass, &kDelay, &kPitchShift, &kReverb, &kReverse, &kCustom;

namespace {

std::string KnownNames() {
  std::string names;
  for (const TransformType* type : AllTransforms())
    names += (names.empty() ? "" : ", ") + std::string(type->name);
  return names;
}

const SpecValue& Option(const TransformSpec& spec, const char* name) {
  const auto found = spec.parameters.find(name);
  if (found == spec.parameters.end()) throw Error("ERR_CONFIG", spec.name + " lacks its option " + name);
  return found->second;
}

void CheckNumber(const AppliedParameter& parameter, double value, const std::string& where) {
  const bool in_range = value >= parameter.min && value <= parameter.max;
  if (!in_range || (parameter.integer && std::floor(value) != value))
    throw Error("ERR_ARGUMENT",
                where + ": " + parameter.name + " is " + std::to_string(value) + ", which is out of range");
}

void CheckWord(const AppliedParameter& parameter, const std::string& word, const std::string& where) {
  if (std::find(parameter.words.begin(), parameter.words.end(), word) == parameter.words.end())
    throw Error("ERR_ARGUMENT", where + ": " + parameter.name + " cannot be \"" + word + "\"");
}

void CheckCutoff(double cutoff, double sample_rate, const char* code, const std::string& where) {
  if (!(cutoff <= sample_rate / 2))
    throw Error(code,
                where + ": a cut-off of " + std::to_string(cutoff) + " Hz lies above half the sample rate");
}

}  // namespace

const std::vector<const TransformType*>& AllTransforms() {
  static const auto& all = *new std::vector<const TransformType*>{
      &kRandomCrop, &kPolarityInversion, &kNoise,  &kGain,    &kLowPass, &kHighPass, &kHighLowPass,
      &kDelay,      &kPitchShift,        &kReverb, &kReverse, &kCustom};
  return all;
}

const TransformType* FindTransform(const std::string& name) {
  for (const TransformType* type : AllTransforms())
    if (name == type->name) return type;
  return nullptr;
}

void CheckSpec(const TransformSpec& spec, double sample_rate) {
  const TransformType* type = FindTransform(spec.name);
  if (!type) throw Error("ERR_CONFIG", "there is no transform \"" + spec.name + "\", but " + KnownNames());
  if (!(spec.p >= 0 && spec.p <= 1)) throw Error("ERR_CONFIG", spec.name + ": p must lie between 0 and 1");
  for (const auto& [name, value] : spec.parameters) {
    const auto known = [&name = name](const TransformOption& option) { return name == option.name; };
    const auto option = std::ranges::find_if(type->options, known);
    if (option == type->options.end()) throw Error("ERR_CONFIG", spec.name + " has no option " + name);
    if (value.index() != static_cast<size_t>(option->kind))
      throw Error("ERR_CONFIG", spec.name + ": " + name + " is of another kind than expected");
    const auto* range = std::get_if<std::pair<double, double>>(&value);
    if (range && !(range->first <= range->second))
      throw Error("ERR_CONFIG", spec.name + ": the range of " + name + " is reversed");
    if (range && (name == "cutoff" || name == "lowPass" || name == "highPass"))
      CheckCutoff(range->second, sample_rate, "ERR_CONFIG", spec.name);
  }
}

void CheckApplied(const AppliedTransform& applied, double sample_rate, const std::string& where) {
  const TransformType* type = FindTransform(applied.name);
  if (!type)
    throw Error("ERR_ARGUMENT",
                where + ": there is no transform \"" + applied.name + "\", but " + KnownNames());
  const std::string at = where + " (" + applied.name + ")";
  if (type == &kCustom)
    throw Error("ERR_ARGUMENT", at + ": a transform in JavaScript cannot be applied here");
  for (const AppliedParameter& parameter : type->parameters) {
    const auto found = applied.parameters.find(parameter.name);
    if (found == applied.parameters.end()) throw Error("ERR_ARGUMENT", at + " lacks " + parameter.name);
    if (parameter.words.empty()) {
      CheckNumber(parameter, NumberParameter(applied, parameter.name), at);
    } else {
      CheckWord(parameter, WordParameter(applied, parameter.name), at);
    }
    if (std::string(parameter.name) == "cutoff")
      CheckCutoff(NumberParameter(applied, "cutoff"), sample_rate, "ERR_ARGUMENT", at);
  }
}

double NumberOption(const TransformSpec& spec, const char* name) {
  if (const auto* number = std::get_if<double>(&Option(spec, name))) return *number;
  throw Error("ERR_CONFIG", spec.name + ": expected a number for " + name);
}

std::pair<double, double> RangeOption(const TransformSpec& spec, const char* name) {
  if (const auto* range = std::get_if<std::pair<double, double>>(&Option(spec, name))) return *range;
  throw Error("ERR_CONFIG", spec.name + ": expected a [min, max] pair for " + name);
}

std::string WordOption(const TransformSpec& spec, const char* name) {
  if (const auto* word = std::get_if<std::string>(&Option(spec, name))) return *word;
  throw Error("ERR_CONFIG", spec.name + ": expected a string for " + name);
}

bool HasOption(const TransformSpec& spec, const char* name) { return spec.parameters.count(name) > 0; }

double NumberParameter(const AppliedTransform& applied, const char* name) {
  const auto found = applied.parameters.find(name);
  if (found != applied.parameters.end())
    if (const auto* number = std::get_if<double>(&found->second)) return *number;
  throw Error("ERR_ARGUMENT", applied.name + ": expected a number for " + name);
}

std::string WordParameter(const AppliedTransform& applied, const char* name) {
  const auto found = applied.parameters.find(name);
  if (found != applied.parameters.end())
    if (const auto* word = std::get_if<std::string>(&found->second)) return *word;
  throw Error("ERR_ARGUMENT", applied.name + ": expected a string for " + name);
}

double DrawUniform(const TransformSpec& spec, const char* option, random::Stream& stream) {
  const auto [low, high] = RangeOption(spec, option);
  return stream.Uniform(low, high);
}

double DrawInteger(const TransformSpec& spec, const char* option, random::Stream& stream) {
  const auto [low, high] = RangeOption(spec, option);
  const auto first = static_cast<int64_t>(std::ceil(low)), last = static_cast<int64_t>(std::floor(high));
  if (first > last)
    throw Error("ERR_CONFIG", spec.name + ": the range of " + option + " holds no whole number");
  return static_cast<double>(stream.Integer(first, last));
}

}  // namespace clmr::augment
