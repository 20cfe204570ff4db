// Makes gotch v0.9.1, written against libtorch 2.1, compile against libtorch 2.11 without touching gotch.
//
// scripts/go passes this file with -include to every C++ compilation. It does something only in gotch's own
// translation unit, known by the header that lies beside it; our files see an empty header and stay cheap to compile.
//
// gotch writes torch::op(...). A function declared in namespace torch itself is preferred over the one that namespace
// at lends to it, so each overload below takes gotch's old argument list and calls today's op.
//
// Go's build cache does not look into this file: raise -DGOTCH_COMPAT in scripts/go when you change it.
#pragma once
#if defined(__cplusplus) && defined(__has_include)
#if __has_include("torch_api_generated.cpp.h")

#include <optional>
#include <stdexcept>
#include <tuple>

#include <torch/torch.h>

namespace torch {

// libtorch 2.11 put alpha and out_dtype between bias and transpose_result.
inline at::Tensor _cslt_sparse_mm(const at::Tensor &compressed, const at::Tensor &dense, const at::Tensor &bias,
                                  bool transpose_result) {
  std::optional<at::Tensor> maybe_bias;
  if (bias.defined()) maybe_bias = bias;
  return at::_cslt_sparse_mm(compressed, dense, maybe_bias, {}, std::nullopt, transpose_result);
}

// The two scaled products mean something else now. prlhf does not call them; nobody should get a wrong answer.
[[noreturn]] inline void gone(const char *op) {
  throw std::runtime_error(std::string(op) + " has another meaning since libtorch 2.1 and is not available here");
}
inline std::tuple<at::Tensor, at::Tensor> _scaled_mm(const at::Tensor &, const at::Tensor &, const at::Tensor &,
                                                     std::optional<at::ScalarType>, const at::Tensor &,
                                                     const at::Tensor &, const at::Tensor &) {
  gone("_scaled_mm");
}
inline std::tuple<at::Tensor, at::Tensor> _scaled_mm_out(at::Tensor &, at::Tensor &, const at::Tensor &,
                                                         const at::Tensor &, const at::Tensor &,
                                                         std::optional<at::ScalarType>, const at::Tensor &,
                                                         const at::Tensor &, const at::Tensor &) {
  gone("_scaled_mm_out");
}

// "No mask" reaches us as an undefined tensor; 2.11 asks whether the optional has a value, not whether it is defined.
inline at::Tensor scaled_dot_product_attention(const at::Tensor &query, const at::Tensor &key, const at::Tensor &value,
                                               const at::Tensor &mask, double dropout, bool causal,
                                               std::optional<double> scale) {
  std::optional<at::Tensor> maybe_mask;
  if (mask.defined()) maybe_mask = mask;
  return at::scaled_dot_product_attention(query, key, value, maybe_mask, dropout, causal, scale);
}

} // namespace torch

#endif
#endif
