// What the kernels of a GPU would have computed, computed by the CPU (see libcudart.cc).
//
// Each operation that libtorch_cuda.so has is called for real, with kernels that do nothing: it checks its arguments,
// makes its results, and fails where it would fail on a GPU. Then the same operation runs on the CPU over the contents of
// the same tensors, and its results are copied into the real ones, whose type and shape have to be the same.
#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/library.h>

#include <cmath>
#include <set>

extern "C" void *pretended_contents(const void *);
extern "C" void pretended_cover(int by);

namespace {

using at::Tensor;
using c10::IValue;
using torch::jit::Stack;

// The same memory as a tensor of the CPU.
Tensor on_cpu(const Tensor &t) {
  if (!t.defined() || !t.is_cuda()) return t;
  auto device = t.storage();
  void *data = pretended_contents(device.data());
  c10::Storage host(c10::Storage::use_byte_size_t(), static_cast<int64_t>(device.nbytes()),
                    at::DataPtr(data, c10::Device(c10::kCPU)), nullptr, false);
  auto same = at::detail::make_tensor<c10::TensorImpl>(std::move(host), c10::DispatchKeySet(c10::DispatchKey::CPU), t.dtype());
  same.unsafeGetTensorImpl()->set_storage_offset(t.storage_offset());
  same.unsafeGetTensorImpl()->set_sizes_and_strides(t.sizes(), t.strides());
  if (t.unsafeGetTensorImpl()->is_wrapped_number()) same.unsafeGetTensorImpl()->set_wrapped_number(true);
  return same;
}

IValue on_cpu(const IValue &v) {
  if (v.isTensor()) return on_cpu(v.toTensor());
  if (v.isDevice()) return v.toDevice().is_cuda() ? c10::Device(c10::kCPU) : v.toDevice();
  if (v.isTensorList()) {
    c10::List<Tensor> list;
    for (const Tensor &t : v.toTensorVector()) list.push_back(on_cpu(t));
    return list;
  }
  if (v.isList() && v.toList().elementType()->kind() == c10::TypeKind::OptionalType) {
    c10::List<std::optional<Tensor>> list;
    for (const IValue &e : v.toListRef()) list.push_back(e.isTensor() ? std::optional<Tensor>(on_cpu(e.toTensor())) : std::nullopt);
    return list;
  }
  return v;
}

std::vector<Tensor> tensors_in(const IValue &v) {
  if (v.isTensor()) return {v.toTensor()};
  if (v.isTensorList()) return v.toTensorVector();
  return {};
}

bool writes(const c10::Argument &a) { return a.alias_info() && a.alias_info()->isWrite(); }
bool shares(const c10::Argument &a) { return a.alias_info() && !a.alias_info()->isWrite(); }

// Operations that launch nothing: they make, look at or read memory.
const std::set<std::string> real_enough = {
    "aten::set_", "aten::resize_", "aten::_local_scalar_dense", "aten::record_stream", "aten::is_pinned", "aten::_pin_memory",
    "aten::is_set_to", "aten::_efficientzerotensor"};
// Operations that make memory whose contents are nobody's.
const std::set<std::string> empty = {"aten::empty", "aten::empty_strided"};
// Operations whose real results are of a shape that the device computes.
const std::set<std::string> data_dependent = {"aten::nonzero", "aten::masked_select", "aten::_unique2", "aten::unique_consecutive"};

// Flash attention over sequences behind each other. q [Nq, H, D]; k, v [Nk, Hkv, D]; cumulative lengths int32 [S + 1].
// calls f with each sequence's rows of queries and keys and each head.
struct Packed {
  Tensor cum_q, cum_k;
  int64_t heads, kv_heads;
  bool causal;
  double scale;
  int64_t left, right; // the window; -1: unlimited

  // Probabilities [q, k] of one head in fp32, and the logarithm of their sum [q].
  std::pair<Tensor, Tensor> probabilities(const Tensor &q, const Tensor &k) const {
    auto scores = at::mm(q, k.t()) * scale;
    int64_t n = q.size(0), m = k.size(0);
    auto i = at::arange(n, at::kLong).unsqueeze(1) + (m - n), j = at::arange(m, at::kLong).unsqueeze(0);
    auto hidden = at::zeros({n, m}, at::kBool);
    if (causal || right >= 0) hidden.logical_or_(j > i + (causal ? 0 : right));
    if (left >= 0) hidden.logical_or_(j < i - left);
    scores.masked_fill_(hidden, -std::numeric_limits<double>::infinity());
    auto lse = scores.logsumexp(1);
    return {(scores - lse.unsqueeze(1)).exp(), lse};
  }

