// Shared by our C++ files: handles, and the one place where a C++ exception becomes a message for Go.
#pragma once
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cstring>
#include <memory>
#include <string>

#include "native.h"

// Compiled for several instruction sets, the best one chosen when the program starts: one binary for every x86 machine.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define PRLHF_HOT __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define PRLHF_HOT
#endif

namespace prlhf {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

inline Tensor &ref(tensor_t t) { return *static_cast<Tensor *>(t); }
inline Tensor opt(tensor_t t) { return t ? *static_cast<Tensor *>(t) : Tensor(); }
// An autograd function takes a tensor that may be missing as an optional: an undefined one has no device to record.
inline std::optional<Tensor> maybe(tensor_t t) { return t ? std::optional<Tensor>(ref(t)) : std::nullopt; }
inline tensor_t give(Tensor t) { return new Tensor(std::move(t)); }

// libtorch appends a C++ backtrace to its messages; the first line says what happened.
inline char *message(const std::exception &e) {
  std::string text = e.what();
  return strdup(text.substr(0, text.find('\n')).c_str());
}

template <class F> char *guarded(F &&body) {
  try {
    body();
    return nullptr;
  } catch (const std::exception &e) {
    return message(e);
  }
}

} // namespace prlhf
