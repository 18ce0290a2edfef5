#pragma once
// A C++ function as one of the export table: its parameters are read by their types (js.h), its result is
// written back, exceptions become JavaScript errors, and what it takes is told by `signatures`.
#include <array>
#include <functional>
#include <tuple>
#include <type_traits>

#include "bindings/async_work.h"
#include "bindings/guard.h"
#include "bindings/struct.h"

namespace clmr::bindings {

// One call from JavaScript.
struct Call {
  Napi::Env env;
  std::vector<Napi::Value> arguments;  // kept alive until the promise of the call settles
};

// The promise of a T.
template <class T>
struct Promise {
  Napi::Value js;
};

// Runs `work(abort)` off the JavaScript thread, where it may read the arguments in place but touches no
// JavaScript value; its result is written when it is done.
template <class F>
auto Async(const Call& call, std::shared_ptr<AbortFlag> abort, F work) {
  using T = std::invoke_result_t<F, const AbortFlag&>;
  auto execute = [work = std::move(work)](const AbortFlag& abort) -> Finish {
    if constexpr (std::is_void_v<T>) {
      work(abort);
      return [](Napi::Env env) { return env.Undefined(); };
    } else {
      return [result = work(abort)](Napi::Env env) { return Js<T>::Write(env, result); };
    }
  };
  return Promise<T>{RunAsync(call.env, std::move(abort), call.arguments, std::move(execute))};
}

// Without an abort flag of the caller's: the work ends with the environment only.
template <class F>
auto Async(const Call& call, F work) {
  return Async(call, std::make_shared<AbortFlag>(false), std::move(work));
}

template <class T>
struct Js<Promise<T>> {
  static Napi::Value Write(Napi::Env, const Promise<T>& promise) { return promise.js; }
  static Napi::Value Describe(Napi::Env env) { return Pair(env, "promise", Js<T>::Describe(env)); }
};

// What a function takes and gives. One entry a name, whatever environment exports it.
using Describe = std::function<Napi::Value(Napi::Env)>;
void Remember(const std::string& name, Describe describe);

// All of them by name: { parameters: [{ name, kind }], result }.
struct Signatures {
  Napi::Value js;
};
Signatures AllSignatures(Napi::Env env);
template <>
struct Js<Signatures> {
  static Napi::Value Write(Napi::Env, const Signatures& signatures) { return signatures.js; }
  static Napi::Value Describe(Napi::Env env) { return Text(env, "Signatures"); }
};

template <class R, class... A>
struct Exported {
  using Function = R (*)(const Call&, A...);
  using Names = std::array<const char*, sizeof...(A)>;

  template <size_t... I>
  static Napi::Value Invoke(const Napi::CallbackInfo& info, Function function, const Names& names,
                            std::index_sequence<I...>) {
    const Call call{info.Env(), {info[I]...}};
    // braces: from left to right, so that the first wrong argument is the one that is named
    std::tuple<std::decay_t<A>...> arguments{Js<std::decay_t<A>>::Read(info[I], names[I])...};
    const auto run = [&](auto&... argument) { return function(call, std::move(argument)...); };
    if constexpr (std::is_void_v<R>) {
      std::apply(run, arguments);
      return info.Env().Undefined();
    } else {
      return Js<R>::Write(info.Env(), std::apply(run, arguments));
    }
  }

  // { parameters: [{ name, kind }], result }
  template <size_t... I>
  static Napi::Value Describe(Napi::Env env, const Names& names, std::index_sequence<I...>) {
    auto parameters = Napi::Array::New(env, sizeof...(A));
    [[maybe_unused]] const auto add = [&](uint32_t i, const char* name, Napi::Value kind) {
      auto parameter = Napi::Object::New(env);
      parameter.Set("name", name);
      parameter.Set("kind", kind);
      parameters.Set(i, parameter);
    };
    (add(I, names[I], Js<std::decay_t<A>>::Describe(env)), ...);
    auto description = Napi::Object::New(env);
    description.Set("parameters", parameters);
    description.Set("result", Js<R>::Describe(env));
    return description;
  }
};

// exports[name] = function; `parameters` as binding.ts calls them
template <class R, class... A>
void Export(Napi::Object exports, const char* name, R (*function)(const Call&, A...),
            const std::array<const char*, sizeof...(A)>& parameters) {
  using Types = Exported<R, A...>;
  constexpr auto places = std::index_sequence_for<A...>();
  const auto call = [=](const Napi::CallbackInfo& info) -> Napi::Value {
    return Guarded(info, [&] { return Types::Invoke(info, function, parameters, places); });
  };
  exports.Set(name, Napi::Function::New(exports.Env(), call, name));
  Remember(name, [=](Napi::Env env) { return Types::Describe(env, parameters, places); });
}

}  // namespace clmr::bindings