  template <class F> void each(F f) const {
    auto *q = cum_q.const_data_ptr<int32_t>(), *k = cum_k.const_data_ptr<int32_t>();
    for (int64_t s = 0; s + 1 < cum_q.size(0); s++)
      for (int64_t h = 0; h < heads; h++) f(q[s], q[s + 1] - q[s], k[s], k[s + 1] - k[s], h, h / (heads / kv_heads));
  }
};

Tensor part(const Tensor &x, int64_t from, int64_t n, int64_t head) { return x.narrow(0, from, n).select(1, head); }

// What the kernel is not asked on the host, but must hold.
void check_lengths(const Tensor &cum, int64_t rows, int64_t longest, const char *what) {
  auto *c = cum.const_data_ptr<int32_t>();
  int64_t n = cum.size(0), most = 0;
  for (int64_t i = 1; i < n; i++) {
    most = std::max<int64_t>(most, c[i] - c[i - 1]);
    TORCH_CHECK(c[i] >= c[i - 1], "flash attention: ", what, " lengths are negative");
  }
  TORCH_CHECK(c[0] == 0 && c[n - 1] == rows, "flash attention: ", what, " lengths add up to ", c[n - 1], ", not ", rows);
  TORCH_CHECK(most <= longest, "flash attention: the longest run of ", what, " is ", most, ", not ", longest);
}

Packed packed(const Stack &a, size_t q, size_t cum, size_t settings, const IValue &scale, const IValue &left, const IValue &right) {
  TORCH_CHECK(a[cum].isTensor() && a[cum + 1].isTensor(), "the rehearsal has flash attention over packed sequences only");
  TORCH_CHECK(a[settings].toDouble() == 0, "the rehearsal has flash attention without dropout only");
  auto query = a[q].toTensor(), key = a[q + 1].toTensor();
  check_lengths(a[cum].toTensor(), query.size(0), a[cum + 2].toInt(), "queries");
  check_lengths(a[cum + 1].toTensor(), key.size(0), a[cum + 3].toInt(), "keys");
  return {a[cum].toTensor(), a[cum + 1].toTensor(), query.size(1), key.size(1), a[settings + 1].toBool(),
          scale.isNone() ? 1 / std::sqrt(static_cast<double>(query.size(2))) : scale.toDouble(), left.isNone() ? -1 : left.toInt(), right.isNone() ? -1 : right.toInt()};
}

void flash_forward(Stack &a) {
  auto p = packed(a, 0, 3, 7, a[10], a[11], a[12]);
  auto q = a[0].toTensor(), k = a[1].toTensor().to(at::kFloat), v = a[2].toTensor().to(at::kFloat);
  auto out = at::zeros_like(q), lse = at::zeros({q.size(1), q.size(0)}, at::kFloat), fq = q.to(at::kFloat);
  p.each([&](int64_t qa, int64_t nq, int64_t ka, int64_t nk, int64_t h, int64_t g) {
    if (nq == 0) return;
    auto [probability, sum] = p.probabilities(part(fq, qa, nq, h), part(k, ka, nk, g));
    part(out, qa, nq, h).copy_(at::mm(probability, part(v, ka, nk, g)));
    lse.select(0, h).narrow(0, qa, nq).copy_(sum);
  });
  a = {out, lse, IValue(), IValue(), IValue()};
}

void flash_backward(Stack &a) {
  auto p = packed(a, 1, 6, 10, a[14], a[15], a[16]);
  auto f = [&](size_t i) { return a[i].toTensor().to(at::kFloat); };
  auto dout = f(0), q = f(1), k = f(2), v = f(3), out = f(4);
  auto dq = at::zeros_like(q), dk = at::zeros_like(k), dv = at::zeros_like(v);
  p.each([&](int64_t qa, int64_t nq, int64_t ka, int64_t nk, int64_t h, int64_t g) {
    if (nq == 0) return;
    auto probability = p.probabilities(part(q, qa, nq, h), part(k, ka, nk, g)).first;
    auto d = part(dout, qa, nq, h);
    part(dv, ka, nk, g).add_(at::mm(probability.t(), d));
    auto ds = probability * (at::mm(d, part(v, ka, nk, g).t()) - (d * part(out, qa, nq, h)).sum(1, true)) * p.scale;
    part(dq, qa, nq, h).copy_(at::mm(ds, part(k, ka, nk, g)));
    part(dk, ka, nk, g).add_(at::mm(ds.t(), part(q, qa, nq, h)));
  });
  auto type = a[1].toTensor().scalar_type();
  a = {dq.to(type), dk.to(type), dv.to(type)};
}

// y = x r w with r = 1 / rms(x), over the last dimension.
void rms_norm_backward(Stack &a) {
  auto type = a[1].toTensor().scalar_type();
  auto wide = type == at::kDouble ? at::kDouble : at::kFloat;
  auto dy = a[0].toTensor().to(wide), x = a[1].toTensor().to(wide), r = a[3].toTensor().to(wide);
  TORCH_CHECK(a[2].toIntVector().size() == 1, "the rehearsal normalises over the last dimension only");
  auto mask = a[5].toBoolList();
  Tensor g = a[4].isTensor() && a[4].toTensor().defined() ? dy * a[4].toTensor().to(wide) : dy;
  auto dx = g * r - x * r.pow(3) * (g * x).mean(-1, true);
  IValue dw;
  if (mask[1]) dw = (dy * x * r).reshape({-1, x.size(-1)}).sum(0).to(type);
  a = {mask[0] ? IValue(dx.to(type)) : IValue(), dw};
}

// LayerNorm computes in fp32 on CUDA, and keeps its statistics so.
void layer_norm(Stack &a) {
  auto wide = [&](size_t i) { return a[i].isTensor() ? a[i].toTensor().to(at::kFloat) : Tensor(); };
  auto [y, mean, rstd] = at::native_layer_norm(wide(0), a[1].toIntVector(), wide(2), wide(3), a[4].toDouble());
  a = {y.to(a[0].toTensor().scalar_type()), mean, rstd};
}

void layer_norm_backward(Stack &a) {
  auto wide = [&](size_t i) { return a[i].isTensor() && a[i].toTensor().defined() ? a[i].toTensor().to(at::kFloat) : Tensor(); };
  auto mask = a[7].toBoolList();
  auto [dx, dw, db] = at::native_layer_norm_backward(wide(0), wide(1), a[2].toIntVector(), wide(3), wide(4), wide(5), wide(6), {mask[0], mask[1], mask[2]});
  auto type = a[1].toTensor().scalar_type();
  auto given = [&](const Tensor &t) { return t.defined() ? IValue(t.to(type)) : IValue(); };
  a = {given(dx), given(dw), given(db)};
}

void (*instead_of_cpu_kernel(const std::string &name))(Stack &) {
  if (name == "aten::_flash_attention_forward") return flash_forward;
  if (name == "aten::_flash_attention_backward") return flash_backward;
  if (name == "aten::_fused_rms_norm_backward") return rms_norm_backward;
  if (name == "aten::native_layer_norm") return layer_norm;
  if (name == "aten::native_layer_norm_backward") return layer_norm_backward;
  return nullptr;
}

struct Cover {
  Cover() { pretended_cover(1); }
  ~Cover() { pretended_cover(-1); }
};

thread_local int depth = 0;
struct Nested {
  Nested() { depth++; }
  ~Nested() { depth--; }
};

struct Operation final : c10::OperatorKernel {
  Operation(c10::SafeKernelFunction k, const std::string &name, const std::string &overload)
      : kernel(std::move(k)), name(name), overload(overload), own(instead_of_cpu_kernel(name)) {}

