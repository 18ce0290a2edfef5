#include "bindings/convert.h"

#include <ATen/ops/empty.h>

#include <cmath>
#include <cstdlib>
#include <cstring>

namespace clmr::bindings {
namespace {

[[noreturn]] void Refuse(const char* name, const char* expected) {
  throw Error("ERR_ARGUMENT", std::string("expected ") + expected + " for " + name);
}

Napi::TypedArray Typed(Napi::Value value, const char* name, napi_typedarray_type type, const char* expected) {
  if (!value.IsTypedArray()) Refuse(name, expected);
  auto array = value.As<Napi::TypedArray>();
  if (array.TypedArrayType() != type) Refuse(name, expected);
  return array;
}

template <class Span>
Span SpanOf(Napi::TypedArray array) {
  void* data = nullptr;
  size_t length = 0;
  napi_get_typedarray_info(array.Env(), array, nullptr, &length, &data, nullptr, nullptr);
  return {static_cast<decltype(Span::data)>(data), static_cast<int64_t>(length)};
}

bool CopiesResults() {
  static const bool copies = [] {
    const char* wanted = std::getenv("CLMR_COPY_RESULTS");
    return wanted && std::strcmp(wanted, "1") == 0;
  }();
  return copies;
}

// An ArrayBuffer over `bytes` of the tensor; copied where external memory is not to be had.
Napi::ArrayBuffer ToArrayBuffer(Napi::Env env, const at::Tensor& tensor) {
  TORCH_CHECK(tensor.is_contiguous() && tensor.is_cpu(), "a result must be contiguous and on the CPU");
  const size_t bytes = tensor.nbytes();
  if (bytes && !CopiesResults()) {
    struct Owner {
      at::Tensor tensor;
      int64_t bytes;
    };
    auto* owner = new Owner{tensor, static_cast<int64_t>(bytes)};
    const auto finalize = [](napi_env env, void*, void* hint) {
      auto* owner = static_cast<Owner*>(hint);
      Napi::MemoryManagement::AdjustExternalMemory(env, -owner->bytes);
      delete owner;
    };
    napi_value buffer;
    if (napi_create_external_arraybuffer(env, tensor.data_ptr(), bytes, finalize, owner, &buffer) ==
        napi_ok) {
      Napi::MemoryManagement::AdjustExternalMemory(env, owner->bytes);
      return Napi::ArrayBuffer(env, buffer);
    }
    delete owner;
  }
  auto copy = Napi::ArrayBuffer::New(env, bytes);
  if (bytes) std::memcpy(copy.Data(), tensor.const_data_ptr(), bytes);
  return copy;
}

}  // namespace

FloatSpan ToFloats(Napi::Value value, const char* name) {
  return SpanOf<FloatSpan>(Typed(value, name, napi_float32_array, "a Float32Array"));
}

Int16Span ToInt16s(Napi::Value value, const char* name) {
  return SpanOf<Int16Span>(Typed(value, name, napi_int16_array, "an Int16Array"));
}

std::vector<double> ToDoubles(Napi::Value value, const char* name) {
  auto array = Typed(value, name, napi_float64_array, "a Float64Array").As<Napi::Float64Array>();
  return {array.Data(), array.Data() + array.ElementLength()};
}

std::vector<int32_t> ToInts(Napi::Value value, const char* name) {
  auto array = Typed(value, name, napi_int32_array, "an Int32Array").As<Napi::Int32Array>();
  return {array.Data(), array.Data() + array.ElementLength()};
}

double ToNumber(Napi::Value value, const char* name) {
  if (!value.IsNumber()) Refuse(name, "a number");
  return value.As<Napi::Number>().DoubleValue();
}

int64_t ToInteger(Napi::Value value, const char* name) {
  const double number = ToNumber(value, name);
  if (std::nearbyint(number) != number || std::abs(number) > 9007199254740991.0) Refuse(name, "an integer");
  return static_cast<int64_t>(number);
}

std::string ToString(Napi::Value value, const char* name) {
  if (!value.IsString()) Refuse(name, "a string");
  return value.As<Napi::String>().Utf8Value();
}

bool ToBoolean(Napi::Value value, const char* name) {
  if (!value.IsBoolean()) Refuse(name, "a boolean");
  return value.As<Napi::Boolean>().Value();
}

Napi::Object ToObject(Napi::Value value, const char* name) {
  if (!value.IsObject()) Refuse(name, "an object");
  return value.As<Napi::Object>();
}

Napi::Array ToArray(Napi::Value value, const char* name) {
  if (!value.IsArray()) Refuse(name, "an array");
  return value.As<Napi::Array>();
}

std::pair<double, double> ToRange(Napi::Value value, const char* name) {
  if (!value.IsArray() || value.As<Napi::Array>().Length() != 2) Refuse(name, "a [min, max] pair");
  auto pair = value.As<Napi::Array>();
  return {ToNumber(pair.Get(0u), name), ToNumber(pair.Get(1u), name)};
}

Napi::Value ToTypedArray(Napi::Env env, const at::Tensor& tensor) {
  const size_t size = tensor.numel();
  switch (tensor.scalar_type()) {
    case at::kFloat:
      return Napi::Float32Array::New(env, size, ToArrayBuffer(env, tensor), 0);
    case at::kInt:
      return Napi::Int32Array::New(env, size, ToArrayBuffer(env, tensor), 0);
    default:
      throw Error("ERR_INTERNAL", "a result must be float32 or int32");
  }
}

NamedTensors ToNamedTensors(Napi::Value state, const char* name) {
  if (!state.IsObject()) Refuse(name, "an object of named tensors");
  auto object = state.As<Napi::Object>();
  auto keys = object.GetPropertyNames();
  NamedTensors tensors;
  for (uint32_t i = 0; i < keys.Length(); ++i) {
    const std::string key = keys.Get(i).As<Napi::String>().Utf8Value();
    auto entry = ToObject(object.Get(key), key.c_str());
    auto shape_js = ToArray(entry.Get("shape"), "shape");
    std::vector<int64_t> shape;
    int64_t numel = 1;
    for (uint32_t d = 0; d < shape_js.Length(); ++d) {
      shape.push_back(ToInteger(shape_js.Get(d), "shape"));
      numel *= shape.back();
    }
    const FloatSpan data = ToFloats(entry.Get("data"), key.c_str());
    if (data.size != numel)
      throw Error("ERR_SHAPE", key + " holds " + std::to_string(data.size) + " values, its shape says " +
                                   std::to_string(numel));
    at::Tensor tensor = at::empty(shape, at::kFloat);
    if (numel) std::memcpy(tensor.data_ptr(), data.data, numel * sizeof(float));
    tensors.emplace_back(key, std::move(tensor));
  }
  return tensors;
}

Napi::Value ToStateDict(Napi::Env env, const NamedTensors& tensors) {
  auto object = Napi::Object::New(env);
  for (const auto& [name, tensor] : tensors) {
    auto entry = Napi::Object::New(env);
    auto shape = Napi::Array::New(env, tensor.dim());
    for (int64_t d = 0; d < tensor.dim(); ++d)
      shape.Set(static_cast<uint32_t>(d), Napi::Number::New(env, tensor.size(d)));
    entry.Set("shape", shape);
    entry.Set("data", ToTypedArray(env, tensor));
    object.Set(name, entry);
  }
  return object;
}

}  // namespace clmr::bindings
