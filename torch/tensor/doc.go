// Package tensor is the only place that touches gotch: tensors owned by scopes, gotch's raw binding for common
// operations, and our own fused operations (native.h) for the hot path.
//
// A Scope owns what is computed in it and frees it when closed; nothing is left to the garbage collector. Operations
// panic with a Fault, so that a forward pass reads as an expression; Catch turns the panic into an error at the edge of a
// job. A job runs on one locked OS thread (Run), since libtorch keeps errors and grad mode per thread.
//
// Shapes: N packed tokens, d model width, H heads, Hkv key/value heads, D head width, R response tokens, V vocabulary.
package tensor