  // Double precision is no matter of CUDA's own.
  bool own_way(const Stack &arguments) const {
    if (!own) return false;
    bool norm = own == layer_norm || own == layer_norm_backward;
    return !norm || arguments[own == layer_norm ? 0 : 1].toTensor().scalar_type() == at::kBFloat16 || arguments[own == layer_norm ? 0 : 1].toTensor().scalar_type() == at::kHalf;
  }

  void operator()(const c10::OperatorHandle &op, c10::DispatchKeySet keys, Stack *stack) {
    auto &schema = op.schema();
    size_t n = schema.arguments().size();
    bool views = false;
    for (auto &r : schema.returns()) views = views || shares(r);
    if (views || real_enough.count(name) || (depth > 0 && !data_dependent.count(name))) {
      kernel.callBoxed(op, keys, stack);
      return;
    }
    if (empty.count(name)) {
      kernel.callBoxed(op, keys, stack);
      auto t = stack->back().toTensor();
      if (t.nbytes() > 0) memset(pretended_contents(t.data_ptr()), 0xff, t.nbytes()); // not a number
      return;
    }

    Stack arguments(stack->end() - static_cast<int64_t>(n), stack->end());
    std::vector<Tensor> written, before; // what an operation writes on, as it was
    for (size_t i = 0; i < n; i++)
      if (writes(schema.arguments()[i]))
        for (auto &t : tensors_in(arguments[i])) {
          if (!t.defined()) continue;
          written.push_back(t);
          before.push_back(on_cpu(t).clone());
        }
    {
      Nested nested;
      Cover cover;
      kernel.callBoxed(op, keys, stack);
    }
    for (size_t i = 0; i < written.size(); i++)
      if (written[i].sizes() == before[i].sizes()) on_cpu(written[i]).copy_(before[i]); // else it was resized: only for results

    at::AutoDispatchBelowADInplaceOrView no_autograd;
    Stack values;
    for (auto &a : arguments) values.push_back(on_cpu(a));
    if (own_way(arguments))
      own(values);
    else
      op.callBoxed(values);

    size_t results = schema.returns().size(), base = stack->size() - results;
    TORCH_CHECK(values.size() == results, name, ": the CPU has ", values.size(), " results, CUDA ", results);
    for (size_t i = 0; i < results; i++)
      if (!writes(schema.returns()[i])) fill((*stack)[base + i], values[i]);
  }

