package dsl

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// usual are HCL's usual functions: no clock, no randomness, no environment, no files.
var usual = map[string]function.Function{
	"abs": stdlib.AbsoluteFunc, "ceil": stdlib.CeilFunc, "chomp": stdlib.ChompFunc, "chunklist": stdlib.ChunklistFunc,
	"coalesce": stdlib.CoalesceFunc, "coalescelist": stdlib.CoalesceListFunc, "compact": stdlib.CompactFunc, "concat": stdlib.ConcatFunc,
	"contains": stdlib.ContainsFunc, "distinct": stdlib.DistinctFunc, "element": stdlib.ElementFunc, "flatten": stdlib.FlattenFunc,
	"floor": stdlib.FloorFunc, "format": stdlib.FormatFunc, "formatlist": stdlib.FormatListFunc, "indent": stdlib.IndentFunc,
	"index": stdlib.IndexFunc, "join": stdlib.JoinFunc, "jsondecode": stdlib.JSONDecodeFunc, "jsonencode": stdlib.JSONEncodeFunc,
	"keys": stdlib.KeysFunc, "log": stdlib.LogFunc, "lower": stdlib.LowerFunc, "max": stdlib.MaxFunc,
	"min": stdlib.MinFunc, "parseint": stdlib.ParseIntFunc, "pow": stdlib.PowFunc, "range": stdlib.RangeFunc, "regex": stdlib.RegexFunc,
	"regexall": stdlib.RegexAllFunc, "replace": stdlib.ReplaceFunc, "reverse": stdlib.ReverseListFunc, "setproduct": stdlib.SetProductFunc,
	"signum": stdlib.SignumFunc, "slice": stdlib.SliceFunc, "sort": stdlib.SortFunc, "split": stdlib.SplitFunc, "strlen": stdlib.StrlenFunc,
	"strrev": stdlib.ReverseFunc, "substr": stdlib.SubstrFunc, "title": stdlib.TitleFunc, "trim": stdlib.TrimFunc,
	"trimprefix": stdlib.TrimPrefixFunc, "trimspace": stdlib.TrimSpaceFunc, "trimsuffix": stdlib.TrimSuffixFunc, "upper": stdlib.UpperFunc,
	"values": stdlib.ValuesFunc, "zipmap": stdlib.ZipmapFunc,
	"tobool": stdlib.MakeToFunc(cty.Bool), "tonumber": stdlib.MakeToFunc(cty.Number), "tostring": stdlib.MakeToFunc(cty.String),
	"tolist": stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType)), "tomap": stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType)),
	"toset": stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)),
}

// own is a function of ours: on sets, blocks and results, or one of the usual ones that must take references.
type own struct {
	usage   string
	meaning string // one line, without a full stop
	value   func(c *call, sc *scope, args []cty.Value) (cty.Value, hcl.Diagnostics)
}

var ours map[string]own

func init() { // the functions name ours themselves, for their usage
	ours = map[string]own{
		"sample":     {"sample(SET, N, SEED)", "N members of a set, by seed (0)", (*call).sample},
		"per_user":   {"per_user(ROWS, N, SEED)", "N rows of each user, by seed (0)", (*call).perUser},
		"of_users":   {"of_users(ROWS, USERS)", "the rows of these users", (*call).ofUsers},
		"without":    {"without(SET, SET) or without(BLOCK, [KEY, ...])", "a set less another; the instances of a block, or the keys of an object, less some", (*call).without},
		"percent":    {"percent(MEAN), percent(MEAN, SE) or percent([MEAN, ...])", "published percentages as estimates of a share", (*call).percent},
		"increasing": {"increasing([NUMBER, ...])", "whether each number is larger than the one before", (*call).increasing},
		"merge":      {"merge(OBJECT, OBJECT, ...)", "one object; later keys win. A user model or objective counts as what was written in it", (*call).merge},
		"lookup":     {"lookup(OBJECT, KEY, DEFAULT)", "a key of an object, an instance of a block, or the default", (*call).lookup},
		"alltrue":    {"alltrue([CONDITION, ...])", "whether all hold", (*call).alltrue},
		"anytrue":    {"anytrue([CONDITION, ...])", "whether one holds", (*call).anytrue},
		"sum":        {"sum([NUMBER, ...])", "the sum", (*call).sum},
		"length":     {"length(LIST)", "how many items, keys or instances there are", (*call).length},
	}
}

