package dsl

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// instanceRef resolves an instance and returns the reference to it.
func (ev *evaluator) instanceRef(d *decl, key string, rng hcl.Range) (cty.Value, hcl.Diagnostics) {
	inst := d.instances[key]
	if inst == nil {
		return cty.DynamicVal, silence(rng)
	}
	if diags := ev.build(inst, rng); diags.HasErrors() {
		return cty.DynamicVal, diags
	}
	return (&ref{kind: refInstance, inst: inst}).value(), nil
}

// build evaluates the attributes of an instance and makes its value. A mistake in one attribute leaves the others usable:
// what needs the broken one is silent, the rest is checked.
func (ev *evaluator) build(inst *instance, rng hcl.Range) hcl.Diagnostics {
	if inst.state == resolved {
		return nil
	}
	name := inst.addr.String()
	if diags, ok := ev.enter(frame{what: inst, name: name, line: inst.decl.block.DefRange().Start.Line}, rng); !ok {
		return diags
	}
	defer ev.leave()
	f := &fields{ev: ev, owner: inst.decl.addr(), typ: inst.addr.Type, vals: inst.given, broken: inst.broken, whole: inst.decl.block.DefRange(),
		exprs: map[string]hclsyntax.Expression{}, names: map[string]hcl.Range{}, listen: ev.listener(inst.addr)}
	block := Block{Addr: inst.addr, Declared: inst.decl.block.DefRange(), Attrs: map[string]hcl.Range{}}
	for _, attr := range attributesInOrder(inst.decl.block.Body) {
		noteRanges(block.Attrs, attr.Name, attr.Expr)
		f.exprs[attr.Name], f.names[attr.Name] = attr.Expr, attr.NameRange
		if evaluatedLater(inst.addr.Type, attr.Name) || attr.Name == "for_each" {
			continue
		}
		ev.at(attr.Name, attr.NameRange.Start.Line)
		ev.evaluateAttribute(inst, attr)
	}
	for _, name := range required[inst.addr.Type] {
		if _, given := inst.given[name]; !given && !evaluatedLater(inst.addr.Type, name) {
			if f.exprs[name] != nil && !inst.broken[name] {
				ev.add(mistake(f.exprs[name].Range(), "Missing attribute", inst.decl.addr()+" needs "+name+"; this is null."))
			}
			inst.broken[name] = true
		}
	}
	ev.makeValue(inst, block, f)
	inst.state = resolved
	return nil
}

// evaluatedLater names the expressions of row and result time.
func evaluatedLater(typ, attr string) bool {
	switch typ + "." + attr {
	case "model.prompt", "dataset.user_text", "dataset.group_by", "claim.that":
		return true
	}
	return false
}

func (ev *evaluator) evaluateAttribute(inst *instance, attr *hclsyntax.Attribute) {
	sc := &scope{ev: ev, each: inst.each}
	v, ok := ev.eval(attr.Expr, sc)
	if ok && len(sc.reads) > 0 {
		ev.add(tooEarly(sc.reads[0].result, attr.Expr.Range()))
		ok = false
	}
	if !ok {
		inst.broken[attr.Name] = true
		return
	}
	if plain, _ := v.Unmark(); !plain.IsNull() {
		inst.given[attr.Name] = v
	}
}

func (ev *evaluator) makeValue(inst *instance, block Block, f *fields) {
	switch inst.addr.Type {
	case "synthetic":
		inst.built = f.synthetic(block)
	case "dataset":
		inst.built = f.dataset(block, inst)
	case "model":
		inst.built = f.model(block, inst)
	case "user_model":
		inst.built = f.userModel()
	case "objective":
		inst.built = f.objective()
	case "train":
		inst.built = f.train(block, inst)
	case "accuracy":
		inst.built = f.accuracy(block, inst)
	case "generate":
		inst.built = f.generate(block, inst)
	case "adapt":
		inst.built = f.adapt(block, inst)
	case "judge":
		inst.built = f.judgeBlock(block)
	case "win_rate":
		inst.built = f.winRate(block, inst)
	case "agreement":
		inst.built = f.agreement(block, inst)
	case "claim":
		inst.built = f.claim(block, inst)
	case "report":
		inst.built = f.report(block, inst)
	}
}

// noteRanges remembers where an attribute was written, and the keys of object literals below it.
func noteRanges(into map[string]hcl.Range, name string, expr hclsyntax.Expression) {
	into[name] = expr.Range()
	for key, item := range literalItems(expr) {
		noteRanges(into, name+"."+key, item)
	}
}

// literalItems are the values of an object literal whose keys are written out.
func literalItems(expr hclsyntax.Expression) map[string]hclsyntax.Expression {
	object, ok := unwrap(exprOrNil(expr)).(*hclsyntax.ObjectConsExpr)
	if !ok {
		return nil
	}
	items := map[string]hclsyntax.Expression{}
	for _, item := range object.Items {
		key, ok := item.KeyExpr.(*hclsyntax.ObjectConsKeyExpr)
		if !ok {
			continue
		}
		if word := hcl.ExprAsKeyword(key.Wrapped); word != "" && !key.ForceNonLiteral {
			items[word] = item.ValueExpr
		} else if text, ok := literalText(key.Wrapped); ok {
			items[text] = item.ValueExpr
		}
	}
	return items
}

// literalText is the text of a quoted key without interpolation, or of a number.
func literalText(expr hclsyntax.Expression) (string, bool) {
	var v cty.Value
	switch e := unwrap(expr).(type) {
	case *hclsyntax.TemplateExpr:
		if !e.IsStringLiteral() {
			return "", false
		}
		v, _ = e.Value(nil)
	case *hclsyntax.LiteralValueExpr:
		v = e.Val
	default:
		return "", false
	}
	text, err := convert.Convert(v, cty.String)
	if err != nil || text.IsNull() {
		return "", false
	}
	return text.AsString(), true
}
