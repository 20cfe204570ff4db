//go:build libtorch

// One translation unit for all our C++: libtorch's headers take most of the compiler's time, and are read once.
#include "session.hpp"

#include "optimizer.hpp"

#include "layers.hpp"

#include "attention.hpp"

#include "head.hpp"

#include "decode.hpp"
