#pragma once
// JavaScript values → C++ values and back. A wrong type is an Error with ERR_ARGUMENT
// that names the parameter.
#include <ATen/core/Tensor.h>
#include <napi.h>

#include <string>
#include <utility>
#include <vector>

#include "error.h"
#include "model/sample_cnn.h"

namespace clmr::bindings {

// A typed array's memory, read in place. Keep the JavaScript value alive
// (RunAsync's `keep`) while it is used.
struct FloatSpan {
  float* data;
  int64_t size;
};

struct Int16Span {
  int16_t* data;
  int64_t size;
};

FloatSpan ToFloats(Napi::Value value, const char* name);
Int16Span ToInt16s(Napi::Value value, const char* name);
std::vector<double> ToDoubles(Napi::Value float64_array, const char* name);
std::vector<int32_t> ToInts(Napi::Value int32_array, const char* name);
double ToNumber(Napi::Value value, const char* name);
int64_t ToInteger(Napi::Value value, const char* name);
std::string ToString(Napi::Value value, const char* name);
bool ToBoolean(Napi::Value value, const char* name);
Napi::Object ToObject(Napi::Value value, const char* name);
Napi::Array ToArray(Napi::Value value, const char* name);
std::pair<double, double> ToRange(Napi::Value min_max, const char* name);

// A Float32Array or Int32Array over the tensor's memory (contiguous, on the CPU):
// no copy, weighed, freed with the array. Where the engine forbids external memory (Electron)
// or CLMR_COPY_RESULTS=1 is set, a copy.
Napi::Value ToTypedArray(Napi::Env env, const at::Tensor& tensor);

// Named tensors in order, as StateDict of binding.ts. Reading copies; order is that of the object's keys.
using clmr::NamedTensors;
NamedTensors ToNamedTensors(Napi::Value state, const char* name);
Napi::Value ToStateDict(Napi::Env env, const NamedTensors& tensors);

}  // namespace clmr::bindings
