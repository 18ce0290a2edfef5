#pragma once
// A C++ type on the other side of the boundary: Js<T>::Read makes one of a JavaScript value (`name`
// is what messages call it), Write a JavaScript value of one, and Describe says what lib/ knows
// it as, for `signatures`.
#include <concepts>
#include <optional>
#include <variant>

#include "bindings/abort_flag.h"
#include "bindings/convert.h"
#include "bindings/handle_types.h"
#include "fields.h"

namespace clmr::bindings {

template <class T>
struct Js;

inline Napi::Value Text(Napi::Env env, const std::string& text) { return Napi::String::New(env, text); }

// { [key]: value }
inline Napi::Value Pair(Napi::Env env, const char* key, Napi::Value value) {
  auto object = Napi::Object::New(env);
  object.Set(key, value);
  return object;
}

template <>
struct Js<void> {
  static Napi::Value Describe(Napi::Env env) { return Text(env, "void"); }
};

template <>
struct Js<double> {
  static double Read(Napi::Value js, const char* name) { return ToNumber(js, name); }
  static Napi::Value Write(Napi::Env env, double value) { return Napi::Number::New(env, value); }
  static Napi::Value Describe(Napi::Env env) { return Text(env, "number"); }
};

template <std::integral T>
  requires(!std::same_as<T, bool>)
struct Js<T> {
  static T Read(Napi::Value js, const char* name) { return static_cast<T>(ToInteger(js, name)); }
  static Napi::Value Write(Napi::Env env, T value) {
    return Napi::Number::New(env, static_cast<double>(value));
  }
  static Napi::Value Describe(Napi::Env env) { return Text(env, "integer"); }
};

template <>
struct Js<bool> {
  static bool Read(Napi::Value js, const char* name) { return ToBoolean(js, name); }
  static Napi::Value Write(Napi::Env env, bool value) { return Napi::Boolean::New(env, value); }
  static Napi::Value Describe(Napi::Env env) { return Text(env, "boolean"); }
};

template <>
struct Js<std::string> {
  static std::string Read(Napi::Value js, const char* name) { return ToString(js, name); }
  static Napi::Value Write(Napi::Env env, const std::string& value) { return Text(env, value); }
  static Napi::Value Describe(Napi::Env env) { return Text(env, "string"); }
};

// [min, max]
template <>
struct Js<std::pair<double, double>> {
  static std::pair<double, double> Read(Napi::Value js, const char* name) { return ToRange(js, name); }
  static Napi::Value Write(Napi::Env env, const std::pair<double, double>& range) {
    auto js = Napi::Array::New(env, 2);
    js.Set(0u, range.first);
    js.Set(1u, range.second);
    return js;
  }
  static Napi::Value Describe(Napi::Env env) { return Text(env, "[number, number]"); }
};

// Read in place: RunAsync keeps the arguments of a call alive.
template <>
struct Js<FloatSpan> {
  static FloatSpan Read(Napi::Value js, const char* name) { return ToFloats(js, name); }
  static Napi::Value Describe(Napi::Env env) { return Text(env, "Float32Array"); }
};

template <>
struct Js<Int16Span> {
  static Int16Span Read(Napi::Value js, const char* name) { return ToInt16s(js, name); }
  static Napi::Value Describe(Napi::Env env) { return Text(env, "Int16Array"); }
};

template <>
struct Js<at::Tensor> {
  static Napi::Value Write(Napi::Env env, const at::Tensor& value) { return ToTypedArray(env, value); }
  static Napi::Value Describe(Napi::Env env) { return Text(env, "TypedArray"); }
};

template <>
struct Js<std::vector<double>> {
  static std::vector<double> Read(Napi::Value js, const char* name) { return ToDoubles(js, name); }
  static Napi::Value Describe(Napi::Env env) { return Text(env, "Float64Array"); }
};

template <>
struct Js<std::vector<int32_t>> {
  static std::vector<int32_t> Read(Napi::Value js, const char* name) { return ToInts(js, name); }
  static Napi::Value Describe(Napi::Env env) { return Text(env, "Int32Array"); }
};

template <>
struct Js<NamedTensors> {
  static NamedTensors Read(Napi::Value js, const char* name) { return ToNamedTensors(js, name); }
  static Napi::Value Write(Napi::Env env, const NamedTensors& value) { return ToStateDict(env, value); }
  static Napi::Value Describe(Napi::Env env) { return Text(env, "StateDict"); }
};

template <>
struct Js<std::vector<std::pair<std::string, double>>> {
  static Napi::Value Write(Napi::Env env, const std::vector<std::pair<std::string, double>>& values) {
    auto js = Napi::Object::New(env);
    for (const auto& [name, value] : values) js.Set(name, value);
    return js;
  }
  static Napi::Value Describe(Napi::Env env) { return Text(env, "Record<string, number>"); }
};

template <class T>
struct Js<std::vector<T>> {
  static std::vector<T> Read(Napi::Value js, const char* name) {
    const Napi::Array array = ToArray(js, name);
    std::vector<T> values;
    values.reserve(array.Length());
    for (uint32_t i = 0; i < array.Length(); ++i) {
      Napi::HandleScope scope(js.Env());
      values.push_back(Js<T>::Read(array.Get(i), name));
    }
    return values;
  }
  static Napi::Value Write(Napi::Env env, const std::vector<T>& values) {
    auto array = Napi::Array::New(env, values.size());
    for (uint32_t i = 0; i < values.size(); ++i) {
      Napi::HandleScope scope(env);
      array.Set(i, Js<T>::Write(env, values[i]));
    }
    return array;
  }
  static Napi::Value Describe(Napi::Env env) { return Pair(env, "array", Js<T>::Describe(env)); }
};

template <class T>
struct Js<std::optional<T>> {
  static std::optional<T> Read(Napi::Value js, const char* name) {
    if (js.IsUndefined()) return std::nullopt;
    return Js<T>::Read(js, name);
  }
  static Napi::Value Write(Napi::Env env, const std::optional<T>& value) {
    return value ? Js<T>::Write(env, *value) : env.Undefined();
  }
  static Napi::Value Describe(Napi::Env env) { return Pair(env, "optional", Js<T>::Describe(env)); }
};

// A value of JavaScript that is handed out as it is; T::kType is its type in binding.ts.
template <class T>
concept HandedOut = std::same_as<decltype(T::js), Napi::Value> && requires { T::kType; };
template <HandedOut T>
struct Js<T> {
  static Napi::Value Write(Napi::Env, const T& value) { return value.js; }
  static Napi::Value Describe(Napi::Env env) { return Text(env, T::kType); }
};

struct NewAbortFlag {
  static constexpr const char* kType = "AbortFlag";
  Napi::Value js;
};

template <>
struct Js<std::shared_ptr<AbortFlag>> {
  static std::shared_ptr<AbortFlag> Read(Napi::Value js, const char*) { return AbortFlagObject::FlagOf(js); }
  static Napi::Value Describe(Napi::Env env) { return Text(env, "AbortFlag"); }
};

template <class T>
struct Js<std::shared_ptr<T>> {
  static std::shared_ptr<T> Read(Napi::Value js, const char*) {
    return Handle<T>::Unwrap(js, HandleName<T>::kName);
  }
  static Napi::Value Write(Napi::Env env, const std::shared_ptr<T>& object) {
    return Handle<T>::Wrap(env, object, HandleName<T>::kName, object->Bytes());
  }
  static Napi::Value Describe(Napi::Env env) { return Text(env, HandleName<T>::kType); }
};

// A handle of whatever type.
struct AnyHandle {
  Napi::Value js;
};
template <>
struct Js<AnyHandle> {
  static AnyHandle Read(Napi::Value js, const char*) { return {js}; }
  static Napi::Value Describe(Napi::Env env) { return Text(env, "Handle"); }
};

}  // namespace clmr::bindings