// call is a function call. All arguments are looked at, so that each mistake in them is said.
type call struct {
	hclsyntax.Expression
	args []hclsyntax.Expression
	e    *hclsyntax.FunctionCallExpr
}

func (c *call) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	_, isUsual := usual[c.e.Name]
	mine, isOurs := ours[c.e.Name]
	if !isUsual && !isOurs {
		names := append(slices.Sorted(maps.Keys(ours)), slices.Sorted(maps.Keys(usual))...)
		return cty.DynamicVal, mistake(c.e.NameRange, "Unknown function", "No function "+c.e.Name+"."+DidYouMean(c.e.Name, names))
	}
	args, diags := c.arguments(ctx)
	if diags.HasErrors() {
		return cty.DynamicVal, diags
	}
	if isOurs {
		return mine.value(c, scopeOf(ctx), args)
	}
	return c.usual(scopeOf(ctx), args)
}

func (c *call) arguments(ctx *hcl.EvalContext) (args []cty.Value, diags hcl.Diagnostics) {
	for i, arg := range c.args {
		v, more := arg.Value(ctx)
		diags = append(diags, more...)
		if more.HasErrors() || !c.e.ExpandFinal || i < len(c.args)-1 {
			args = append(args, v)
			continue
		}
		v, _ = v.Unmark()
		if v.IsNull() || !v.IsKnown() || !(isList(v)) {
			return nil, append(diags, mistake(arg.Range(), "Not a list", "Only a list can be spread with ...; this is "+kindOf(v)+".")...)
		}
		args = append(args, v.AsValueSlice()...)
	}
	return args, diags
}

// usual calls one of HCL's functions. Blocks with for_each and results count as objects there; single results as numbers
// do not.
func (c *call) usual(sc *scope, args []cty.Value) (cty.Value, hcl.Diagnostics) {
	for i := range args {
		var diags hcl.Diagnostics
		if args[i], diags = c.table(sc, args[i], i); diags.HasErrors() {
			return cty.DynamicVal, diags
		}
	}
	for i, arg := range args {
		want := parameter(usual[c.e.Name], i)
		v, err := convert.Convert(arg, want)
		if err != nil {
			return cty.DynamicVal, mistake(c.argRange(i), "Error in a function call", fmt.Sprintf("%s takes %s here; this is %s.", c.e.Name, want.FriendlyNameForConstraint(), kindOf(arg)))
		}
		args[i] = v
	}
	v, err := usual[c.e.Name].Call(args)
	if err == nil {
		return v, nil
	}
	rng, detail := c.Range(), err.Error()
	if argErr, ok := err.(function.ArgError); ok {
		rng = c.argRange(argErr.Index)
	}
	return cty.DynamicVal, mistake(rng, "Error in a function call", fmt.Sprintf("%s: %s.", c.e.Name, strings.TrimSuffix(detail, ".")))
}

// parameter is the type of a function's parameter i; too many arguments are the function's own mistake to tell.
func parameter(fn function.Function, i int) cty.Type {
	if params := fn.Params(); i < len(params) {
		return params[i].Type
	}
	if rest := fn.VarParam(); rest != nil {
		return rest.Type
	}
	return cty.DynamicPseudoType
}

// table makes an object of a block with for_each, or of the parts of a result; other values stay.
func (c *call) table(sc *scope, arg cty.Value, i int) (cty.Value, hcl.Diagnostics) {
	r := asRef(arg)
	switch {
	case r == nil:
		return arg, nil
	case r.kind == refResult && r.shape.others != nil && sc.results == nil:
		return cty.DynamicVal, nil
	case r.kind == refBlock, r.kind == refResult && r.shape.kind == shapeObject:
		keys, vals, diags := sc.expand(r, c.argRange(i))
		return objectOf(keys, vals), diags
	}
	return cty.DynamicVal, notPlain(r, c.argRange(i), "")
}