  void fill(IValue &real, const IValue &value) {
    if (real.isTensorList()) {
      auto to = real.toTensorVector(), from = value.toTensorVector();
      TORCH_CHECK(to.size() == from.size(), name, ": lists of ", from.size(), " on the CPU and ", to.size(), " on CUDA");
      for (size_t i = 0; i < to.size(); i++) fill(to[i], from[i]);
    } else if (real.isTensor() && value.isTensor() && value.toTensor().defined() && data_dependent.count(name)) {
      auto from = value.toTensor();
      auto to = at::empty(from.sizes(), from.options().device(at::kCUDA));
      on_cpu(to).copy_(from);
      real = to;
    } else if (real.isTensor() && value.isTensor()) {
      auto to = real.toTensor();
      fill(to, value.toTensor());
    } else if (name == "aten::equal") {
      real = value; // other plain values are not of the contents
    }
  }

  void fill(const Tensor &to, const Tensor &from) {
    if (!to.defined() || !from.defined()) return;
    TORCH_CHECK(to.sizes() == from.sizes(), "the rehearsal of ", name, ".", overload, ": ", from.sizes(), " on the CPU and ", to.sizes(), " on CUDA");
    bool statistics = name == "aten::_fused_rms_norm"; // fp32 on CUDA, of the input's type on the CPU
    TORCH_CHECK(to.scalar_type() == from.scalar_type() || statistics, "the rehearsal of ", name, ".", overload, ": ", from.scalar_type(),
                " on the CPU and ", to.scalar_type(), " on CUDA");
    on_cpu(to).copy_(from);
  }

  c10::SafeKernelFunction kernel;
  std::string name, overload;
  void (*own)(Stack &);
};

struct Registered {
  std::unique_ptr<torch::Library> library;

  Registered() {
    c10::WarningUtils::WarningHandlerGuard quiet(&silent);
    auto &dispatcher = c10::Dispatcher::singleton();
    library = std::make_unique<torch::Library>(torch::Library::IMPL, "aten", c10::DispatchKey::CUDA, __FILE__, __LINE__);
    for (auto &name : dispatcher.getAllOpNames()) {
      if (name.name.rfind("aten::", 0) != 0) continue;
      auto op = dispatcher.findOp(name);
      if (!op || !op->hasSchema()) continue;
      // copy_ has one entry for all devices, which tells them apart itself.
      if (!op->hasKernelForDispatchKey(c10::DispatchKey::CUDA) && name.name != "aten::copy_") continue;
      auto full = name.name.substr(6) + (name.overload_name.empty() ? "" : "." + name.overload_name);
      library->impl(full.c_str(), torch::CppFunction::makeFromBoxedFunctor(std::make_unique<Operation>(
                                      op->getComputedKernelForDispatchKey(c10::DispatchKey::CUDA), name.name, name.overload_name)));
    }
  }

  struct Silent : c10::WarningHandler {
    void process(const c10::Warning &) override {}
  } silent;
};

const Registered *registered = new Registered;

} // namespace
