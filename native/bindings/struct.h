#pragma once
// Structs with a table of fields (fields.h), and variants of them, which an object's `name` chooses from.
#include <string>

#include "bindings/js.h"

namespace clmr::bindings {

template <class S>
concept HasFields = requires {
  S::kName;
  S::Fields();
};

template <class S>
concept HasConstants = requires { S::Constants(); };

inline std::string Listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// ERR_CONFIG for a key of `object` that is not among `known`; what is undefined counts as left out.
void RefuseUnknown(Napi::Object object, const std::vector<std::string>& known, const char* where);

template <class S, class T>
void ReadField(Napi::Object object, const Member<S, T>& field, S& value) {
  const Napi::Value js = object.Get(field.name);
  if (field.optional && js.IsUndefined()) return;
  value.*field.member = Js<T>::Read(js, field.name);
}

template <class S, class T, size_t N>
void ReadField(Napi::Object object, const WordMember<S, T, N>& field, S& value) {
  const std::string given = ToString(object.Get(field.name), field.name);
  std::vector<std::string> known;
  for (const Word<T>& word : field.words) {
    if (given == word.word) {
      value.*field.member = word.value;
      return;
    }
    known.push_back(word.word);
  }
  throw Error("ERR_CONFIG",
              std::string("there is no ") + field.name + " \"" + given + "\", but " + Listed(known));
}

template <class S, class T>
Napi::Value WriteField(Napi::Env env, const Member<S, T>& field, const S& value) {
  return Js<T>::Write(env, value.*field.member);
}

template <class S, class T>
Napi::Value DescribeField(Napi::Env env, const Member<S, T>& field) {
  const Napi::Value kind = Js<T>::Describe(env);
  return field.optional ? Pair(env, "optional", kind) : kind;
}

template <class S, class T, size_t N>
Napi::Value DescribeField(Napi::Env env, const WordMember<S, T, N>& field) {
  auto words = Napi::Array::New(env, N);
  for (uint32_t i = 0; i < N; ++i) words.Set(i, field.words[i].word);
  return Pair(env, "words", words);
}

template <class... T>
Napi::Value DescribeConstants(Napi::Env env, const std::tuple<Constant<T>...>& constants) {
  auto object = Napi::Object::New(env);
  std::apply([&](const auto&... one) { (object.Set(one.name, Js<T>::Write(env, one.value)), ...); },
             constants);
  return object;
}

template <HasFields S>
struct Js<S> {
  // `also`: a key beside the fields, which has been read already
  static S Read(Napi::Value js, const char* name, const char* also = nullptr) {
    const Napi::Object object = ToObject(js, name);
    return std::apply(
        [&](const auto&... field) {
          std::vector<std::string> known{field.name...};
          if (also) known.push_back(also);
          RefuseUnknown(object, known, S::kName);
          S value{};
          (ReadField(object, field, value), ...);
          return value;
        },
        S::Fields());
  }

  static Napi::Value Write(Napi::Env env, const S& value) {
    auto object = Napi::Object::New(env);
    std::apply([&](const auto&... field) { (object.Set(field.name, WriteField(env, field, value)), ...); },
               S::Fields());
    return object;
  }

  // { name, fields: { [field]: kind } }, and where there are constants { constants: { [name]: value } }
  static Napi::Value Describe(Napi::Env env) {
    auto fields = Napi::Object::New(env);
    std::apply([&](const auto&... field) { (fields.Set(field.name, DescribeField(env, field)), ...); },
               S::Fields());
    auto description = Napi::Object::New(env);
    description.Set("name", S::kName);
    description.Set("fields", fields);
    if constexpr (HasConstants<S>) description.Set("constants", DescribeConstants(env, S::Constants()));
    return description;
  }
};

template <HasFields... S>
struct Js<std::variant<S...>> {
  static std::variant<S...> Read(Napi::Value js, const char* name) {
    const std::string chosen = ToString(ToObject(js, name).Get("name"), "name");
    std::optional<std::variant<S...>> value;
    (void)((chosen == S::kName ? (value = Js<S>::Read(js, name, "name"), true) : false) || ...);
    if (value) return *value;
    throw Error("ERR_CONFIG",
                std::string("there is no ") + name + " \"" + chosen + "\", but " + Listed({S::kName...}));
  }
  static Napi::Value Describe(Napi::Env env) {
    auto choices = Napi::Array::New(env);
    uint32_t i = 0;
    (choices.Set(i++, Js<S>::Describe(env)), ...);
    return Pair(env, "choice", choices);
  }
};

}  // namespace clmr::bindings