func (c *call) argRange(i int) hcl.Range {
	if len(c.args) == 0 {
		return c.Range()
	}
	return c.args[min(i, len(c.args)-1)].Range()
}

// wrong says what the arguments of a function of ours are, and what was found instead.
func (c *call) wrong(i int, found string) (cty.Value, hcl.Diagnostics) {
	rng := c.Range() // of the whole call, when there are too few or too many
	if i >= 0 {
		rng = c.argRange(i)
	}
	return cty.DynamicVal, mistake(rng, "Wrong argument", "Write "+ours[c.e.Name].usage+found+".")
}

// merge joins objects; a user model or objective gives what was written in it, and its address is dropped, so that a
// variant is not taken for its original.
func (c *call) merge(sc *scope, args []cty.Value) (cty.Value, hcl.Diagnostics) {
	all := map[string]cty.Value{}
	for i, arg := range args {
		arg, _ := arg.Unmark()
		switch r := asRef(arg); {
		case r != nil && r.kind == refInstance && (r.inst.addr.Type == "user_model" || r.inst.addr.Type == "objective"):
			if len(r.inst.broken) > 0 {
				return cty.DynamicVal, silence(c.argRange(i))
			}
			maps.Copy(all, r.inst.given)
		case r != nil && r.kind == refBlock:
			keys, vals, diags := sc.expand(r, c.argRange(i))
			if diags.HasErrors() {
				return cty.DynamicVal, diags
			}
			maps.Copy(all, objectOf(keys, vals).AsValueMap())
		case arg.IsNull():
		case !arg.IsKnown():
			return cty.DynamicVal, nil
		case r == nil && (arg.Type().IsObjectType() || arg.Type().IsMapType()):
			maps.Copy(all, arg.AsValueMap())
		default:
			return c.wrong(i, ": this is "+kindOf(arg))
		}
	}
	return cty.ObjectVal(all), nil
}

// lookup takes a key of an object, or a default.
func (c *call) lookup(sc *scope, args []cty.Value) (cty.Value, hcl.Diagnostics) {
	if len(args) < 2 || len(args) > 3 {
		return c.wrong(-1, "")
	}
	key, _ := args[1].Unmark()
	if key.Type() != cty.String || key.IsNull() {
		return c.wrong(1, ": KEY is text")
	}
	object, _ := args[0].Unmark()
	if !key.IsKnown() || !object.IsKnown() {
		return cty.DynamicVal, nil
	}
	if r := asRef(object); r != nil && r.kind == refBlock {
		if !slices.Contains(r.decl.keys, key.AsString()) && len(args) == 3 {
			return args[2], nil
		}
		return sc.refIndex(r, key.AsString(), c.Range(), c.argRange(1))
	}
	if object.IsNull() || (!object.Type().IsObjectType() && !object.Type().IsMapType()) {
		return c.wrong(0, ": this is "+kindOf(object))
	}
	if v, ok := object.AsValueMap()[key.AsString()]; ok {
		return v, nil
	}
	if len(args) == 3 {
		return args[2], nil
	}
	return sc.attr(object, key.AsString(), c.Range(), c.argRange(1))
}

// length counts the items of a list, the keys of an object, the instances of a block.
func (c *call) length(sc *scope, args []cty.Value) (cty.Value, hcl.Diagnostics) {
	if len(args) != 1 {
		return c.wrong(-1, "")
	}
	v, diags := c.table(sc, args[0], 0)
	v, _ = v.Unmark()
	ty := v.Type()
	switch {
	case diags.HasErrors():
		return cty.DynamicVal, diags
	case ty.IsObjectType():
		return cty.NumberIntVal(int64(len(ty.AttributeTypes()))), nil
	case !v.IsKnown():
		return cty.UnknownVal(cty.Number), nil
	case !v.IsNull() && (isList(v) || ty.IsMapType()):
		return v.Length(), nil
	}
	return c.wrong(0, ": this is "+kindOf(v))
}
